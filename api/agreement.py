"""What a scan leads to through the crosswalk, and whether it agrees with the journey that it was made for."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from api.answers import Answer, IdentifierLookup
from ledger.label_pages import IssuedLabel
from ledger.tables import IdentifierRow
from schemas.base import Strict
from schemas.identity import CoiId
from schemas.labels import LabelStatus
from standards.parts import Check, Part, PartKind, Problem, Scan
from standards.scanning import MOST_CHARACTERS, as_identifier

IDENTIFYING = frozenset(
    {
        PartKind.COI,
        PartKind.DONATION,
        PartKind.SGTIN,
        PartKind.SSCC,
        PartKind.GSRN,
        PartKind.THING,
        PartKind.LABEL,
    }
)
"""Kinds of part that name one thing alone: a scan agrees only where each of them is known."""

_NOT_ON_ANYTHING = {
    LabelStatus.ISSUED: ("label_not_printed", "the label was not printed yet, as far as is on record"),
    LabelStatus.DESTROYED: ("label_destroyed", "the label was destroyed, as far as is on record: stop"),
    LabelStatus.RETURNED: ("label_returned", "the label went back unused, as far as is on record: stop"),
    LabelStatus.VOID: ("label_void", "the label was taken out before its use: stop"),
}
"""Labels that there should be nothing to scan of."""

_SEVERAL = Problem(code="leads_to_several", detail="it can be read as names in more than one journey: stop")

_GS1 = frozenset({PartKind.SGTIN.value, PartKind.SSCC.value, PartKind.GSRN.value})


class ToScan(Strict):
    """Raw scanner input. `journey`: the one that it should agree with."""

    text: str = Field(min_length=1, max_length=MOST_CHARACTERS)
    journey: CoiId | None = None


class PartView(Answer):
    """One thing that the scan names. `leads_to`: what the crosswalk, or the label desk, knows under it."""

    kind: PartKind
    value: str | None
    check: Check
    text: str
    problem: Problem | None
    leads_to: IdentifierLookup | None


class Scanned(Answer):
    """What was scanned. `journeys`: all that it leads to; more than one is a reason to stop.

    `agrees` with the journey asked about: null where that cannot be said, or none was asked about.
    """

    parts: list[PartView]
    problem: Problem | None
    journeys: list[str]
    agrees: bool | None


def lookups_of(text: str, scan: Scan) -> list[str]:
    """Every spelling that the crosswalk is to be asked for: what was scanned as it is, and what it was read as."""
    among = [*as_identifier(text), *(spelt for part in scan.parts for spelt in part.lookups)]
    return sorted({each for spelt in among for each in as_identifier(spelt)})


def labels_of(scan: Scan) -> list[str]:
    """The numbers of labels that the label desk is to be asked for."""
    return [part.value for part in scan.parts if part.kind is PartKind.LABEL and part.value is not None]


def scanned(
    text: str,
    scan: Scan,
    known: Mapping[str, IdentifierRow],
    labels: Mapping[str, IssuedLabel],
    journey: str | None,
) -> Scanned:
    """The answer. A name that the crosswalk has letter for letter is that name, whatever it looks like otherwise.

    Only a label's number is that label, whoever else has given the same name to something.
    """
    whole = next((known[each] for each in as_identifier(text) if each in known), None)
    parts = (
        [_as_known(whole)]
        if whole is not None and not labels and not _leads(scan, known)
        else [_label(each, labels) or _view(each, known) for each in scan.parts]
    )
    problem = None if whole is not None else scan.problem
    journeys = sorted({each.leads_to.journey for each in parts if each.leads_to})
    agrees = _agrees(parts, problem, journeys, journey) if journey else None
    return Scanned(parts=parts, problem=problem, journeys=journeys, agrees=agrees)


def while_held(found: Scanned, holds: Sequence[str]) -> Scanned:
    """The answer where identity is in doubt: nothing agrees then, and whoever scans is told which holds stand."""
    if not holds:
        return found
    told = f"identity is in doubt: two people have to sign {', '.join(holds)} first"
    problem = found.problem or Problem(code="identity_held", detail=told)
    return found.model_copy(update={"problem": problem, "agrees": None if found.agrees else found.agrees})


def _agrees(parts: list[PartView], problem: Problem | None, journeys: list[str], journey: str) -> bool | None:
    """False as soon as anything is another journey's; true only where nothing is wrong and nothing unknown."""
    if any(each != journey for each in journeys):
        return False
    in_doubt = problem is not None or any(each.problem for each in parts)
    unknown = any(each.kind in IDENTIFYING and each.leads_to is None for each in parts)
    return True if journeys and not in_doubt and not unknown else None


def _leads(scan: Scan, known: Mapping[str, IdentifierRow]) -> bool:
    return any(
        spelt in known for part in scan.parts for spelt in part.lookups if part.kind is not PartKind.UNRECOGNISED
    )


def _view(part: Part, known: Mapping[str, IdentifierRow]) -> PartView:
    found = [known[each] for each in part.lookups if each in known and _can_be(part, known[each])]
    shown = part.model_dump(include={"kind", "value", "check", "text", "problem"})
    if len({row.journey for row in found}) > 1:
        return PartView(**shown | {"problem": _SEVERAL}, leads_to=None)
    if part.kind is PartKind.UNRECOGNISED and found:
        return _as_known(found[0])
    return PartView(**shown, leads_to=IdentifierLookup.model_validate(found[0]) if found else None)


def _label(part: Part, labels: Mapping[str, IssuedLabel]) -> PartView | None:
    if part.kind is not PartKind.LABEL or part.value is None:
        return None
    found = labels.get(part.value)
    shown = part.model_dump(include={"kind", "value", "check", "text"})
    if found is None:
        unknown = Problem(code="unknown_label", detail="no label was ever issued under this number")
        return PartView(**shown, problem=unknown, leads_to=None)
    leads_to = IdentifierLookup(kind="label", value=found.number, names=found.thing, journey=found.journey)
    wrong = _NOT_ON_ANYTHING.get(found.status)
    problem = Problem(code=wrong[0], detail=wrong[1]) if wrong else None
    return PartView(**shown, problem=problem, leads_to=leads_to)


def _can_be(part: Part, row: IdentifierRow) -> bool:
    """An SSCC and a GSRN can have the same digits, and are not the same."""
    return row.kind not in _GS1 or part.kind.value not in _GS1 or row.kind == part.kind.value


def _as_known(row: IdentifierRow) -> PartView:
    return PartView(
        kind=PartKind.KNOWN,
        value=row.value,
        check=Check.NONE,
        text=f"{row.kind} {row.value}",
        problem=None,
        leads_to=IdentifierLookup.model_validate(row),
    )
