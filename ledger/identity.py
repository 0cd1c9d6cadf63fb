"""Identity in doubt, noticed in the transaction that puts the doubt on record; and what is refused while it lasts.

Everything here runs under the ledger's lock, so no journey can move in between: it is held, or it moved before.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, bindparam, select

from ledger.crosswalk import identifiers_of, owners
from ledger.operations import put_in_step
from ledger.statements import insert_if_new, table_of
from ledger.tables import IdentityHoldIdentifierRow, IdentityHoldRow, IdentityHoldSideRow
from schemas.errors import Conflict
from schemas.events import CATALOGUE
from schemas.facts import CLEW, Fact
from schemas.holds import DOUBTS, IdentityHold
from schemas.identity import KnownAs, readings
from schemas.operations import HoldJoined, HoldOpened
from schemas.things import things_named

HOLD, SIDE = table_of(IdentityHoldRow), table_of(IdentityHoldSideRow)
ABOUT = table_of(IdentityHoldIdentifierRow)

_MOVES = frozenset({"task.decided", "hold.lifted", "materials.settled", "identifier.assigned"})
"""Facts of no stage after which the journey goes on, or its material does, or something bears another name."""

_OF_JOURNEY = (
    select(HOLD.c.id, HOLD.c.journey, HOLD.c.finding, HOLD.c.reason)
    .join(SIDE, SIDE.c.hold == HOLD.c.id)
    .where(SIDE.c.journey == bindparam("coi"))
    .order_by(HOLD.c.opened_at, HOLD.c.id)
)
_ABOUT = select(ABOUT.c.value).where(ABOUT.c.hold == bindparam("hold")).order_by(ABOUT.c.value)
_KNOWN = select(HOLD.c.id).where(HOLD.c.id == bindparam("hold"))
_WAITING_FOR = (
    select(ABOUT.c.hold, ABOUT.c.value)
    .join(HOLD, HOLD.c.id == ABOUT.c.hold)
    .where(ABOUT.c.value.in_(bindparam("values", expanding=True)), HOLD.c.finding.is_(None))
    .order_by(ABOUT.c.hold, ABOUT.c.value)
)


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A reason to hold, and the number of the entry that brought it."""

    reason: str
    entry: int
    about: frozenset[str]


def holds_of(connection: Connection, coi: str) -> tuple[IdentityHold, ...]:
    """Every hold that a journey is a side of, the oldest first."""
    rows = connection.execute(_OF_JOURNEY, {"coi": coi}).all()
    return tuple(
        IdentityHold(
            id=hold,
            about=tuple(connection.execute(_ABOUT, {"hold": hold}).scalars()),
            ours=opener == coi,
            finding=finding,
            reason=reason,
        )
        for hold, opener, finding, reason in rows
    )


def refuse_while_held(connection: Connection, coi: str, facts: Iterable[Fact]) -> None:
    """Raise `Conflict` (`identity_held`) where one of these facts would move a journey that is held.

    Its workflow judged them before it knew; it is done again, and judges them as held (docs/decisions/0022).
    """
    if any(map(_moves, facts)) and any(each.is_open for each in holds_of(connection, coi)):
        raise Conflict("identity_held", f"{coi} is held: identity is in doubt, and this would move it.")


def notice_doubt(
    connection: Connection, coi: str, entries: Sequence[Fact], taken: Sequence[KnownAs], now: datetime
) -> bool:
    """Open a hold for every doubt that these entries bring, and add the journey to those whose identifiers it claims.

    Returns whether there was a doubt: where there was none, no hold has been opened or joined. Harmless where they were
    noticed before: a hold is named after the entry that brought the doubt.
    """
    doubts = [*_claims(entries, taken), *_deviations(entries)]
    for doubt in doubts:
        _open(connection, coi, doubt, now)
    return _join(connection, coi, entries, now) or bool(doubts)


def _moves(fact: Fact) -> bool:
    took_effect = fact.type in CATALOGUE and fact.data.get("stage") is not None
    return took_effect or fact.type in _MOVES


def _claims(entries: Sequence[Fact], taken: Sequence[KnownAs]) -> Iterator[_Doubt]:
    values = {each.value for each in taken}
    for fact in entries:
        here = values & {each.value for each in identifiers_of(fact.data)}
        if here:
            yield _Doubt("identifier_in_use", fact.seq, _read(here))


def _deviations(entries: Sequence[Fact]) -> Iterator[_Doubt]:
    refused: dict[str, Any] = {}
    for fact in entries:
        if fact.type == "event.refused" and fact.data["reason"] in DOUBTS:
            refused = fact.data["said"]
        if fact.type == "deviation.opened" and fact.data["code"] in DOUBTS:
            about = [*fact.data.get("about", ()), *things_named(refused)]
            yield _Doubt(fact.data["code"], fact.seq, _read(about))
            refused = {}


def _read(names: Iterable[str]) -> frozenset[str]:
    """The names in every spelling that somebody's crosswalk may have: the same symbol is scanned in several."""
    return frozenset(each for name in names for each in readings(name))


def _open(connection: Connection, coi: str, doubt: _Doubt, now: datetime) -> None:
    hold = "hold-" + sha256(f"{coi}/{doubt.entry}".encode()).hexdigest()[:20]
    if _is_known(connection, coi, hold, doubt):
        return
    about = sorted(doubt.about)
    sides = sorted({coi, *owners(connection, about)})
    connection.execute(HOLD.insert(), {"id": hold, "reason": doubt.reason, "journey": coi, "opened_at": now})
    connection.execute(SIDE.insert(), [_side(hold, each, now) for each in sides])
    if about:
        connection.execute(ABOUT.insert(), [{"hold": hold, "value": each} for each in about])
    said = HoldOpened(reason=doubt.reason, hold=hold, journey=coi, sides=tuple(sides), about=tuple(about))
    put_in_step(connection, chain(hold), "identity_hold.opened", said, CLEW, now)


def _is_known(connection: Connection, coi: str, hold: str, doubt: _Doubt) -> bool:
    """Whether the doubt is noticed already; a deviation only repeats what a claim has brought before."""
    if connection.execute(_KNOWN, {"hold": hold}).first() is not None:
        return True
    if doubt.reason != "identifier_in_use" or not doubt.about:
        return False
    return any(each.is_open and each.ours and doubt.about <= set(each.about) for each in holds_of(connection, coi))


def _join(connection: Connection, coi: str, entries: Sequence[Fact], now: datetime) -> bool:
    """A journey that claims what is in doubt is held too. Returns whether it claims any such."""
    claimed = sorted(_read(each.value for fact in entries for each in identifiers_of(fact.data)))
    if not claimed:
        return False
    waiting: dict[str, list[str]] = {}
    for hold, value in connection.execute(_WAITING_FOR, {"values": claimed}):
        waiting.setdefault(hold, []).append(value)
    for hold, about in waiting.items():
        new = connection.execute(insert_if_new(SIDE, connection.dialect.name), _side(hold, coi, now))
        if new.rowcount:
            said = HoldJoined(reason="identifier_claimed", hold=hold, journey=coi, about=tuple(about))
            put_in_step(connection, chain(hold), "identity_hold.joined", said, CLEW, now)
    return bool(waiting)


def _side(hold: str, coi: str, now: datetime) -> dict[str, Any]:
    return {"hold": hold, "journey": coi, "joined_at": now, "news": 1, "told": 0}


def chain(hold: str) -> str:
    """What a hold's operations chain is about."""
    return f"identity_hold/{hold}"
