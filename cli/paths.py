"""Where the API keeps a thing: paths, with names that people type in them."""

from urllib.parse import quote

import typer

NOT_UTF_8 = "it is not UTF-8: how is the scanner, or the terminal, set?"


def path_to(path: str, *names: str) -> str:
    """The path with the names in its `{}`, each spelt as it has to be there.

    Raises `BadParameter` for a name that would lead somewhere else.
    """
    return path.format(*map(_spelt, names))


def _spelt(name: str) -> str:
    if name in ("", ".", ".."):
        raise typer.BadParameter(f"{name!r} is no identifier")
    try:
        return quote(name, safe="*")
    except UnicodeEncodeError:
        raise typer.BadParameter(NOT_UTF_8) from None
