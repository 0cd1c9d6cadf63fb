"""Custody: who had each container, where and when. Exactly one custodian at every moment of its existence.

Made from facts alone. A custodian's time begins where the last one's ends, whatever the tellings leave open or claim
twice (`workflows.custody` makes a deviation of that); a moment belongs to whoever has the container from it on. It
ends when the container does: used, infused, destroyed, or returned; if that is taken back, it goes on from there.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger.tables import CustodyRow
from schemas.facts import EventFact, Fact, FactData, Material, MaterialStatus
from schemas.materials import Form

ENDS = (MaterialStatus.USED, MaterialStatus.INFUSED, MaterialStatus.DESTROYED, MaterialStatus.RETURNED)
"""After which nobody has the container any more. What is lost is still its last custodian's to find."""

DIVIDED = (Form.SPLIT, Form.POOL, Form.ALIQUOT, Form.RETAINED_SAMPLE)
"""What comes to be where its parents lie, without a hand-over."""

Row = dict[str, Any]
Rows = dict[str, Row]


def hand_over(rows: Rows, coi: str, fact: Fact, said: FactData, material: Material, party: str | None) -> None:
    """Bring a container's custody in line with what a fact says of it. Rows are by material and number."""
    last = _last(rows, material.id)
    if last is None or _goes_on(last, material):
        last = _open(rows, coi, fact, said, material, party, last)
    if material.status in ENDS and last["until"] is None:
        rows[_key(last)] = {**last, "until": max(last["since"], fact.occurred_at), "ended": material.status.value}


async def custody_of(session: AsyncSession, coi: str, at: datetime | None = None) -> Sequence[CustodyRow]:
    """A journey's custodians, container by container, in order; with `at` only those of that moment."""
    query = select(CustodyRow).where(col(CustodyRow.journey) == coi)
    if at is not None:
        until = col(CustodyRow.until)
        query = query.where(col(CustodyRow.since) <= at, until.is_(None) | (until > at))
    order = query.order_by(col(CustodyRow.material), col(CustodyRow.number))
    return (await session.execute(order)).scalars().all()


def _last(rows: Rows, material: str) -> Row | None:
    of_material = [each for each in rows.values() if each["material"] == material]
    return max(of_material, key=lambda each: each["number"], default=None)


def _goes_on(last: Row, material: Material) -> bool:
    """Whether somebody else has it now, or it is there again after its end was told."""
    is_back = last["until"] is not None and material.status not in ENDS
    return is_back or (last["until"] is None and last["role"] != material.holder.value)


def _open(
    rows: Rows, coi: str, fact: Fact, said: FactData, material: Material, party: str | None, last: Row | None
) -> Row:
    told: dict[str, Any] = getattr(said, "said", {})
    since = fact.occurred_at if last is None else last["until"] or max(fact.occurred_at, last["since"])
    if last is not None and last["until"] is None:
        rows[_key(last)] = {**last, "until": since}
    source = _source(rows, material) if last is None else None
    row = {
        "journey": coi,
        "material": material.id,
        "number": last["number"] + 1 if last else 1,
        "role": material.holder.value,
        "party": party,
        "place": told.get("place") or (source["place"] if source else party),
        "since": since,
        "until": None,
        "ended": None,
        "told_at": fact.occurred_at,
        "from_party": last["party"] if last else None,
        "given_by": told.get("given_by"),
        "taken_by": told.get("taken_by"),
        "condition": told.get("condition") or (source["condition"] if source else None),
        "shipment": _shipment(fact, said),
        "seq": fact.seq,
    }
    rows[_key(row)] = row
    return row


def _source(rows: Rows, material: Material) -> Row | None:
    """Whose place and condition is also that of what was divided or joined: it lies where it was taken from."""
    parent = _last(rows, material.parents[0]) if material.parents and material.form in DIVIDED else None
    return parent if parent is not None and parent["role"] == material.holder.value else None


def _shipment(fact: Fact, said: FactData) -> str | None:
    """Under the name that the journey knows it under: readings and limits are found by that."""
    if fact.type != "shipment.picked_up" or not isinstance(said, EventFact):
        return None
    reference: str | None = said.said.get("reference")
    return said.read_as.get(reference, reference) if reference is not None else None


def _key(row: Row) -> str:
    return f"{row['material']} {row['number']}"
