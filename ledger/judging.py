"""Judging a shipment by its readings: after every import, and when a hand-over says whose time they were of."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from ledger import inbox
from ledger.conditions import Condition, condition_of, news_of
from ledger.inbox import Incoming
from ledger.shipments import Shipment, find_shipment, lock
from schemas.errors import NotFound
from schemas.facts import Batch, in_our_words

HANDED_OVER = frozenset({"shipment.picked_up", "material.received"})
"""Facts that say when the courier had a shipment."""


async def judge(session: AsyncSession, shipment: Shipment, now: datetime) -> tuple[Condition, list[Incoming]]:
    """The shipment's condition, and the excursions that its journey is told of now, in the caller's transaction."""
    condition = await condition_of(session, shipment)
    news = await news_of(session, shipment.journey, condition)
    if news:
        await inbox.receive(session, [news], now)
    return condition, news


def hands_over(batch: Batch) -> bool:
    """Whether a batch says when the courier had a shipment, so that readings are judged with it."""
    return bool(_named(batch))


async def judge_handed_over(session: AsyncSession, batch: Batch, now: datetime) -> None:
    """Judge again what a batch says was handed over: its readings may have come before the word of it."""
    for shipment in await _known(session, _named(batch)):
        # What an import that is under way stores would be seen by neither.
        await lock(session, [shipment.reference])
        await judge(session, shipment, now)


async def _known(session: AsyncSession, references: Iterable[str]) -> list[Shipment]:
    found = []
    for reference in sorted(references):
        try:
            found.append(await find_shipment(session, reference))
        except NotFound:
            continue
    return found


def _named(batch: Batch) -> set[str]:
    said = [in_our_words(fact.data) for fact in batch.facts if fact.type in HANDED_OVER]
    return {str(each["reference"]) for each in said if each.get("reference")}
