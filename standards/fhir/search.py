"""Search parameters (FHIR R4, 3.1.1): which there are, how a query is read, and what fits it. Pure.

A parameter given twice means both; a comma in a value means either. A token is `system|code`, `|code` (no system),
`system|` (any code of it) or `code` (of any system). Patients are looked for by identifier only: we hold none.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from schemas.errors import Flaw, Invalid, pointer
from standards.fhir import systems
from standards.fhir.ids import journey_of
from standards.fhir.moments import Span, read_span, within
from standards.fhir.systems import Element
from standards.fhir.told import TYPES

Token = tuple[str | None, str]
"""System and code; a plain code has no system."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z:._-]{0,40}")

MOST_VALUES = 50
"""Alternatives in one parameter."""

MOST_CRITERIA = 50
"""Parameters in one search."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """`name`: as in the query, with the modifier that it needs. `values`: what of a resource it is compared with."""

    name: str
    kind: Literal["token", "reference", "date"]
    values: Callable[[Element], list[Token]]
    says: str


@dataclass(frozen=True, slots=True)
class Criterion:
    """One parameter of a query: any of `tokens`, or any of `spans`."""

    parameter: Parameter
    tokens: tuple[Token, ...] = ()
    spans: tuple[Span, ...] = ()

    def fits(self, resource: Element) -> bool:
        held = self.parameter.values(resource)
        if self.spans:
            return any(within(span, moment) for span in self.spans for _, moment in held)
        return any(_same(wanted, each) for wanted in self.tokens for each in held)


@dataclass(frozen=True, slots=True)
class Query:
    """`unknown`: names of parameters that the type does not have. `used`: what was understood, as it was given."""

    kind: str
    criteria: tuple[Criterion, ...]
    unknown: tuple[str, ...]
    used: tuple[tuple[str, str], ...]

    def fits(self, resource: Element) -> bool:
        return resource["resourceType"] == self.kind and all(each.fits(resource) for each in self.criteria)

    def journeys(self) -> set[str] | None:
        """Those that ids and patients in the query name; None where nothing in it names any."""
        return _intersection(_named(each) for each in self.criteria)

    def identifiers(self) -> list[set[str]]:
        """For each criterion on an identifier that leads to its journey, the values."""
        wanted = [each for each in self.criteria if each.parameter.name == "identifier" and self.kind != "Task"]
        return [{code for _, code in each.tokens} for each in wanted]

    def statuses(self) -> set[str] | None:
        """What the status may be; None where the query leaves it open."""
        return _intersection(
            {code for _, code in each.tokens} for each in self.criteria if each.parameter.name == "status"
        )


def read_query(kind: str, given: Iterable[tuple[str, str]], base: str = "") -> Query:
    """Read a query, as names and values in their order. `base`: the URL under which references are ours.

    Raises `Invalid`: `malformed` for values that cannot be, `unknown_search_parameter` for a known parameter asked for
    in a way that is not (FHIR R4, 3.1.1.4.4): without it the answer would be wider than the question.
    """
    asked = list(given)
    if len(asked) > MOST_CRITERIA:
        flaw = Flaw(pointer="/query", code="malformed", detail=f"{MOST_CRITERIA} parameters at the most")
        raise Invalid("malformed", "The search has too many parameters.", [flaw])
    criteria, unknown, used = list[Criterion](), list[str](), list[tuple[str, str]]()
    for name, value in asked:
        parameter = _parameter(PARAMETERS[kind], name, value)
        if parameter is None:
            unknown.append(name if _NAME.fullmatch(name) else "_")
        else:
            criteria.append(_criterion(parameter, name, value, base))
            used.append((name, value))
    return Query(kind, tuple(criteria), tuple(dict.fromkeys(unknown)), tuple(used))


def _parameter(known: Mapping[str, Parameter], name: str, value: str) -> Parameter | None:
    """The parameter that a name means; None where the type has none. A reference by `system|value` is an identifier."""
    found = known.get(_ALIASES.get(name, name))
    if found is None and "|" in value and all("|" in each for each in value.split(",")):
        found = known.get(f"{name}:identifier")
    plain = re.split("[:.]", name, maxsplit=1)[0]
    if found is None and any(each.partition(":")[0] == plain for each in known):
        detail = "not with this modifier, chain or kind of value; people and organisations are known by identifier only"
        flaw = Flaw(pointer=pointer(("query", plain)), code="unknown_search_parameter", detail=detail)
        raise Invalid("unknown_search_parameter", "A search parameter cannot be asked for in this way.", [flaw])
    return found


def _criterion(parameter: Parameter, name: str, value: str, base: str) -> Criterion:
    alternatives = value.split(",")
    if not all(alternatives) or not value.isprintable() or len(alternatives) > MOST_VALUES:
        raise _wrong(name, f"1 to {MOST_VALUES} values, with commas between them")
    if parameter.kind == "date":
        try:
            return Criterion(parameter, spans=tuple(read_span(each) for each in alternatives))
        except ValueError as error:
            raise _wrong(name, str(error)) from None
    if parameter.kind == "reference" and ":" not in parameter.name:
        return Criterion(parameter, tokens=tuple(_reference(each, base) for each in alternatives))
    return Criterion(parameter, tokens=tuple(_token(each) for each in alternatives))


_NOWHERE: Token = ("", "/")
"""A reference that leads to nothing of ours: no id is spelt so."""


def _reference(text: str, base: str) -> Token:
    """Type and id; an id alone is of any type."""
    own = text.removeprefix(f"{base}/") if base else text
    kind, slash, identity = own.partition("/")
    if not slash:
        return (None, own)
    return (kind, identity) if identity and kind in PARAMETERS and "/" not in identity else _NOWHERE


def _token(text: str) -> Token:
    system, bar, code = text.rpartition("|")
    return (system if bar else None, code)


def _same(wanted: Token, held: Token) -> bool:
    (system, code), (held_system, held_code) = wanted, held
    return (system is None or system == (held_system or "")) and code in ("", held_code)


def _named(criterion: Criterion) -> set[str] | None:
    """The journeys that a criterion names, if it names any."""
    codes = {code for _, code in criterion.tokens}
    if criterion.parameter.name in _OF_PATIENT:
        return codes
    if criterion.parameter.name in _OF_IDS:
        return {coi for code in codes if (coi := journey_of(code))}
    return None


def _intersection(found: Iterable[set[str] | None]) -> set[str] | None:
    sets = [each for each in found if each is not None]
    return set.intersection(*sets) if sets else None


def _wrong(name: str, detail: str) -> Invalid:
    flaw = Flaw(pointer=pointer(("query", name)), code="malformed", detail=detail)
    return Invalid("malformed", "A search parameter's value cannot be read.", [flaw])


def _id(resource: Element) -> list[Token]:
    return [(None, resource["id"])]


def _patient(resource: Element) -> list[Token]:
    """Everything of a journey is about the one patient."""
    return [(systems.COI, journey_of(resource["id"]) or "")]


def _identifiers(resource: Element) -> list[Token]:
    return [(each.get("system"), each["value"]) for each in resource.get("identifier", ())]


def _element(name: str) -> Callable[[Element], list[Token]]:
    return lambda resource: [(None, resource[name])] if name in resource else []


def _codings(name: str) -> Callable[[Element], list[Token]]:
    return lambda resource: [
        (each.get("system"), each["code"]) for each in resource.get(name, {}).get("coding", ()) if "code" in each
    ]


def _references(name: str) -> Callable[[Element], list[Token]]:
    def found(resource: Element) -> list[Token]:
        held = (str(each.get("reference", "")).partition("/") for each in resource.get(name, ()))
        return [(kind, identity) for kind, _, identity in held]

    return found


def _owner(resource: Element) -> list[Token]:
    held = resource.get("owner", {}).get("identifier")
    return [(held["system"], held["value"])] if held else []


def _last_updated(resource: Element) -> list[Token]:
    return [(None, resource["meta"]["lastUpdated"])]


_BY_ID = Parameter("_id", "token", _id, "The resource's id.")
_UPDATED = Parameter("_lastUpdated", "date", _last_updated, "When the entry was recorded that changed it last.")
_PATIENT = Parameter("patient:identifier", "reference", _patient, f"`{systems.COI}|` and the chain-of-identity id.")
_SUBJECT = Parameter("subject:identifier", "reference", _patient, f"`{systems.COI}|` and the chain-of-identity id.")
_IDENTIFIER = Parameter("identifier", "token", _identifiers, "A name that it is known by.")
_STATUS = Parameter("status", "token", _element("status"), "Where it stands.")
_CODE = Parameter("code", "token", _codings("code"), "What it is.")
_BASED_ON = Parameter("based-on", "reference", _references("basedOn"), "The order that it belongs to.")
_OWNER = Parameter("owner:identifier", "reference", _owner, f"`{systems.PARTY}|` and the organisation's name.")
_TARGET = Parameter("target", "reference", _references("target"), "The resource that the entry made or changed.")
_RECORDED = Parameter("recorded", "date", _element("recorded"), "When the entry was recorded.")

_OF_PATIENT = frozenset({"patient:identifier", "subject:identifier"})
_OF_IDS = frozenset({"_id", "based-on", "target"})
_ALIASES = {f"{name}.identifier": f"{name}:identifier" for name in ("patient", "subject", "owner")}
"""The same question, asked of the reference's target."""


def _by_name(*parameters: Parameter) -> Mapping[str, Parameter]:
    return {each.name: each for each in (_BY_ID, _UPDATED, *parameters)}


PARAMETERS: Mapping[str, Mapping[str, Parameter]] = {
    "ServiceRequest": _by_name(_PATIENT, _SUBJECT, _IDENTIFIER, _STATUS, _CODE),
    "Specimen": _by_name(_PATIENT, _SUBJECT, _IDENTIFIER, _STATUS),
    "BiologicallyDerivedProduct": _by_name(_PATIENT, _IDENTIFIER, _STATUS),
    "SupplyDelivery": _by_name(_PATIENT, _IDENTIFIER, _STATUS),
    "Procedure": _by_name(_PATIENT, _SUBJECT, _STATUS, _CODE, _BASED_ON),
    "Task": _by_name(_PATIENT, _SUBJECT, _IDENTIFIER, _STATUS, _CODE, _BASED_ON, _OWNER),
    "Provenance": _by_name(_PATIENT, _TARGET, _RECORDED),
}
"""By type and name. What is left out of a query fits everything."""

assert tuple(PARAMETERS) == TYPES


def names(kind: str) -> Sequence[str]:
    """The parameters of a type."""
    return list(PARAMETERS[kind])
