"""The query parameters of EPCIS 2.0 (section 8.2.7.1) that we answer, read into what they ask for. Pure.

A list is written with `|` between its values, or by giving the parameter again. A word of the CBV may be written in any
of its forms, a name of ours in any spelling. What we do not know is refused: an answer must never be wider than the
question.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from schemas.errors import BadRequest, Flaw
from standards.epcis.names import canonical
from standards.epcis.terms import Moment
from standards.epcis.vocabulary import EVENT_TYPES, bare

LARGEST_PAGE = 1_000
USUAL_PAGE = 30
MOST_VALUES = 1_000
"""Values that one query may have, together and each once: a database takes so many and no more."""

Values = tuple[str, ...]
Order = Literal["position", "event_time"]

THINGS = ("epc", "child", "parent", "input", "output")
"""Where in an event a thing can stand."""

_COLUMNS: dict[str, tuple[str, Callable[[str], str]]] = {
    "eventType": ("type", str),
    "EQ_action": ("action", str),
    "EQ_bizStep": ("biz_step", bare),
    "EQ_disposition": ("disposition", bare),
    "EQ_readPoint": ("read_point", canonical),
    "EQ_bizLocation": ("biz_location", canonical),
    "EQ_eventID": ("event_id", str),
}
_NAMES: dict[str, tuple[str, ...]] = {
    "MATCH_epc": ("epc", "child"),
    "MATCH_parentID": ("parent",),
    "MATCH_inputEPC": ("input",),
    "MATCH_outputEPC": ("output",),
    "MATCH_anyEPC": THINGS,
    "EQ_transformationID": ("transformation",),
}
_TYPED = ("EQ_bizTransaction_", "EQ_source_", "EQ_destination_")
_TIMES = {
    "GE_eventTime": ("event_time", False),
    "LT_eventTime": ("event_time", True),
    "GE_recordTime": ("record_time", False),
    "LT_recordTime": ("record_time", True),
}
_PAGING = ("perPage", "nextPageToken", "orderBy", "orderDirection")
_ALLOWED = {"eventType": (*EVENT_TYPES, "TransactionEvent"), "EQ_action": ("ADD", "OBSERVE", "DELETE")}
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question. All of it has to hold: each column among its values, each kind of name with one of its values.

    `times`: column, whether before (or else from) a moment, the moment. `errors`: only events declared wrong.
    """

    columns: tuple[tuple[str, Values], ...] = ()
    names: tuple[tuple[Values, Values], ...] = ()
    times: tuple[tuple[str, bool, datetime], ...] = ()
    errors: bool = False
    order: Order = "position"
    descending: bool = False
    per_page: int = USUAL_PAGE
    token: str | None = None


def read_query(parameters: Iterable[tuple[str, str]]) -> Asked:
    """Read query parameters. Raises `BadRequest` (`epcis_query_invalid`) that names each that cannot be read."""
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        given.setdefault(name, []).extend([value] if name in _PAGING or name in _TIMES else value.split("|"))
    flaws = [flaw for name, values in given.items() if (flaw := _flaw(name, values)) is not None]
    if sum(len(set(values)) for values in given.values()) > MOST_VALUES:
        flaws.append(Flaw(pointer="/query", code="epcis_query_invalid", detail=f"{MOST_VALUES:,} values at the most"))
    if flaws:
        raise BadRequest("epcis_query_invalid", "The query has a parameter or value that is not known.", flaws)
    return Asked(
        columns=tuple((_COLUMNS[each][0], _read(each, given[each])) for each in _COLUMNS if each in given),
        names=tuple(_named(name, values) for name, values in given.items() if _is_name(name)),
        times=tuple((*_TIMES[each], _MOMENT.validate_python(given[each][0])) for each in _TIMES if each in given),
        errors="EXISTS_errorDeclaration" in given,
        order="event_time" if given.get("orderBy") == ["eventTime"] else "position",
        descending="orderBy" in given and given.get("orderDirection", ["DESC"]) == ["DESC"],
        per_page=int(given["perPage"][0]) if "perPage" in given else USUAL_PAGE,
        token=given["nextPageToken"][0] if "nextPageToken" in given else None,
    )


def _read(name: str, values: Sequence[str]) -> Values:
    return _each_once(_COLUMNS[name][1](each) for each in values)


def _each_once(values: Iterable[str]) -> Values:
    return tuple(dict.fromkeys(values))


def _is_name(name: str) -> bool:
    return name in _NAMES or any(name.startswith(each) and name != each for each in _TYPED)


def _named(name: str, values: Sequence[str]) -> tuple[Values, Values]:
    """`EQ_bizTransaction_bol` asks for names of the kind `bizTransaction_bol`."""
    kinds = _NAMES.get(name)
    if kinds is None:
        what, kind = name.removeprefix("EQ_").split("_", 1)
        kinds = (f"{what}_{bare(kind)}",)
    return kinds, _each_once(canonical(each) for each in values)


def _flaw(name: str, values: Sequence[str]) -> Flaw | None:
    """What is wrong with a parameter; its value is not repeated."""
    if name in _COLUMNS or _is_name(name) or name in ("EXISTS_errorDeclaration", "nextPageToken"):
        allowed = _ALLOWED.get(name)
        fine = all(each.isprintable() and (allowed is None or each in allowed) for each in values)
        return None if fine else _wrong(name, "not a value of this parameter")
    if name in _TIMES:
        return None if len(values) == 1 and _is_moment(values[0]) else _wrong(name, "one moment with its time zone")
    if name == "perPage":
        number = values[0] if len(values) == 1 and values[0].isascii() and values[0].isdecimal() else "0"
        fits = len(number) < 6 and 1 <= int(number) <= LARGEST_PAGE
        return None if fits else _wrong(name, f"a number from 1 to {LARGEST_PAGE}")
    if name == "orderBy":
        return None if list(values) in (["eventTime"], ["recordTime"]) else _wrong(name, "eventTime or recordTime")
    if name == "orderDirection":
        return None if list(values) in (["ASC"], ["DESC"]) else _wrong(name, "ASC or DESC")
    return Flaw(pointer="/query", code="unknown_parameter", detail="a parameter that Clew does not know")


def _is_moment(text: str) -> bool:
    try:
        _MOMENT.validate_python(text)
    except ValidationError:
        return False
    return True


def _wrong(name: str, wanted: str) -> Flaw:
    return Flaw(pointer=f"/query/{name}", code="epcis_query_invalid", detail=wanted)


def read_paging(parameters: Iterable[tuple[str, str]]) -> Asked:
    """Read the parameters of a list that knows only pages. Raises `BadRequest` (`epcis_query_invalid`)."""
    given = list(parameters)
    for name, _ in given:
        if name not in ("perPage", "nextPageToken"):
            flaw = Flaw(
                pointer="/query", code="unknown_parameter", detail="only perPage and nextPageToken are known here"
            )
            raise BadRequest("epcis_query_invalid", "The query has a parameter that is not known.", [flaw])
    return read_query(given)
