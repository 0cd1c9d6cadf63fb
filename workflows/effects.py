"""What an event changes: materials, batches, releases, the crosswalk. Pure; one small function an event type."""

from collections.abc import Callable, Iterable
from typing import cast

from pydantic import ValidationError

from schemas import event_data as said
from schemas.facts import Material, MaterialStatus
from schemas.identity import Role
from schemas.materials import Form
from schemas.stages import CollectionStage, InfusionStage, ManufactureStage, ShipmentStage
from workflows import checks, handled, handling, nothing_left, quantities
from workflows.state import Batch, Release
from workflows.steps import GO_ON, Departure, Hearing, Step

Changed = Iterable[Material]


class NoEffect(Exception):
    """What the event says cannot be made true: the state is as it was."""


def take_effect(hearing: Hearing) -> tuple[Material, ...]:
    """Change the state as the event says; gives the materials as they now are. Raises `NoEffect`."""
    effect = _EFFECTS.get(hearing.event.type)
    try:
        changed = tuple(effect(hearing)) if effect else ()
    except ValidationError:
        # Left to itself this would fail the workflow task, which Temporal then does again for ever.
        raise NoEffect from None
    _remember(hearing, changed)
    return changed


def _remember(hearing: Hearing, changed: tuple[Material, ...]) -> None:
    materials = hearing.state.materials
    quantities.remember(hearing, [each for each in changed if each.id not in materials])
    if hearing.event.type in handling.STEPS:
        hearing.state.handled.said.append(handling.fingerprint(hearing))
    materials.update({each.id: each for each in changed})


def _collected(hearing: Hearing) -> Changed:
    sample = cast(said.SampleCollected, hearing.said)
    spec = cast(CollectionStage, hearing.state.protocol.by_id[hearing.stage.id])
    collected = [
        Material(
            id=container.id,
            kind="starting_material",
            status=MaterialStatus.AVAILABLE,
            holder=spec.at,
            parents=(sample.donation,),
            expires_at=checks.fresh_until(hearing.state, hearing.stage, sample.ended_at),
            form=Form.CONTAINER,
            since=hearing.event.occurred_at,
            amounts=container.contents(),
        )
        for container in sample.containers
    ]
    hearing.state.donations.append(sample.donation)
    return collected


def _moved(hearing: Hearing, status: MaterialStatus, holder: Role) -> Changed:
    scanned = cast(said.ShipmentPickedUp | said.MaterialReceived, hearing.said).containers
    known = [hearing.state.materials[each] for each in scanned if each in hearing.state.materials]
    moved = {"status": status, "holder": holder, "since": hearing.event.occurred_at}
    return [each.model_copy(update=moved) for each in known]


def _picked_up(hearing: Hearing) -> Changed:
    return _moved(hearing, MaterialStatus.IN_TRANSIT, Role.COURIER)


def _received(hearing: Hearing) -> Changed:
    spec = cast(ShipmentStage, hearing.state.protocol.by_id[hearing.stage.id])
    return _moved(hearing, MaterialStatus.AVAILABLE, spec.to)


def _lost(hearing: Hearing) -> Changed:
    picked_up = hearing.stage.latest("shipment.picked_up")
    loaded = picked_up.data["containers"] if picked_up else []
    known = [hearing.state.materials[each] for each in loaded]
    return [each.model_copy(update={"status": MaterialStatus.LOST}) for each in known]


def _started(hearing: Hearing) -> Changed:
    started = cast(said.ManufactureStarted, hearing.said)
    visit = hearing.stage.visit
    hearing.state.batches[started.batch] = Batch(batch=started.batch, stage=hearing.stage.id, visit=visit)
    hearing.state.references[started.batch] = (hearing.stage.id, visit)
    used = [hearing.state.materials[each] for each in started.containers]
    now_used = [each.model_copy(update={"status": MaterialStatus.USED, "batch": started.batch}) for each in used]
    return [*now_used, *_frozen(hearing, set(started.containers))]


def _frozen(hearing: Hearing, used: set[str]) -> Changed:
    spec = cast(ManufactureStage, hearing.state.protocol.by_id[hearing.stage.id])
    if spec.spare != "frozen":
        return []
    at = hearing.event.occurred_at
    spare = [each for each in hearing.state.at(spec.at, "starting_material") if each.id not in used]
    fresh = [each for each in spare if each.expires_at is not None and each.expires_at >= at]
    return [each.model_copy(update={"expires_at": None}) for each in fresh]


def _made(hearing: Hearing) -> Changed:
    completed = cast(said.ManufactureCompleted, hearing.said)
    contents = {each.id: each.amounts or () for each in completed.contents or ()}
    spec = cast(ManufactureStage, hearing.state.protocol.by_id[hearing.stage.id])
    return [
        Material(
            id=dose,
            kind="product",
            status=MaterialStatus.AVAILABLE,
            holder=spec.at,
            parents=completed.parents,
            batch=completed.batch,
            expires_at=checks.fresh_until(hearing.state, hearing.stage, hearing.event.occurred_at),
            form=Form.DOSE,
            since=hearing.event.occurred_at,
            amounts=contents.get(dose, ()),
        )
        for dose in completed.doses
    ]


def _released(hearing: Hearing) -> Changed:
    released = cast(said.BatchReleased, hearing.said)
    at = hearing.event.occurred_at
    hearing.state.releases[released.batch] = Release(batch=released.batch, doses=released.doses, at=at)
    return ()


def _rejected(hearing: Hearing) -> Changed:
    batch = cast(said.BatchRejected, hearing.said).batch
    doses = checks.doses_of(hearing.state, batch)
    return [each.model_copy(update={"status": MaterialStatus.REJECTED}) for each in doses]


def _infused(hearing: Hearing) -> Changed:
    dose = hearing.state.materials[cast(said.InfusionCompleted, hearing.said).dose]
    return [dose.model_copy(update={"status": MaterialStatus.INFUSED})]


_EFFECTS: dict[str, Callable[[Hearing], Changed]] = {
    "sample.collected": _collected,
    "shipment.picked_up": _picked_up,
    "material.received": _received,
    "shipment.lost": _lost,
    "manufacture.started": _started,
    "manufacture.completed": _made,
    "batch.released": _released,
    "batch.rejected": _rejected,
    "infusion.completed": _infused,
    **handled.EFFECTS,
}


def departure(hearing: Hearing, step: Step) -> Departure | None:
    """What is not as it should be about an event that has happened and stands, whatever the rules say of it."""
    if step.departs is not None:
        return step.departs
    if hearing.event.type == "material.received" and hearing.event.data["condition"] != "good":
        return Departure("material_damaged", blocks=True, choices=GO_ON)
    if _thawed_too_long(hearing):
        return Departure("thaw_limit_exceeded")
    return nothing_left.departure(hearing)


def _thawed_too_long(hearing: Hearing) -> bool:
    spec = hearing.state.protocol.by_id[hearing.stage.id]
    if not isinstance(spec, InfusionStage) or hearing.event.type != "infusion.completed" or spec.thaw_limit is None:
        return False
    thawed = [each for each in hearing.stage.all_heard("product.thawed") if each.key == hearing.said.key()]
    return bool(thawed) and hearing.event.occurred_at - thawed[-1].occurred_at > spec.thaw_limit
