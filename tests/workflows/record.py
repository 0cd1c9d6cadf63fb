"""Records histories for the replay tests: `python -m tests.workflows.record`. Old ones are never recorded again.

A recorded history stands for the journeys that run in hospitals while we change the code. Add new ones beside
the old; remove one only when no journey of its `engine_version` can be under way any more.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from schemas.orders import ENGINE_VERSION
from tests.workflows import label_desk, therapy
from tests.workflows.clinic import Clinic, Patient
from tests.workflows.conftest import real_server, working
from tests.workflows.fakes import reference

HISTORIES = Path(__file__).parent.parent / "histories"


async def collected_again(ana: Patient) -> None:
    await therapy.enrolment(ana)
    await therapy.collection_fails(ana)
    bags = await therapy.collection(ana, visit=2)
    await therapy.shipment(ana, "to_manufacturer", bags)
    await therapy.from_release_on(ana, await therapy.manufacture(ana, bags))


async def made_again(ana: Patient) -> None:
    await therapy.until_made(ana)
    await therapy.rejection(ana)
    await ana.answer("batch_rejected", "remake")
    doses = await therapy.manufacture(ana, [f"BAG-{ana.order}-1-2"], visit=2)
    await therapy.release(ana, doses, visit=2)
    await therapy.shipment(ana, "to_centre", doses)
    await therapy.conditioning(ana)
    await therapy.infusion(ana)
    await therapy.follow_up(ana)


async def withdrawn_in_transit(ana: Patient) -> None:
    bags = await therapy.until_collected(ana)
    name = reference(await ana.told("book_pickup"))
    await ana.hears("shipment.picked_up", subject=name, reference=name, containers=bags)
    await ana.hears("patient.withdrawn", reason="patient_choice")
    await ana.answer("settle_material", "destroy")


async def stopped_by_a_strange_bag(ana: Patient) -> None:
    await therapy.until_collected(ana)
    name = reference(await ana.told("book_pickup"))
    await ana.handle.signal("sample.collected", "not an event")
    await ana.hears("shipment.picked_up", subject=name, reference=name, containers=["BAG-OF-BEN"])
    await ana.answer("exception", "stop")
    await ana.answer("settle_material", "retain")


async def given_up_while_it_waited(ana: Patient) -> None:
    early = await ana.hears("collection.started")
    await ana.outcome_of(early)
    await ana.gives_up(early, update="given-up")
    await therapy.until_collected(ana)
    await ana.hears("patient.withdrawn", reason="patient_choice")
    await ana.answer("settle_material", "destroy")


async def labelled(ana: Patient) -> None:
    """Labels are accounted for, a courier's own label is read as ours, a sample is kept of the product."""
    await therapy.enrolment(ana)
    await ana.began("collection")
    await label_desk.issued(ana)
    bags = await therapy.collection(ana)
    await ana.fact("sample.collected")
    await label_desk.reconciled(ana)
    scanned = "010950600013435221BAG1"
    await ana.outcome_of(await ana.hears("identifier.assigned", kind="sgtin", value=scanned, names=bags[0]))
    await therapy.shipment(ana, "to_manufacturer", [scanned, *bags[1:]])
    doses = await therapy.manufacture(ana, bags)
    kept = {"source": doses[0], "samples": [{"id": "KEPT-1"}], "form": "retained_sample"}
    await ana.outcome_of(await ana.hears("material.sampled", **kept))
    await therapy.from_release_on(ana, doses)


STORIES: dict[str, tuple[str, Callable[[Patient], Awaitable[None]]]] = {
    "autologous-car-t": ("autologous-car-t", therapy.whole),
    "til": ("til", therapy.whole),
    "collected-again": ("autologous-car-t", collected_again),
    "made-again": ("autologous-car-t", made_again),
    "withdrawn-in-transit": ("autologous-car-t", withdrawn_in_transit),
    "given-up-while-it-waited": ("autologous-car-t", given_up_while_it_waited),
    "labelled": ("autologous-car-t", labelled),
    "stopped-by-a-strange-bag": ("autologous-car-t", stopped_by_a_strange_bag),
}
"""Every story that is recorded: its protocol, and what happens."""


async def record() -> None:
    HISTORIES.mkdir(exist_ok=True)
    async with real_server() as server:
        clinic = Clinic(server.client)
        async with working(server.client, clinic.ledger, clinic.partners):
            for name, (protocol, story) in STORIES.items():
                path = HISTORIES / f"{name}.v{ENGINE_VERSION}.json"
                if path.exists():
                    continue
                ana = await clinic.enrols(protocol)
                await story(ana)
                await ana.status()
                path.write_text((await ana.handle.fetch_history()).to_json())
                print(f"recorded {path.name}")


if __name__ == "__main__":
    asyncio.run(record())
