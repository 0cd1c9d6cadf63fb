"""The ledger as a feed: entries after a position, in the order of positions, which never shows a gap that fills later.

Positions are given under the lock that every append takes (`ledger.record`), so an entry that can be read has none
before it that cannot. A reader who keeps the last position that it has dealt with misses nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import Any

from sqlalchemy import ColumnElement, bindparam, column, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.record import HEAD
from ledger.stored import STORED, moment
from ledger.view import ENTRY, JOURNEY

_NEWEST = select(HEAD.c.position)


@dataclass(frozen=True, slots=True)
class Only:
    """Which entries a reader wants; None: all.

    `types`: of these types. `journey`: of this one, or of this operators' chain. `protocol`: of journeys under it.
    `party`: of journeys in which this organisation has a role.
    """

    types: tuple[str, ...] = ()
    journey: str | None = None
    protocol: str | None = None
    party: str | None = None


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An entry as JSON text (see `json_of`), its position and its type."""

    position: int
    type: str
    json: str


@dataclass(frozen=True, slots=True)
class FeedPage:
    """`next`: the position up to which everything has been looked at; read on after it."""

    entries: Sequence[FeedEntry]
    next: int


async def newest_position(session: AsyncSession) -> int:
    """The position of the newest entry, 0 where there is none."""
    position: int = (await session.execute(_NEWEST)).scalar_one()
    return position


async def read_feed(session: AsyncSession, after: int, limit: int, only: Only) -> FeedPage:
    """At most `limit` entries after a position that the reader wants."""
    # The head before the entries: what it names is there to be read, whatever is appended meanwhile.
    newest = await newest_position(session)
    query = (
        select(*STORED)
        .where(ENTRY.c.position > bindparam("after"), ENTRY.c.position <= bindparam("newest"))
        .where(*_wanted(only, session.get_bind().dialect.name))
        .order_by(ENTRY.c.position)
        .limit(bindparam("most"))
    )
    rows = (await session.execute(query, {"after": after, "newest": newest, "most": limit})).all()
    entries = [FeedEntry(row[0], row[3], json_of(row)) for row in rows]
    return FeedPage(entries, entries[-1].position if len(entries) == limit else max(newest, after))


def json_of(row: Sequence[Any]) -> str:
    """A row of `STORED` as a JSON object. `data` goes in as the text that it is stored as: to read it first and write
    it again would cost more than all the rest."""
    position, journey, seq, kind, occurred_at, recorded_at, actor, source, event_id, data, previous_hash, own_hash = row
    return (
        f'{{"position":{position},"journey":{_text(journey)},"seq":{seq},"type":{_text(kind)},'
        f'"occurred_at":"{moment(occurred_at)}","recorded_at":"{moment(recorded_at)}",'
        f'"actor":{_text(actor)},"source":{_text(source)},"event_id":{_text(event_id)},"data":{data},'
        f'"previous_hash":"{previous_hash}","hash":"{own_hash}"}}'
    )


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring_ascii(value)


def _wanted(only: Only, dialect: str) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if only.types:
        wanted.append(ENTRY.c.type.in_(only.types))
    if only.journey is not None:
        wanted.append(ENTRY.c.journey == only.journey)
    if only.protocol is not None:
        wanted.append(ENTRY.c.journey.in_(select(JOURNEY.c.coi).where(JOURNEY.c.protocol == only.protocol)))
    if only.party is not None:
        wanted.append(ENTRY.c.journey.in_(select(JOURNEY.c.coi).where(_takes_part(only.party, dialect))))
    return wanted


def _takes_part(party: str, dialect: str) -> ColumnElement[bool]:
    """Whether one of the values of a journey's `parties` is this organisation."""
    each = func.json_each if dialect == "sqlite" else func.jsonb_each_text
    parties = each(JOURNEY.c.parties).table_valued(column("key"), column("value"))
    return select(parties.c.key).where(parties.c.value == party).exists()
