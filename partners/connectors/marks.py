"""Where in a YAML text each part of its document stands."""

from collections.abc import Iterator

import yaml

from schemas.errors import Flaw, pointer

Place = tuple[int, int]
"""Line and column, from 1."""

LARGEST = 200_000
"""Characters of a document."""


def parse(text: str) -> tuple[object, dict[str, Place], list[Flaw]]:
    """The document of a text, the place of every part by its JSON pointer, and what is wrong with its form."""
    if len(text) > LARGEST:
        return None, {}, [Flaw(pointer="", code="not_yaml", detail=f"longer than {LARGEST} characters")]
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        places: dict[str, Place] = {}
        flaws = list(_walk(root, (), places, set())) if root is not None else []
        # An alias can name what holds it: such a document is refused before it is built.
        document = None if flaws else yaml.safe_load(text)
    # Beside its own errors the parser lets through a date that is none, and nesting without end.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        return None, {}, [Flaw(pointer="", code="not_yaml", detail="not YAML", line=line, column=column)]
    return document, places, [placed(flaw, places) for flaw in flaws]


def placed(flaw: Flaw, places: dict[str, Place]) -> Flaw:
    """The flaw with its place: for what is missing, that of what it is missing from."""
    at = flaw.pointer
    while at and at not in places:
        at = at.rpartition("/")[0]
    if at not in places or flaw.line is not None:
        return flaw
    line, column = places[at]
    return flaw.model_copy(update={"line": line, "column": column})


def _walk(node: yaml.Node, path: tuple[str | int, ...], places: dict[str, Place], seen: set[int]) -> Iterator[Flaw]:
    where = pointer(path)
    places.setdefault(where, (node.start_mark.line + 1, node.start_mark.column + 1))
    if id(node) in seen:
        yield Flaw(pointer=where, code="alias", detail="an alias: write it out")
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, each in enumerate(node.value):
            yield from _walk(each, (*path, index), places, seen)
    elif isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in names:
                line, column = key.start_mark.line + 1, key.start_mark.column + 1
                detail = f"{name} stands here twice"
                yield Flaw(pointer=where, code="repeated_key", detail=detail, line=line, column=column)
            names.add(name)
            yield from _walk(value, (*path, name), places, seen)
