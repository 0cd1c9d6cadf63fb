"""The rules of identity, freshness and release: pure, each a line or three, each refusing by name."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import cast

from schemas import event_data as said
from schemas.base import people
from schemas.facts import Material, MaterialStatus
from schemas.stages import (
    CollectionStage,
    EnrolmentStage,
    FollowUpStage,
    InfusionStage,
    ManufactureStage,
    MilestoneStage,
    ReleaseStage,
    ShipmentStage,
)
from workflows.state import JourneyState, LabelSet, StageState
from workflows.steps import COLLECT_AGAIN, GO_ON, MAKE_AGAIN, RELEASE_FIRST, Hearing, Refusal

GONE = (MaterialStatus.USED, MaterialStatus.DESTROYED, MaterialStatus.RETURNED)
"""What nobody can use or look at any more."""


def mismatch(*about: str) -> Refusal:
    """Identity is in doubt: fail closed."""
    return Refusal(reason="identity_mismatch", choices=GO_ON, blocks=True, about=about[:20])


def cargo_of(state: JourneyState, stage: StageState) -> list[Material]:
    """What a shipment is to carry, or carries: starting material before manufacture, the released product after."""
    spec = cast(ShipmentStage, state.protocol.by_id[stage.id])
    product = state.protocol.ships_product(spec)
    at_sender = state.at(spec.sender, "product" if product else "starting_material")
    return [each for each in at_sender if not product or is_released(state, each.id)]


def is_released(state: JourneyState, dose: str) -> bool:
    """Whether a signed release names the dose (invariant 4), and the journey has not gone back behind its batch since.

    Doses that were released and then given up must never ship, or be infused, beside those made in their place.
    """
    return any(dose in release.doses and is_current(state, release.batch) for release in state.releases.values())


def is_current(state: JourneyState, batch: str) -> bool:
    """Whether a batch is that of its manufacture's current visit."""
    made = state.batches[batch]
    return state.stages[made.stage].visit == made.visit


def release_before(state: JourneyState, stage: StageState) -> datetime | None:
    """When the product that this stage depends on was released; None while it is not."""
    spec = state.protocol.nearest_before(stage.id, ReleaseStage)
    made = state.protocol.nearest_before(spec.id, ManufactureStage) if spec else None
    batch = state.batch_of(made.id) if made else None
    release = state.releases.get(batch) if batch else None
    return release.at if release else None


def evidence_in_force(stage: StageState, needed: tuple[str, ...]) -> set[str]:
    """The needed evidence whose latest word, by the sender's time, is that it is provided."""
    latest = {
        each.key: each.type
        for each in sorted(stage.all_heard("evidence.provided", "evidence.withdrawn"), key=lambda e: e.occurred_at)
    }
    return {each for each in needed if latest.get(each) == "evidence.provided"}


def evidence_is_needed(hearing: Hearing) -> Refusal | None:
    spec = cast(EnrolmentStage, hearing.state.protocol.by_id[hearing.stage.id])
    return None if hearing.said.key() in spec.evidence else Refusal(reason="evidence_not_needed")


def evidence_is_valid(hearing: Hearing) -> Refusal | None:
    valid_until = cast(said.Evidence, hearing.said).valid_until
    expired = valid_until is not None and valid_until < hearing.event.occurred_at
    return Refusal(reason="evidence_expired") if expired else None


def cargo_is_ours(hearing: Hearing) -> Refusal | None:
    """What is picked up is exactly what the journey has to ship; for product, only what is released."""
    scanned = cast(said.ShipmentPickedUp, hearing.said).containers
    spec = cast(ShipmentStage, hearing.state.protocol.by_id[hearing.stage.id])
    unreleased = [
        each
        for each in sorted(set(scanned))
        if hearing.state.protocol.ships_product(spec)
        and each in hearing.state.materials
        and not is_released(hearing.state, each)
    ]
    if unreleased:
        return Refusal(reason="release_missing", choices=RELEASE_FIRST, blocks=True, about=tuple(unreleased))
    return _same(scanned, (each.id for each in cargo_of(hearing.state, hearing.stage)))


def cargo_is_complete(hearing: Hearing) -> Refusal | None:
    """What is delivered and received is exactly what was picked up."""
    picked_up = hearing.stage.latest("shipment.picked_up")
    loaded = picked_up.data["containers"] if picked_up else ()
    scanned = cast(said.ShipmentDelivered | said.MaterialReceived, hearing.said).containers
    return _same(scanned, loaded)


