"""What each entry of the label desk makes of a set and its labels; and whether the pages show what the entries made."""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from ledger.statements import table_of, upsert
from ledger.tables import LabelRow, LabelSetRow
from ledger.view import ENTRY, Row, Rows
from schemas.labels import OPEN, LabelStatus
from schemas.operations import (
    OPERATIONS,
    LabelApplied,
    LabelSetIssued,
    LabelSetReconciled,
    OnLabels,
    operations_chain,
)

LABEL_SET, LABEL = table_of(LabelSetRow), table_of(LabelRow)

_SET = select(LABEL_SET).where(LABEL_SET.c.id == bindparam("set"))
_LABELS = select(LABEL).where(LABEL.c.set == bindparam("set")).order_by(LABEL.c.number)
_ENTRIES = (
    select(ENTRY.c.type, ENTRY.c.occurred_at, ENTRY.c.actor, ENTRY.c.data)
    .where(ENTRY.c.journey == bindparam("chain"))
    .order_by(ENTRY.c.seq)
)
_CHAINS = operations_chain("labels/")


@dataclass
class LabelPages:
    """One set of labels as its page shows it; `row` is missing until it is issued."""

    row: Row | None = None
    labels: Rows = field(default_factory=dict)

    def open_labels(self) -> list[str]:
        """The numbers of those that are not accounted for."""
        return [number for number, each in self.labels.items() if each["status"] in OPEN]

    def count(self, *statuses: LabelStatus) -> int:
        """How many labels are so."""
        return sum(each["status"] in statuses for each in self.labels.values())


@dataclass(frozen=True)
class Done:
    """One entry of the desk's, read."""

    kind: str
    said: Any
    at: datetime
    by: str


@dataclass(frozen=True)
class IssuedLabel:
    """A label, whose it is, and what bears it or is to bear it."""

    number: str
    journey: str
    status: LabelStatus
    thing: str | None


def about(label_set: str) -> str:
    """What the set's chain is called among those of operations."""
    return f"labels/{label_set}"


def apply(pages: LabelPages, done: Done) -> None:
    """Change a set by one entry."""
    _HANDLERS[done.kind](pages, done)


def load(connection: Connection, label_set: str) -> LabelPages:
    """A set as its page shows it."""
    row = connection.execute(_SET, {"set": label_set}).mappings().one_or_none()
    labels = {each["number"]: dict(each) for each in connection.execute(_LABELS, {"set": label_set}).mappings()}
    return LabelPages(dict(row) if row is not None else None, labels)


def record(connection: Connection, pages: LabelPages, done: Done) -> None:
    """Change a set by one entry, on its page too. Raises `IntegrityError` for a new one whose name was given before."""
    before = deepcopy(pages)
    apply(pages, done)
    if pages.row is not None and pages.row != before.row:
        write = LABEL_SET.insert() if before.row is None else upsert(LABEL_SET, connection.dialect.name)
        connection.execute(write, [pages.row])
    changed = [each for number, each in pages.labels.items() if each != before.labels.get(number)]
    if changed:
        connection.execute(upsert(LABEL, connection.dialect.name), changed)


def request_of(connection: Connection, label_set: str) -> str | None:
    """The hash of the request that the set was issued for, where it had a key."""
    issued = connection.execute(_ENTRIES, {"chain": _CHAINS + label_set}).first()
    return None if issued is None else LabelSetIssued.model_validate(issued.data).request


async def labels_among(session: AsyncSession, numbers: Iterable[str]) -> dict[str, IssuedLabel]:
    """Those of the numbers that were given to a label."""
    columns = LABEL.c.number, LABEL_SET.c.journey, LABEL.c.status, LABEL.c.container, LABEL.c.thing
    query = select(*columns).join(LABEL_SET, LABEL_SET.c.id == LABEL.c.set).where(LABEL.c.number.in_(list(numbers)))
    return {
        number: IssuedLabel(number, journey, LabelStatus(status), container or thing)
        for number, journey, status, container, thing in await session.execute(query)
    }


