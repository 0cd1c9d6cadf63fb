"""JMESPath expressions: read once, checked before they are used, and evaluated without surprises."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from inspect import cleandoc
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from partners.connectors.conversions import NAMES, ZONES, Conversions, Unconvertible

CONVERSIONS = Conversions()
OPTIONS = jmespath.Options(custom_functions=CONVERSIONS)

Known = Mapping[str, frozenset[str] | None]
"""The names that an expression can use, and of each what it holds; None: anything."""

_KNOWN_ELSEWHERE = {"subexpression", "pipe", "projection", "value_projection", "index_expression", "filter_projection"}
"""Nodes whose first part sees what the whole sees, and whose other parts see what the first found."""


class NoExpression(ValueError):
    """What is wrong with an expression: a stable `code`, and a sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Failed(Exception):
    """An expression that has no value for this message; `value` is what it failed on."""

    def __init__(self, expression: str, value: Any, detail: str) -> None:
        super().__init__(detail)
        self.expression = expression
        self.value = value
        self.detail = detail


@lru_cache(maxsize=4_096)
def compiled(expression: str) -> ParsedResult:
    """Raises `NoExpression`."""
    try:
        return jmespath.compile(expression)
    except (JMESPathError, RecursionError) as error:
        place = getattr(error, "lex_position", None)
        where = "" if place is None else f" at character {place + 1}"
        raise NoExpression("not_jmespath", f"not a JMESPath expression{where}") from None


def evaluate(expression: str, scope: Any) -> Any:
    """The value of an expression. Raises `Failed`."""
    try:
        return compiled(expression).search(scope, OPTIONS)
    except Unconvertible as error:
        raise Failed(expression, error.value, error.detail) from None
    # The library promises no list of what it raises, and a message must not be lost to it. Its texts quote values.
    except Exception as error:
        value = getattr(error, "current_value", None)
        raise Failed(expression, value, f"the expression fails: {type(error).__name__}") from None


def check(expression: str, known: Known) -> None:
    """Raises `NoExpression` for what can be seen without a message: names, functions, their arguments, zones."""
    tree: Any = compiled(expression).parsed
    for node in _nodes(tree):
        if node["type"] == "function_expression":
            _check_call(node)
    for path in _paths(tree):
        _check_path(path, known)


def describe() -> Iterator[tuple[str, str]]:
    """Every conversion as it is written, and its promise in one sentence."""
    for name in NAMES:
        function = getattr(Conversions, f"_func_{name}")
        yield name, cleandoc(function.__doc__ or "").partition("\n\n")[0].replace("\n", " ")


def _check_call(node: dict[str, Any]) -> None:
    name, arguments = node["value"], node["children"]
    signature = CONVERSIONS.FUNCTION_TABLE.get(name, {}).get("signature")
    if signature is None:
        raise NoExpression("unknown_conversion", f"there is no function {name}")
    variadic = bool(signature) and signature[-1].get("variadic", False)
    if len(arguments) != len(signature) and not (variadic and len(arguments) >= len(signature)):
        raise NoExpression("wrong_arguments", f"{name} takes {len(signature)} arguments")
    if name in ZONES:
        _check_zone(arguments[ZONES[name]])


def _check_zone(argument: dict[str, Any]) -> None:
    zone = argument.get("value") if argument["type"] == "literal" else None
    try:
        ZoneInfo(zone if isinstance(zone, str) else "")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NoExpression("unknown_zone", f"not a time zone, in quotes: {zone}") from None


def _check_path(path: tuple[str, ...], known: Known) -> None:
    first = path[0]
    if first not in known:
        raise NoExpression("unknown_name", f"there is no {first}; there is {_listed(known)}")
    inner = known[first]
    if inner is not None and len(path) > 1 and path[1] not in inner:
        raise NoExpression("unknown_name", f"{first} has no {path[1]}; it has {_listed(inner)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _children(node: dict[str, Any]) -> list[dict[str, Any]]:
    # A slice has numbers where other nodes have nodes.
    return [each for each in node["children"] if isinstance(each, dict)]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for each in _children(node):
        yield from _nodes(each)


def _paths(node: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The fields, from the outermost in, that an expression asks its scope for."""
    kind, children = node["type"], _children(node)
    if kind == "field":
        yield (node["value"],)
    elif kind in _KNOWN_ELSEWHERE and children:
        second = children[1] if len(children) > 1 and kind == "subexpression" else None
        for path in _paths(children[0]):
            further = second is not None and second["type"] == "field" and children[0]["type"] == "field"
            yield (*path, second["value"]) if further and second is not None else path
        if children[0]["type"] in {"identity", "current"}:
            yield from (path for each in children[1:] for path in _paths(each) if kind in {"subexpression", "pipe"})
    elif kind != "expref":
        for each in children:
            yield from _paths(each)