def cargo_is_among(hearing: Hearing) -> Refusal | None:
    """What is damaged on the way is something that was picked up."""
    picked_up = hearing.stage.latest("shipment.picked_up")
    strange = set(cast(said.MaterialDamaged, hearing.said).containers) - set(
        picked_up.data["containers"] if picked_up else ()
    )
    return mismatch(*sorted(strange)) if strange else None


def _same(scanned: Iterable[str], expected: Iterable[str]) -> Refusal | None:
    """Each container exactly as often as it is there: one that is scanned twice does not stand for two."""
    counted, due = Counter(scanned), Counter(expected)
    return None if counted == due else mismatch(*sorted(counted - due), *sorted(due - counted))


def starting_material_is_ours(hearing: Hearing) -> Refusal | None:
    spec = cast(ManufactureStage, hearing.state.protocol.by_id[hearing.stage.id])
    named = Counter(cast(said.ManufactureStarted, hearing.said).containers)
    here = Counter(each.id for each in hearing.state.at(spec.at, "starting_material"))
    return None if named <= here else mismatch(*sorted(named - here))


def starting_material_is_fresh(hearing: Hearing) -> Refusal | None:
    """An expired lot is never started (field rule: 24 to 72 h after the end of collection)."""
    named = cast(said.ManufactureStarted, hearing.said).containers
    return _fresh(hearing.state, named, hearing.event.occurred_at)


def _fresh(state: JourneyState, ids: tuple[str, ...], at: datetime) -> Refusal | None:
    materials = [state.materials[each] for each in ids if each in state.materials]
    expired = [each.id for each in materials if each.expires_at is not None and each.expires_at < at]
    return Refusal(reason="lot_expired", choices=COLLECT_AGAIN, about=tuple(expired)) if expired else None


def batch_is_this_one(hearing: Hearing) -> Refusal | None:
    """Manufacture speaks of the batch that it started."""
    batch = str(hearing.event.data["batch"])
    return None if batch == hearing.state.batch_of(hearing.stage.id) else mismatch(batch)


def parents_are_those_started(hearing: Hearing) -> Refusal | None:
    """The genealogy closes: a batch is made from what went into it."""
    completed = cast(said.ManufactureCompleted, hearing.said)
    started = hearing.stage.latest("manufacture.started")
    return _same(completed.parents, started.data["containers"] if started else ())


def batch_under_review(state: JourneyState, stage: StageState) -> str | None:
    """The batch that a release stage is about."""
    made = state.protocol.nearest_before(stage.id, ManufactureStage)
    return state.batch_of(made.id) if made else None


def doses_of(state: JourneyState, batch: str | None) -> list[Material]:
    """What a batch became, and is not used up or gone."""
    return [
        each
        for each in state.materials.values()
        if each.kind == "product" and each.batch == batch and each.status not in GONE
    ]


def batch_is_under_review(hearing: Hearing) -> Refusal | None:
    batch = str(hearing.event.data["batch"])
    return None if batch == batch_under_review(hearing.state, hearing.stage) else mismatch(batch)


def test_is_specified(hearing: Hearing) -> Refusal | None:
    spec = cast(ReleaseStage, hearing.state.protocol.by_id[hearing.stage.id])
    return None if hearing.said.key() in spec.tests else Refusal(reason="test_not_specified")


def tests_outstanding(hearing: Hearing) -> bool:
    """A release waits for the results that it rests on."""
    spec = cast(ReleaseStage, hearing.state.protocol.by_id[hearing.stage.id])
    reported = {each.key for each in hearing.stage.all_heard("test.reported")}
    return not set(spec.tests) <= reported


def tests_passed(hearing: Hearing) -> Refusal | None:
    failed = [each.key for each in hearing.stage.all_heard("test.reported") if not each.data["passed"]]
    return Refusal(reason="test_failed", choices=MAKE_AGAIN, blocks=True, about=tuple(failed)) if failed else None