async def label_differences(session: AsyncSession) -> list[str]:
    """Where label sets' pages differ from the record: a short sentence each, none when all is well."""
    return await session.run_sync(_differences)


def _differences(session: Session) -> list[str]:
    connection = session.connection()
    chains = select(ENTRY.c.journey).where(ENTRY.c.journey.startswith(_CHAINS)).distinct()
    on_record = {chain.removeprefix(_CHAINS) for chain in connection.execute(chains).scalars()}
    on_page = set(connection.execute(select(LABEL_SET.c.id)).scalars())
    strays = connection.execute(select(LABEL.c.set).where(LABEL.c.set.not_in(select(LABEL_SET.c.id))).distinct())
    sets = sorted(on_record | on_page | set(strays.scalars()))
    return [said for each in sets for said in _of_set(connection, each)]


def _of_set(connection: Connection, label_set: str) -> Iterator[str]:
    made, shown = LabelPages(), load(connection, label_set)
    for kind, at, by, data in connection.execute(_ENTRIES, {"chain": _CHAINS + label_set}):
        apply(made, Done(kind, OPERATIONS[kind].model_validate(data), at, by))
    if made.row != shown.row:
        yield f"label set {label_set} on its page is not as the record has it"
    for number in sorted(made.labels.keys() | shown.labels.keys()):
        if made.labels.get(number) != shown.labels.get(number):
            yield f"label {number} on its page is not as the record has it"


def _issued(pages: LabelPages, done: Done) -> None:
    said: LabelSetIssued = done.said
    pages.row = {
        "id": said.set,
        "journey": said.journey,
        "stage": said.stage,
        "content": said.content.model_dump(mode="json"),
        "two_people": said.two_people,
        "labels": len(said.labels),
        "issued_at": done.at,
        "issued_by": done.by,
        "reconciled_at": None,
        "reconciled_by": None,
        "witnessed_by": None,
    }
    fresh = {"set": said.set, "prints": 0, "container": None, "verified_by": None, "status": LabelStatus.ISSUED.value}
    for each in said.labels:
        pages.labels[each.number] = {**fresh, "number": each.number, "kind": each.kind, "thing": each.id, **_last(done)}


def _printed(pages: LabelPages, done: Done) -> None:
    said: OnLabels = done.said
    for number in said.numbers:
        label = pages.labels[number]
        label.update(status=LabelStatus.PRINTED.value, prints=label["prints"] + 1, **_last(done))


def _applied(pages: LabelPages, done: Done) -> None:
    said: LabelApplied = done.said
    pages.labels[said.number].update(
        status=LabelStatus.APPLIED.value, container=said.container, verified_by=said.verified_by, **_last(done)
    )


def _settled(status: LabelStatus) -> Callable[[LabelPages, Done], None]:
    def handler(pages: LabelPages, done: Done) -> None:
        said: OnLabels = done.said
        for number in said.numbers:
            pages.labels[number].update(status=status.value, **_last(done))

    return handler


def _reconciled(pages: LabelPages, done: Done) -> None:
    said: LabelSetReconciled = done.said
    assert pages.row is not None, "a set is issued before it is reconciled"
    pages.row.update(reconciled_at=done.at, reconciled_by=done.by, witnessed_by=said.witnessed_by)


def _last(done: Done) -> Row:
    return {"at": done.at, "by": done.by, "reason": done.said.reason}


_HANDLERS: dict[str, Callable[[LabelPages, Done], None]] = {
    "label_set.issued": _issued,
    "labels.printed": _printed,
    "label.applied": _applied,
    "labels.destroyed": _settled(LabelStatus.DESTROYED),
    "labels.returned": _settled(LabelStatus.RETURNED),
    "labels.voided": _settled(LabelStatus.VOID),
    "label_set.reconciled": _reconciled,
}
