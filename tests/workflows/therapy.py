"""The partners' side of a whole therapy, told stage by stage: each waits for its command and answers it."""

from datetime import timedelta

from schemas.stages import EnrolmentStage, FollowUpStage, MilestoneStage, ReleaseStage
from tests.workflows.clinic import Patient
from tests.workflows.fakes import reference

TWO_PEOPLE = ["nurse-01", "nurse-02"]


async def enrolment(patient: Patient) -> None:
    await patient.told("request_evidence")
    await patient.passes(timedelta(days=4))
    for evidence in evidence_of(patient):
        await patient.hears("evidence.provided", evidence=evidence, reference=f"DOC-{evidence}")


def evidence_of(patient: Patient) -> list[str]:
    """What is asked of the centre before anything else."""
    stages = [stage for stage in patient.start.protocol.stages if isinstance(stage, EnrolmentStage)]
    return [evidence for stage in stages for evidence in stage.evidence]


async def collection(patient: Patient, visit: int = 1) -> list[str]:
    await patient.told("schedule_collection", visit)
    await patient.passes(timedelta(days=9))
    await patient.hears("collection.started")
    bags = [f"BAG-{patient.order}-{visit}-{number}" for number in (1, 2)]
    await patient.hears("sample.collected", **sample(patient, bags, f"DIN-{patient.order}-{visit}"))
    return bags


def sample(patient: Patient, bags: list[str], donation: str) -> dict[str, object]:
    """What the apheresis centre says of a collection."""
    return {
        "donation": donation,
        "containers": [{"id": bag, "volume_ml": 120.0} for bag in bags],
        "ended_at": patient.now.isoformat(),
        "verified_by": TWO_PEOPLE,
    }


async def collection_fails(patient: Patient, visit: int = 1) -> None:
    await patient.told("schedule_collection", visit)
    await patient.hears("collection.failed", reason="too_few_cells")


async def shipment(patient: Patient, stage: str, containers: list[str], visit: int = 1) -> None:
    booked = await patient.told("book_pickup", visit, stage)
    await patient.told("announce_delivery", visit, stage)
    name = reference(booked)
    await patient.hears("shipment.booked", subject=name, reference=name)
    await patient.hears("shipment.picked_up", subject=name, reference=name, containers=containers)
    await patient.passes(timedelta(hours=8))
    await patient.hears("shipment.delivered", subject=name, reference=name, containers=containers)
    await patient.hears("material.received", subject=name, reference=name, containers=containers, condition="good")


async def manufacture(patient: Patient, bags: list[str], visit: int = 1) -> list[str]:
    await patient.told("place_order", visit)
    batch = f"LOT-{patient.order}-{visit}"
    await patient.hears("manufacture.started", batch=batch, containers=bags[:1])
    await patient.passes(timedelta(days=9))
    await patient.hears("manufacture.step_completed", subject=batch, batch=batch, step="expansion")
    doses = [f"DOSE-{patient.order}-{visit}"]
    await patient.hears("manufacture.completed", subject=batch, batch=batch, doses=doses, parents=bags[:1])
    return doses


async def tests(patient: Patient, visit: int = 1) -> str:
    ordered = await patient.told("request_release_tests", visit)
    batch = str(ordered.details["batch"])
    await patient.passes(timedelta(days=2))
    for test in ordered.details["tests"]:
        await patient.hears("test.reported", subject=batch, batch=batch, test=test, result="conforms", passed=True)
    await patient.told("request_disposition", visit)
    return batch


async def release(patient: Patient, doses: list[str], visit: int = 1) -> None:
    batch = await tests(patient, visit)
    await patient.hears("batch.released", subject=batch, **signed(patient, batch, doses))


def signed(patient: Patient, batch: str, doses: list[str]) -> dict[str, object]:
    """A release, signed by every role that the protocol names."""
    roles = next(stage.signatures for stage in patient.start.protocol.stages if isinstance(stage, ReleaseStage))
    signatures = [{"role": role, "by": f"{role}-1", "at": patient.now.isoformat()} for role in roles]
    return {"batch": batch, "doses": doses, "signatures": signatures}


async def rejection(patient: Patient, visit: int = 1) -> None:
    batch = await tests(patient, visit)
    await patient.hears("batch.rejected", subject=batch, batch=batch, reason="potency_too_low")


async def conditioning(patient: Patient) -> None:
    await patient.told("clear_conditioning")
    await patient.hears("conditioning.started", regimen="flu_cy")
    await patient.passes(timedelta(days=3))
    await patient.hears("conditioning.completed", regimen="flu_cy")


async def infusion(patient: Patient) -> None:
    cleared = await patient.told("clear_infusion")
    await patient.passes(timedelta(hours=12))
    for dose in cleared.details["doses"]:
        await patient.hears("product.thawed", subject=dose, dose=dose)
        await patient.hears("infusion.completed", subject=dose, dose=dose, bedside_check=True, verified_by=TWO_PEOPLE)


async def follow_up(patient: Patient) -> None:
    await patient.told("request_follow_up")
    for stage in patient.start.protocol.stages:
        if isinstance(stage, FollowUpStage):
            after = timedelta(0)
            for visit, moment in enumerate(stage.visits, start=1):
                await patient.passes(moment - after)
                after = moment
                await patient.hears("follow_up.completed", visit=visit)


async def milestones(patient: Patient) -> None:
    for stage in patient.start.protocol.stages:
        if isinstance(stage, MilestoneStage):
            await patient.told("request_milestones")
            for name in stage.milestones:
                await patient.passes(timedelta(hours=12))
                await patient.hears("milestone.reached", milestone=name)


async def until_collected(patient: Patient) -> list[str]:
    await enrolment(patient)
    return await collection(patient)


async def until_made(patient: Patient) -> list[str]:
    bags = await until_collected(patient)
    await shipment(patient, "to_manufacturer", bags)
    return await manufacture(patient, bags)


async def from_release_on(patient: Patient, doses: list[str], visit: int = 1) -> None:
    await release(patient, doses, visit)
    await shipment(patient, "to_centre", doses, visit)
    await conditioning(patient)
    await infusion(patient)
    await milestones(patient)
    await follow_up(patient)


async def whole(patient: Patient) -> None:
    """Everything goes as the protocol says."""
    await from_release_on(patient, await until_made(patient))
