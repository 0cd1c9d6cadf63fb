"""The label desk: labels issued, printed, applied, settled and accounted for, each step on the set's own chain.

What the journey must know of it goes into its inbox in the same transaction, as an event of the desk's.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger import inbox
from ledger.holds import refuse_while_held
from ledger.inbox import Incoming
from ledger.label_pages import Done, LabelPages, about, load, record, request_of
from ledger.label_sets import new_labels, request_hash
from ledger.labelling import refuse_labelling, refuse_second_label
from ledger.operations import put_operation
from ledger.tables import LabelSetRow
from schemas.errors import Conflict, Flaw, NotFound
from schemas.event_data import EventData, LabelsIssued, LabelsReconciled
from schemas.events import LABEL_DESK, PartnerEvent, write_event
from schemas.label_desk import ApplyLabel, NewLabelSet, PrintLabels, ReconcileLabels, SettleLabels
from schemas.labels import OPEN, LabelContent, LabelFor, LabelStatus, set_of_key
from schemas.operations import LabelApplied, LabelSetReconciled, OnLabels, OnLabelSet

SETTLED = {
    "labels.destroyed": LabelStatus.DESTROYED,
    "labels.returned": LabelStatus.RETURNED,
    "labels.voided": LabelStatus.VOID,
}
"""What can become of labels that are not used, and what they then are."""

_FIRST_PRINT, _APPLIED, _RECONCILED = "first_print", "label_applied", "labels_accounted_for"


async def issue(
    session: AsyncSession,
    coi: str,
    asked: NewLabelSet,
    gs1_prefix: str | None,
    now: datetime,
    *,
    key: str | None = None,
) -> LabelPages:
    """A set of labels for a stage, which waits from now on until they are accounted for.

    The same again with the same `key`: the set as it is now, and no other.

    Raises `NotFound` (`unknown_journey`), `Conflict` (`idempotency_conflict`, `journey_closed`, `journey_leaving`,
    `stage_done`, `identity_held`, `identifier_in_use`, `material_not_available`) and `Invalid`
    (`malformed`, `label_text_too_long`).
    """
    before = await _issued_before(session, coi, asked, key)
    if before is not None:
        return before
    said = await new_labels(session, coi, asked, gs1_prefix, key)
    pages = LabelPages()
    await _put(session, pages, "label_set.issued", said, asked.by, now)
    await refuse_labelling(session, coi, {each.id: f"/{each.kind}s" for each in said.labels if each.id is not None})
    told = LabelsIssued(stage=said.stage, set=said.set, labels=len(said.labels))
    await _tell_journey(session, pages, "labels.issued", told, now)
    return pages


async def find(session: AsyncSession, label_set: str, *, for_update: bool = False) -> LabelPages:
    """A set with its labels; `for_update`: nobody else changes it meanwhile.

    Raises `NotFound` (`unknown_label_set`).
    """
    if for_update:
        await session.execute(select(col(LabelSetRow.id)).where(col(LabelSetRow.id) == label_set).with_for_update())
    connection = await session.connection()
    pages = await connection.run_sync(load, label_set)
    if pages.row is None:
        raise NotFound("unknown_label_set", "There is no such set of labels.")
    return pages


async def to_draw(
    session: AsyncSession, label_set: str, numbers: Sequence[str] | None
) -> tuple[LabelContent, list[LabelFor], int]:
    """What stands on labels of a set, which ones, and how many the set has; without `numbers` all that are open.

    Raises `NotFound` (`unknown_label_set`, `unknown_label`) and `Conflict`: `identity_held`; `label_settled`, as of one
    that is accounted for there must be no second copy.
    """
    pages = await find(session, label_set)
    assert pages.row is not None
    await refuse_while_held(session, pages.row["journey"])
    rows = [pages.labels[each] for each in _chosen(pages, numbers)]
    drawn = [LabelFor(number=each["number"], kind=each["kind"], id=each["thing"]) for each in rows]
    return LabelContent.model_validate(pages.row["content"]), drawn, len(pages.labels)


async def print_(session: AsyncSession, label_set: str, asked: PrintLabels, now: datetime) -> LabelPages:
    """Note that labels were printed.

    Raises `Conflict` (`identity_held`, `reprint_reason_missing`, `label_settled`) and `NotFound`.
    """
    pages = await find(session, label_set, for_update=True)
    numbers = _chosen(pages, asked.numbers)
    again = [each for each in numbers if pages.labels[each]["prints"]]
    if again and asked.reason is None:
        raise Conflict(
            "reprint_reason_missing", "Labels that were printed before need a reason.", _flaws(again, "printed before")
        )
    said = _on(pages, numbers, asked.reason or _FIRST_PRINT)
    await _put(session, pages, "labels.printed", said, asked.by, now)
    await refuse_while_held(session, said.journey)
    return pages


async def apply_label(session: AsyncSession, label_set: str, asked: ApplyLabel, now: datetime) -> LabelPages:
    """Note which container bears a label now; said again it changes nothing.

    Raises `Conflict` (`label_mismatch`, `label_not_printed`, `label_settled`, `witness_missing`, `identity_held`,
    `identifier_in_use`, `material_not_available`, `container_labelled`) and `NotFound`.
    """
    pages = await find(session, label_set, for_update=True)
    label = pages.labels.get(asked.number)
    if label is None:
        raise _unknown(asked.number)
    done = (label["container"], label["by"], label["verified_by"], label["reason"])
    again = (asked.container, asked.by, asked.verified_by, asked.reason or _APPLIED)
    if label["status"] == LabelStatus.APPLIED and done == again:
        return pages
    _must_be_open(pages, (asked.number,))
    if label["status"] != LabelStatus.PRINTED:
        raise Conflict("label_not_printed", "The label was not printed yet, as far as is on record.")
    assert pages.row is not None
    if label["thing"] not in (None, asked.container):
        flaw = Flaw(pointer="/container", code="label_mismatch", detail="the label is for another one")
        raise Conflict("label_mismatch", "The label is for another container or dose: stop, and look again.", [flaw])
    if pages.row["two_people"] and asked.verified_by is None:
        raise Conflict("witness_missing", "Two people put on the labels of this set: name the one who looked on.")
    said = LabelApplied(
        **_of(pages),
        reason=asked.reason or _APPLIED,
        number=asked.number,
        container=asked.container,
        verified_by=asked.verified_by,
    )
    await _put(session, pages, "label.applied", said, asked.by, now)
    await refuse_labelling(session, said.journey, {asked.container: "/container"})
    await refuse_second_label(session, asked.number, asked.container, asked.reason)
    return pages


async def settle(session: AsyncSession, label_set: str, kind: str, asked: SettleLabels, now: datetime) -> LabelPages:
    """Note what became of labels that are not used; said again it changes nothing.

    `kind`: one of `SETTLED`. Raises `Conflict` (`label_settled`, `label_not_printed`) and `NotFound`.
    """
    pages = await find(session, label_set, for_update=True)
    if all(number in pages.labels and _is_so(pages, number, kind, asked) for number in asked.numbers):
        return pages
    _must_be_open(pages, asked.numbers)
    unprinted = [each for each in asked.numbers if pages.labels[each]["status"] != LabelStatus.PRINTED]
    if unprinted and kind != "labels.voided":
        flaws = _flaws(unprinted, "not printed: void it")
        raise Conflict("label_not_printed", "What was not printed can only be voided.", flaws)
    await _put(session, pages, kind, _on(pages, asked.numbers, asked.reason), asked.by, now)
    return pages


async def reconcile(session: AsyncSession, label_set: str, asked: ReconcileLabels, now: datetime) -> LabelPages:
    """Sign that every label is accounted for; the stage need not wait for this set any more.

    Raises `Conflict` (`labels_unaccounted`, `witness_missing`, `labels_reconciled`) and `NotFound`.
    """
    pages = await find(session, label_set, for_update=True)
    row = pages.row
    assert row is not None
    if row["reconciled_at"] is not None:
        if (row["reconciled_by"], row["witnessed_by"]) == (asked.by, asked.witnessed_by):
            return pages
        raise Conflict("labels_reconciled", "The set is accounted for already.")
    missing = pages.open_labels()
    if missing:
        detail = f"{len(missing)} of {len(pages.labels)} labels are not accounted for."
        raise Conflict("labels_unaccounted", detail, _flaws(missing, "not accounted for"))
    if row["two_people"] and asked.witnessed_by is None:
        raise Conflict("witness_missing", "The account of this set is signed by two people: name the second.")
    account = _account(pages)
    said = LabelSetReconciled(**_of(pages), **account, reason=_RECONCILED, witnessed_by=asked.witnessed_by)
    await _put(session, pages, "label_set.reconciled", said, asked.by, now)
    told = LabelsReconciled(stage=row["stage"], set=row["id"], **account)
    await _tell_journey(session, pages, "labels.reconciled", told, now)
    return pages


async def _issued_before(session: AsyncSession, coi: str, asked: NewLabelSet, key: str | None) -> LabelPages | None:
    if key is None:
        return None
    name, connection = set_of_key(coi, key), await session.connection()
    pages = await connection.run_sync(load, name)
    if pages.row is None:
        return None
    if await connection.run_sync(request_of, name) != request_hash(coi, asked):
        raise Conflict("idempotency_conflict", "This Idempotency-Key was used for another request.")
    return pages


def _account(pages: LabelPages) -> dict[str, int]:
    return {
        "issued": len(pages.labels),
        "used": pages.count(LabelStatus.APPLIED),
        "destroyed": pages.count(LabelStatus.DESTROYED, LabelStatus.VOID),
        "returned": pages.count(LabelStatus.RETURNED),
    }


async def _put(session: AsyncSession, pages: LabelPages, kind: str, said: OnLabelSet, by: str, now: datetime) -> None:
    await put_operation(session, about(said.set), kind, said, by, now)
    connection = await session.connection()
    await connection.run_sync(record, pages, Done(kind, said, now, by))


async def _tell_journey(session: AsyncSession, pages: LabelPages, what: str, said: EventData, now: datetime) -> None:
    assert pages.row is not None
    event = PartnerEvent(
        source=LABEL_DESK,
        id=f"{pages.row['id']}/{what}",
        type=what,
        subject=pages.row["journey"],
        occurred_at=now,
        data=said.model_dump(mode="json"),
    )
    await inbox.receive(session, [[Incoming(event, write_event(event))]], now)


def _chosen(pages: LabelPages, numbers: Sequence[str] | None) -> Sequence[str]:
    """These labels, or all that are open. Raises `Conflict` (`label_settled`) where there is none."""
    chosen = numbers or pages.open_labels()
    if not chosen:
        raise Conflict("label_settled", "Every label of the set is accounted for.")
    _must_be_open(pages, chosen)
    return chosen


def _must_be_open(pages: LabelPages, numbers: Sequence[str]) -> None:
    for number in numbers:
        if number not in pages.labels:
            raise _unknown(number)
    settled = [each for each in numbers if pages.labels[each]["status"] not in OPEN]
    if settled:
        raise Conflict("label_settled", "A label is accounted for; that is not undone.", _flaws(settled, "settled"))


def _is_so(pages: LabelPages, number: str, kind: str, asked: SettleLabels) -> bool:
    label = pages.labels[number]
    return (label["status"], label["by"], label["reason"]) == (SETTLED[kind].value, asked.by, asked.reason)


def _flaws(numbers: Iterable[str], detail: str) -> list[Flaw]:
    return [Flaw(pointer="/numbers", code="label", detail=f"{number}: {detail}") for number in numbers]


def _unknown(number: str) -> NotFound:
    return NotFound("unknown_label", f"The set has no label {number}.")


def _of(pages: LabelPages) -> dict[str, str]:
    assert pages.row is not None
    return {"set": pages.row["id"], "journey": pages.row["journey"]}


def _on(pages: LabelPages, numbers: Sequence[str], reason: str) -> OnLabels:
    return OnLabels(**_of(pages), reason=reason, numbers=tuple(numbers))
