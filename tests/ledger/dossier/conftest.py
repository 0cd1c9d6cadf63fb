"""Ana's dossier: a journey with everything in it that a dossier tells."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.database import Database
from ledger.dossier.make import gather, make
from ledger.operations import put_operation
from schemas.operations import OnDelivery, OnEvent
from tests.ledger.notaries import Office
from tests.ledger.scribe import MORNING, Scribe, bag, collected, put


@dataclass
class Case:
    """A journey on record, and the office that signs for it."""

    database: Database
    office: Office
    ana: Scribe

    async def dossier(self) -> bytes:
        """As the API makes it."""
        checkpoint = await self.office.sign()
        async with self.database.reading() as session:
            told = await gather(session, self.ana.coi, checkpoint.size)
        return make(told, checkpoint, self.office.notary.keys)


@pytest.fixture
async def case(database: Database, tmp_path: Path) -> Case:
    """Between Ana's facts stand Ben's; operators dismissed an event of hers and resent a command, and others of his."""
    ana, ben = Scribe(), Scribe()
    await put(database, ana.batch(ana.started(), ana.began("enrolment"), ana.completed("enrolment")))
    await put(database, ben.batch(ben.started(), ben.began("enrolment")))
    event = collected("e-1", ana.order)
    await put(database, ana.batch(ana.began("collection"), ana.heard(event, materials=[bag("BAG-1"), bag("BAG-2")])))
    opened = ana.fact("deviation.opened", deviation="D-1", code="late", about=["BAG-1"], blocks=True)
    await put(database, ana.batch(opened, ana.asked("T-1")))
    for journey, event_id in ((ana.coi, "e-1"), (ben.coi, "e-2")):
        await operate(database, journey, event_id)
    decided = ana.fact("task.decided", actor="dr-jones", task="T-1", choice="stop", reason="clinical")
    moved = ana.fact("materials.settled", disposition="retained", materials=[bag("BAG-1", status="retained")])
    resolved = ana.fact("deviation.resolved", deviation="D-1", resolution="accepted")
    made = bag("DOSE-1", kind="product", holder="manufacturer", parents=["BAG-2"], batch="B-1")
    dose = ana.fact("materials.settled", disposition="returned", materials=[made])
    await put(database, ana.batch(decided, moved, resolved, dose))
    await put(database, ben.batch(ben.began("collection")))
    return Case(database, Office(database, tmp_path / "office"), ana)


async def operate(database: Database, journey: str, event_id: str) -> None:
    """What an operator does about an event of a journey, and about one of its commands."""
    later = MORNING + timedelta(days=1)
    about = OnEvent(source="north-apheresis", event=event_id, reason="practice")
    resent = OnDelivery(partner="swift", delivery="d-1", key="k-1", journey=journey, reason="asked_by_courier")
    async with database.writing() as session:
        await put_operation(session, "inbox", "event.dismissed", about, "operator-1", later)
        await put_operation(session, "partner/swift", "delivery.resent", resent, "operator-2", later)
