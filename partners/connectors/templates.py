"""What goes out: paths, headers and bodies in which expressions stand for values of the command."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from partners.connectors.expressions import Failed, evaluate

_PLACE = re.compile(r"\{([^{}]+)\}")
_MARK = "="
_NO_HEADER = re.compile(r"[^ -~]")


def expressions_in(template: str) -> list[str]:
    """The expressions of a path or header."""
    return _PLACE.findall(template)


def marked(body: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The expressions of a body, each with its place."""
    if isinstance(body, str) and body.startswith(_MARK):
        yield path, body.removeprefix(_MARK)
    elif isinstance(body, dict):
        for name, each in body.items():
            yield from marked(each, (*path, name))
    elif isinstance(body, list):
        for index, each in enumerate(body):
            yield from marked(each, (*path, index))


def path(template: str, scope: Any) -> str:
    """A path; values are percent-encoded whole, so that none can change where a request goes. Raises `Failed`."""
    return _PLACE.sub(lambda found: _segment(_word(found[1], scope)), template)


def header(template: str, scope: Any) -> str:
    """A header's value. Raises `Failed`."""
    value = _PLACE.sub(lambda found: _word(found[1], scope), template)
    if _NO_HEADER.search(value):
        raise Failed(template, value, "a header takes printable ASCII only")
    return value


def body(template: Any, scope: Any) -> Any:
    """A body as JSON; fields whose expression has no value are left out. Raises `Failed`."""
    if isinstance(template, str) and template.startswith(_MARK):
        return evaluate(template.removeprefix(_MARK), scope)
    if isinstance(template, dict):
        made = {name: body(each, scope) for name, each in template.items()}
        return {name: value for name, value in made.items() if value is not None or template[name] is None}
    if isinstance(template, list):
        return [body(each, scope) for each in template]
    return template


def _segment(word: str) -> str:
    # Dots alone mean the folder above, and no quoting touches them.
    return quote(word, safe="") if word.strip(".") else word.replace(".", "%2E")


def _word(expression: str, scope: Any) -> str:
    value = evaluate(expression, scope)
    if value is None or isinstance(value, dict | list):
        raise Failed(expression, value, "not a text or a number")
    return value if isinstance(value, str) else json.dumps(value)