def release_is_signed(hearing: Hearing) -> Refusal | None:
    """Every role that the protocol names has signed, each by another person (field rule: QA and QP)."""
    spec = cast(ReleaseStage, hearing.state.protocol.by_id[hearing.stage.id])
    signatures = cast(said.BatchReleased, hearing.said).signatures
    signed = {each.role: each.by for each in signatures if each.role in spec.signatures}
    if set(signed) != set(spec.signatures) or len(people(signed.values())) != len(signed):
        return Refusal(reason="signature_missing", choices=GO_ON)
    return None


def doses_are_the_batchs(hearing: Hearing) -> Refusal | None:
    released = cast(said.BatchReleased, hearing.said)
    return _same(released.doses, (each.id for each in doses_of(hearing.state, released.batch)))


def after_release(hearing: Hearing) -> Refusal | None:
    """Conditioning never starts before the product's release, by the senders' own times."""
    released_at = release_before(hearing.state, hearing.stage)
    if released_at is None or hearing.event.occurred_at < released_at:
        return Refusal(reason="release_missing", choices=RELEASE_FIRST, blocks=True)
    return None


def dose_is_ours(hearing: Hearing) -> Refusal | None:
    """At the bedside: this dose, of this journey, released, and here."""
    spec = cast(InfusionStage, hearing.state.protocol.by_id[hearing.stage.id])
    dose = hearing.said.key()
    here = {each.id for each in hearing.state.at(spec.at, "product")}
    return None if dose in here and is_released(hearing.state, dose) else mismatch(dose)


def dose_is_fresh(hearing: Hearing) -> Refusal | None:
    """An expired dose is not thawed, and not given."""
    return _fresh(hearing.state, (hearing.said.key(),), hearing.event.occurred_at)


def bedside_check_agreed(hearing: Hearing) -> Refusal | None:
    infused = cast(said.InfusionCompleted, hearing.said)
    return None if infused.bedside_check else mismatch(infused.dose)


def dose_not_thawed(hearing: Hearing) -> bool:
    """An infusion waits for word of its own dose's thaw; what is no dose of this journey is judged at once."""
    dose = hearing.said.key()
    return dose in hearing.state.materials and dose not in {e.key for e in hearing.stage.all_heard("product.thawed")}


def visit_is_planned(hearing: Hearing) -> Refusal | None:
    spec = cast(FollowUpStage, hearing.state.protocol.by_id[hearing.stage.id])
    visit = int(hearing.said.key())
    return None if 1 <= visit <= len(spec.visits) else Refusal(reason="visit_not_planned")


def visit_is_open(hearing: Hearing) -> Refusal | None:
    """A visit took place or was missed, not both."""
    reported = hearing.stage.all_heard("follow_up.completed", "follow_up.missed")
    known = any(each.key == hearing.said.key() for each in reported)
    return Refusal(reason="contradicts_record") if known else None


def milestone_is_awaited(hearing: Hearing) -> Refusal | None:
    spec = cast(MilestoneStage, hearing.state.protocol.by_id[hearing.stage.id])
    return None if hearing.said.key() in spec.milestones else Refusal(reason="milestone_not_awaited")


def fresh_until(state: JourneyState, stage: StageState, ended_at: datetime) -> datetime | None:
    """When material from this stage expires; None when it keeps."""
    spec = cast(CollectionStage | ManufactureStage, state.protocol.by_id[stage.id])
    return ended_at + spec.expires if spec.expires else None


def left_to_make_from(state: JourneyState, stage: StageState) -> list[str]:
    """Starting material that a batch could be made from again: at the manufacturer, unused, not expired."""
    spec = state.protocol.nearest_before(stage.id, ManufactureStage) or state.protocol.by_id[stage.id]
    if not isinstance(spec, ManufactureStage):
        return []
    here = state.at(spec.at, "starting_material")
    return [each.id for each in here if each.expires_at is None or each.expires_at >= state.as_of]


def is_unsettled(material: Material) -> bool:
    """Whether the material still lies somewhere unaccounted for."""
    return material.status in (MaterialStatus.AVAILABLE, MaterialStatus.IN_TRANSIT, MaterialStatus.REJECTED)


def labels_unaccounted(labels: LabelSet, account: said.LabelsReconciled) -> str | None:
    """Labels issued = used + destroyed + returned, of the set and for the stage that they were issued for."""
    same = (account.stage, account.issued) == (labels.stage, labels.labels)
    return None if same and account.adds_up() else "labels_unaccounted"
