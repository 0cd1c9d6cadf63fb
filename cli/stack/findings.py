"""What a demonstration left behind, checked: the journeys, the partners' own books, the record."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
from sqlalchemy import func, select
from sqlmodel import col

from cli.stack.ports import LOOPBACK, PARTNER_PORTS
from ledger.database import Database
from ledger.invariants import broken_invariants
from ledger.tables import EntryRow, InboxRow, JourneyRow
from ledger.verify import verify
from ledger.witnesses import witnesses_of
from schemas.facts import EventStatus, JourneyStatus
from schemas.settings import Settings

CLOSED = frozenset({JourneyStatus.COMPLETED.value, JourneyStatus.CANCELLED.value})


@dataclass
class Findings:
    """Counts, and as `problems` a sentence for each thing that is not as it should be."""

    statuses: Counter[str] = field(default_factory=Counter)
    outcomes: dict[str, int] = field(default_factory=dict)
    ledger_entries: int = 0
    ledger_verified: bool = False
    checkpoints: int = 0
    broken: list[str] = field(default_factory=list)
    commands: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def events(self) -> int:
        """Events that were acknowledged."""
        return sum(self.outcomes.values())


async def journey_rows(database: Database) -> Sequence[JourneyRow]:
    async with database.reading() as session:
        found = await session.execute(select(JourneyRow).order_by(col(JourneyRow.order_number)))
        return found.scalars().all()


async def judged(database: Database) -> bool:
    """Whether every acknowledged event has had its journey's word."""
    return not (await _outcomes(database)).get(EventStatus.RECEIVED.value)


async def check_partners(settings: Settings, findings: Findings) -> None:
    """What the simulated partners say of themselves: every command took effect once, every event was taken."""
    async with httpx.AsyncClient(trust_env=False) as client:
        for offset in range(PARTNER_PORTS):
            answer = await client.get(f"http://{LOOPBACK}:{settings.partners_port + offset}/state")
            state = answer.raise_for_status().json()
            findings.commands += len(state["commands"])
            for command in state["commands"]:
                if command["effects"] != 1:
                    findings.problems.append(f"{command['key']} took effect {command['effects']} times")
            if state["rejected_events"]:
                findings.problems.append(f"{state['rejected_events']} events of a partner were not taken")


async def check_record(settings: Settings, database: Database, wanted: int, findings: Findings) -> None:
    """The journeys, the ledger with the pages that are made from it and what was signed meanwhile, the invariants."""
    rows = await journey_rows(database)
    findings.statuses = Counter(row.status for row in rows)
    findings.problems += [_where_it_stands(row) for row in rows if row.status not in CLOSED]
    if len(rows) != wanted:
        findings.problems.append(f"{len(rows)} journeys were ordered, not {wanted}")
    findings.outcomes = await _outcomes(database)
    if waiting := findings.outcomes.get(EventStatus.RECEIVED.value):
        findings.problems.append(f"{waiting} acknowledged events were not judged")
    verification = await verify(database, projections=True, witnesses=witnesses_of(settings))
    findings.checkpoints = verification.checkpoints
    findings.ledger_entries, findings.ledger_verified = verification.entries, verification.ok
    if verification.first_bad is not None:
        findings.problems.append(f"the ledger does not verify: {verification.first_bad.problem}")
    elif verification.entries and not verification.checkpoints:
        findings.problems.append("no checkpoint was made of the ledger")
    if verification.entries != await _entries(database):
        findings.problems.append("the ledger has entries that were not checked")
    findings.broken = await broken_invariants(database)
    findings.problems += findings.broken


def _where_it_stands(row: JourneyRow) -> str:
    stages = row.stages or "no stage"
    return f"{row.order_number} ({row.coi}) has not ended: {row.status}, at {stages}, next due {row.next_due_at or '-'}"


async def _outcomes(database: Database) -> dict[str, int]:
    counted = select(col(InboxRow.status), func.count()).group_by(col(InboxRow.status))
    async with database.reading() as session:
        return dict((await session.execute(counted)).all())


async def _entries(database: Database) -> int:
    async with database.reading() as session:
        return (await session.execute(select(func.count()).select_from(EntryRow))).scalar_one()
