"""Every rule of identity, freshness and release (invariants 3 and 4): what it refuses, and that it is what refuses it.

`CASES` holds for each check of each step the honest event of a therapy with one thing wrong. Each must be refused
with the check in place and taken without it; a check that has no case fails the first test here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.events import PartnerEvent
from schemas.facts import EventStatus, MaterialStatus
from schemas.identity import Role
from schemas.protocols import Protocol, read_protocol
from schemas.stages import CollectionStage, ManufactureStage
from tests.workflows.clinic import shipped_protocol
from tests.workflows.neighbours import Therapy, therapy
from tests.workflows.pure import ANA
from workflows import checks, course, hand_overs, new_names, nothing_left
from workflows.rules import judge
from workflows.stages import KINDS
from workflows.state import Heard, StageStatus
from workflows.steps import Check

COLLECTED_AGAIN: dict[str, Any] = {"fails": (("request_disposition", 1),), "batch_rejected": "recollect"}
MADE_AGAIN: dict[str, Any] = {"fails": (("request_disposition", 1),), "batch_rejected": "remake"}


def with_expiry(kind: type[CollectionStage | ManufactureStage], expires: str) -> Protocol:
    """The CAR-T protocol with a short-lived material."""
    document = shipped_protocol("autologous-car-t").model_dump(mode="json", by_alias=True, exclude_none=True)
    for stage in document["stages"]:
        if stage["kind"] == kind.model_fields["kind"].annotation.__args__[0]:  # type: ignore[union-attr]
            stage["expires"] = expires
    return read_protocol(document)


@dataclass
class Case:
    """A therapy up to the `time`-th event of a type, and what is wrong with that event."""

    what: str
    wrong: dict[str, Any] = field(default_factory=dict)
    reason: str = "identity_mismatch"
    time: int = 1
    course: dict[str, Any] = field(default_factory=dict)
    later: timedelta = timedelta(0)
    subject: str | None = None
    first: Callable[[Therapy], None] | None = None
    blocks: bool = True

    def play(self, event_type: str) -> tuple[Therapy, PartnerEvent, PartnerEvent]:
        """The therapy, the honest event that is next, and the wrong one in its place."""
        ana = therapy(**self.course)
        honest = ana.before(event_type, self.time)
        if self.first is not None:
            self.first(ana)
        wrong = honest.model_copy(
            update={
                "id": f"wrong-{honest.id}",
                "data": {**honest.data, **self.wrong},
                "occurred_at": honest.occurred_at + self.later,
                "subject": self.subject or honest.subject,
            }
        )
        return ana, honest, wrong


def fails_a_test(ana: Therapy) -> None:
    heard = ana.journey.state.stages["release"].heard
    heard[0] = heard[0].model_copy(update={"data": {**heard[0].data, "passed": False}})


def forgets_the_release(ana: Therapy) -> None:
    ana.journey.state.releases.clear()


def all_doses(**became: Any) -> Callable[[Therapy], None]:
    """What became of the product since its release."""

    def become(ana: Therapy) -> None:
        doses = [each for each in ana.journey.state.materials.values() if each.kind == "product"]
        ana.journey.state.materials.update({each.id: each.model_copy(update=became) for each in doses})

    return become


def reported(event_type: str) -> Callable[[Therapy], None]:
    """The first visit has been reported, as an event of the type."""

    def report(ana: Therapy) -> None:
        said = Heard(seq=1, type=event_type, key="1", occurred_at=ana.journey.state.as_of, data={"visit": 1})
        ana.journey.state.stages["monitoring"].heard.append(said)

    return report


def moves_the_doses(ana: Therapy) -> None:
    for name, each in ana.journey.state.materials.items():
        ana.journey.state.materials[name] = each.model_copy(update={"holder": Role.COURIER})


def signed(*by: str) -> dict[str, Any]:
    roles = ("quality_assurance", "qualified_person")
    at = "2026-03-02T09:00:00Z"
    return {"signatures": [{"role": role, "by": who, "at": at} for role, who in zip(roles, by, strict=False)]}


STRANGER = {"containers": ["BAG-BEN-1", "BAG-BEN-2"]}
ONE_OF_TWO = {"containers": ["BAG-1-1"]}
ONE_TOO_MANY = {"containers": ["BAG-1-1", "BAG-1-2", "BAG-BEN-1"]}
ONE_TWICE = {"containers": ["BAG-1-1", "BAG-1-1", "BAG-1-2"]}
TIL = {"protocol": "til"}

CARGO = [
    Case("bags of another patient", STRANGER),
    Case("a bag is missing", ONE_OF_TWO),
    Case("a bag too many", ONE_TOO_MANY),
    Case("one bag scanned twice", ONE_TWICE),
    Case("one bag scanned in place of two", {"containers": ["BAG-1-1", "BAG-1-1"]}),
]
NOT_NEEDED = Case("evidence nobody asked for", {"evidence": "insurance_card"}, "evidence_not_needed", blocks=False)
OTHER_BATCH = Case("a batch of another patient", {"batch": "LOT-BEN"})
NOT_PLANNED = [
    Case("a visit after the last one", {"visit": 6}, "visit_not_planned", blocks=False),
    Case("a visit before the first one", {"visit": 0}, "visit_not_planned", blocks=False),
]
DOSES = [
    Case("a dose of another patient", {"dose": "DOSE-BEN"}),
    Case("a dose that is not released", first=forgets_the_release),
    Case("a dose that lies elsewhere", first=moves_the_doses),
]
EXPIRED = Case(
    "a dose that has expired",
    course={"protocol": with_expiry(ManufactureStage, "20m")},
    later=timedelta(minutes=20),
    reason="lot_expired",
    blocks=False,
)


HAND_OVERS = {
    "shipment.picked_up": "shipment",
    "shipment.delivered": "shipment",
    "material.received": "shipment",
    "manufacture.started": "manufacture",
    "manufacture.completed": "manufacture",
    "batch.released": "release",
    "product.thawed": "infusion",
    "infusion.completed": "infusion",
}
"""Where material or product passes from hand to hand, each with the kind of stage that hears it."""


def with_two_people() -> Protocol:
    """The CAR-T protocol, wherever it can wanting two people."""
    document = shipped_protocol("autologous-car-t").model_dump(mode="json", by_alias=True, exclude_none=True)
    for stage in document["stages"]:
        if named := [each for each, kind in HAND_OVERS.items() if kind == stage["kind"]]:
            stage["two_people"] = named
    return read_protocol(document)


def alone(event_type: str) -> list[Case]:
    """Two people are wanted, and there was one."""
    course = {"protocol": with_two_people()}
    twice = Case("the same person twice", {"verified_by": ["nurse-01", "NURSE-01"]}, MISSING, course=course)
    one = Case("one person", {"verified_by": ["nurse-01"]}, MISSING, course=course)
    nobody = Case("nobody named", {"verified_by": None}, MISSING, course=course)
    unasked = Case("the same person twice, where the protocol asks nobody", twice.wrong, MISSING)
    # What is said at the bedside cannot even be read without two names.
    return [twice, unasked] if event_type == "infusion.completed" else [twice, one, nobody]


MISSING = "second_person_missing"
LABELS = {
    (kind, event_type, hand_overs.coi_is_ours): [Case("a label of another patient", {"coi": "CLEW0000000000000BEN0"})]
    for event_type, kind in HAND_OVERS.items()
}
SECOND = {
    (kind, event_type, hand_overs.two_people_looked): alone(event_type) for event_type, kind in HAND_OVERS.items()
}

NAMES = {"the patient's id": ANA, "the order's number": "ORD-ANA"}

CASES: dict[tuple[str, str, Check], list[Case]] = {
    **LABELS,
    **SECOND,
    ("enrolment", "evidence.provided", checks.evidence_is_needed): [NOT_NEEDED],
    ("enrolment", "evidence.withdrawn", checks.evidence_is_needed): [NOT_NEEDED],
    ("enrolment", "evidence.provided", checks.evidence_is_valid): [
        Case("expired evidence", {"valid_until": "2026-03-01T00:00:00Z"}, "evidence_expired", blocks=False)
    ],
    ("collection", "sample.collected", new_names.donation_is_new): [
        *(Case(f"a donation that bears {what}", {"donation": name}) for what, name in NAMES.items()),
        *(Case(f"a bag that bears {what}", {"containers": [{"id": name}]}) for what, name in NAMES.items()),
        Case("a bag with its donation's number", {"containers": [{"id": "DIN-1"}]}),
        Case("the first collection's donation number", {"donation": "DIN-1"}, time=2, course=COLLECTED_AGAIN),
        Case(
            "the first collection's bag",
            {"containers": [{"id": "BAG-2-1"}, {"id": "BAG-1-2"}]},
            time=2,
            course=COLLECTED_AGAIN,
        ),
        Case("one label on two bags", {"containers": [{"id": "BAG-1-1"}, {"id": "BAG-1-1"}]}),
    ],
    ("shipment", "shipment.picked_up", checks.cargo_is_ours): [
        *CARGO,
        Case("doses of another patient", {"containers": ["DOSE-BEN-1"]}, time=2),
        Case(
            "a dose of the batch that was rejected",
            {"containers": ["DOSE-1-1", "DOSE-1-2"]},
            "release_missing",
            time=2,
            course=MADE_AGAIN,
        ),
    ],
    ("shipment", "shipment.delivered", checks.cargo_is_complete): CARGO,
    ("shipment", "material.received", checks.cargo_is_complete): CARGO,
    ("manufacture", "manufacture.started", new_names.batch_is_new): [
        *(Case(f"a batch that bears {what}", {"batch": name}) for what, name in NAMES.items()),
        Case("a batch that bears a bag's number", {"batch": "BAG-1-2"}),
        Case("the rejected batch's number", {"batch": "LOT-1"}, time=2, course=MADE_AGAIN),
    ],
    ("manufacture", "manufacture.started", checks.starting_material_is_ours): [
        Case("cells of another patient", {"containers": ["BAG-BEN-1"]}),
        Case("one bag scanned twice", {"containers": ["BAG-1-1", "BAG-1-1"]}),
    ],
    ("manufacture", "manufacture.started", checks.starting_material_is_fresh): [
        Case("an expired lot", reason="lot_expired", later=timedelta(hours=73), blocks=False)
    ],
    ("manufacture", "manufacture.step_completed", checks.batch_is_this_one): [OTHER_BATCH],
    ("manufacture", "manufacture.completed", checks.batch_is_this_one): [OTHER_BATCH],
    ("manufacture", "manufacture.failed", checks.batch_is_this_one): [OTHER_BATCH],
    ("manufacture", "manufacture.completed", new_names.doses_are_new): [
        Case("a dose that bears a bag's number", {"doses": ["BAG-1-2"]}),
        Case("a dose with its batch's number", {"doses": ["LOT-1"]}),
        Case("a dose with the donation's number", {"doses": ["DIN-1"]}),
        Case("one number on two doses", {"doses": ["DOSE-1-1", "DOSE-1-1"]}),
        *(Case(f"a dose that bears {what}", {"doses": [name]}) for what, name in NAMES.items()),
    ],
    ("manufacture", "manufacture.completed", checks.parents_are_those_started): [
        Case("made from another bag", {"parents": ["BAG-1-2"]}),
        Case("a bag too many went in", {"parents": ["BAG-1-1", "BAG-1-2"]}),
        Case("one bag that went in twice", {"parents": ["BAG-1-1", "BAG-1-1"]}),
    ],
    ("release", "test.reported", checks.batch_is_under_review): [OTHER_BATCH],
    ("release", "test.reported", checks.test_is_specified): [
        Case("a test that nobody asked for", {"test": "mycoplasma"}, "test_not_specified", blocks=False)
    ],
    ("release", "batch.released", checks.batch_is_under_review): [
        Case(
            "a release of the batch that was rejected",
            {"batch": "LOT-1", "doses": ["DOSE-1-1", "DOSE-1-2"]},
            course=MADE_AGAIN,
            subject="ORD-ANA",
        )
    ],
    ("release", "batch.released", checks.doses_are_the_batchs): [
        Case("a dose of another patient", {"doses": ["DOSE-1-1", "DOSE-BEN"]}),
        Case("a dose is missing", {"doses": ["DOSE-1-1"]}),
        Case("one dose released twice", {"doses": ["DOSE-1-1", "DOSE-1-2", "DOSE-1-2"]}),
    ],
    ("release", "batch.released", checks.tests_passed): [
        Case("a test has failed", reason="test_failed", first=fails_a_test)
    ],
    ("release", "batch.released", checks.release_is_signed): [
        Case("one signature of two", signed("qa-1"), "signature_missing", blocks=False),
        Case("the same person twice", signed("qa-1", "qa-1"), "signature_missing", blocks=False),
        Case("the same person in two spellings", signed("qa-1", "QA-1"), "signature_missing", blocks=False),
    ],
    ("release", "batch.rejected", checks.batch_is_under_review): [
        Case("another patient's batch", {"batch": "LOT-BEN"}, course={"fails": (("request_disposition", 1),)})
    ],
    ("conditioning", "conditioning.started", checks.after_release): [
        Case("begun before the release", reason="release_missing", later=timedelta(hours=-1)),
        Case("no release at all", reason="release_missing", first=forgets_the_release),
    ],
    ("conditioning", "conditioning.started", nothing_left.released_dose_is_left): [
        Case(f"every dose is {status}", reason="nothing_left", first=all_doses(status=status))
        for status in (MaterialStatus.DESTROYED, MaterialStatus.LOST)
    ]
    + [Case("every dose was put apart", reason="nothing_left", first=all_doses(quarantined=True))],
    ("shipment", "material.damaged", checks.cargo_is_among): [Case("bags of another patient", STRANGER)],
    ("infusion", "product.thawed", checks.dose_is_ours): DOSES,
    ("infusion", "product.thawed", checks.dose_is_fresh): [EXPIRED],
    ("infusion", "infusion.completed", checks.dose_is_ours): DOSES,
    ("infusion", "infusion.completed", checks.dose_is_fresh): [EXPIRED],
    ("infusion", "infusion.aborted", checks.dose_is_ours): DOSES,
    ("infusion", "infusion.completed", checks.bedside_check_agreed): [
        Case("the wristband says another name", {"bedside_check": False}),
    ],
    ("follow_up", "follow_up.completed", checks.visit_is_planned): NOT_PLANNED,
    ("follow_up", "follow_up.missed", checks.visit_is_planned): NOT_PLANNED,
    ("follow_up", "follow_up.completed", checks.visit_is_open): [
        Case("a visit that was missed", first=reported("follow_up.missed"), reason="contradicts_record", blocks=False)
    ],
    ("follow_up", "follow_up.missed", checks.visit_is_open): [
        Case(
            "a visit that took place", first=reported("follow_up.completed"), reason="contradicts_record", blocks=False
        )
    ],
    ("milestone", "milestone.reached", checks.milestone_is_awaited): [
        Case(
            "a milestone that nobody awaits", {"milestone": "sent_home"}, "milestone_not_awaited", 1, TIL, blocks=False
        )
    ],
}

IN_PLACE_OF: dict[str, tuple[str, dict[str, Any]]] = {
    "evidence.withdrawn": ("evidence.provided", {"reason": "insurer_changed"}),
    "material.damaged": ("shipment.delivered", {"reason": "torn"}),
    "infusion.aborted": ("infusion.completed", {"reason": "reaction"}),
    "manufacture.failed": ("manufacture.completed", {"reason": "contaminated"}),
    "follow_up.missed": ("follow_up.completed", {"reason": "patient_travelled"}),
}
"""Events that a therapy where all goes well does not have: which one each comes instead of, and what it adds."""


def play(case: Case, event_type: str) -> tuple[Therapy, PartnerEvent, PartnerEvent]:
    """The therapy, the honest event and the wrong one, both of the type."""
    usual, more = IN_PLACE_OF.get(event_type, (event_type, {}))
    ana, honest, wrong = case.play(usual)
    return ana, retold(honest, event_type, more), retold(wrong, event_type, more)


def retold(event: PartnerEvent, event_type: str, more: dict[str, Any]) -> PartnerEvent:
    return event.model_copy(update={"type": event_type, "data": {**event.data, **more}})


def every_check() -> Iterator[tuple[str, str, Check]]:
    """Each check of each step of each kind, as the code has them."""
    for kind, each in KINDS.items():
        for step in each.steps.values():
            for check in step.checks:
                yield kind, step.type, check


EVERY_CASE = [
    pytest.param(kind, event_type, check, case, id=f"{event_type}: {case.what} ({check.__name__})")
    for (kind, event_type, check), cases in CASES.items()
    for case in cases
]


def test_every_check_has_its_case() -> None:
    assert set(CASES) == set(every_check())
    assert all(CASES.values())


@pytest.mark.parametrize(("kind", "event_type", "check", "case"), EVERY_CASE)
def test_one_thing_wrong_is_refused_by_its_check_and_by_no_other(
    kind: str, event_type: str, check: Check, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, honest, wrong = play(case, event_type)
    state = ana.journey.state
    if case.first is None:
        assert judge(state, honest).status is EventStatus.APPLIED
    verdict = judge(state, wrong)
    assert (verdict.status, verdict.reason) == (EventStatus.REFUSED, case.reason)

    step = KINDS[kind].steps[event_type]
    without = replace(step, checks=tuple(each for each in step.checks if each is not check))
    monkeypatch.setitem(KINDS[kind].steps, event_type, without)
    assert judge(state, wrong).status is EventStatus.APPLIED


@pytest.mark.parametrize(("kind", "event_type", "check", "case"), EVERY_CASE)
def test_a_refusal_changes_nothing_and_holds_the_journey_where_identity_is_in_doubt(
    kind: str, event_type: str, check: Check, case: Case
) -> None:
    ana, _, wrong = play(case, event_type)
    state = ana.journey.state
    materials, releases, commands = dict(state.materials), dict(state.releases), len(ana.journey.commands)
    outcome = ana.journey.hears(wrong)
    assert outcome is not None and (outcome.status, outcome.reason) == (EventStatus.REFUSED, case.reason)
    assert (state.materials, state.releases) == (materials, releases)
    assert state.is_held is case.blocks
    assert course.ready(state) == [] if case.blocks else True
    assert len(ana.journey.commands) == commands


@pytest.mark.parametrize("what", CARGO, ids=lambda case: case.what)
def test_nothing_moves_on_while_a_bag_is_in_doubt(what: Case) -> None:
    """Invariant 3: identity fails closed; what is said meanwhile waits, and a person ends it."""
    ana, honest, wrong = what.play("material.received")
    ana.journey.hears(wrong)
    stage = ana.journey.state.stages["to_manufacturer"]
    outcome = ana.journey.hears(honest)
    assert outcome is not None and (outcome.status, outcome.reason) == (EventStatus.HELD, "journey_held")
    assert ana.journey.state.stages["manufacture"].status is StageStatus.PENDING
    assert stage.impasse is not None and stage.impasse.task is not None

    ana.journey.decide("to_manufacturer", "continue")
    assert not ana.journey.state.is_held
    assert (stage.status, ana.journey.state.stages["manufacture"].status) == (StageStatus.DONE, StageStatus.ACTIVE)


def test_a_release_waits_for_the_results_it_rests_on() -> None:
    ana = therapy()
    ana.before("test.reported", time=1)
    state = ana.journey.state
    early = ana.neighbours.event(
        "batch.released", "LOT-1", {"batch": "LOT-1", "doses": ["DOSE-1-1", "DOSE-1-2"], **signed("qa-1", "qp-1")}
    )
    verdict = judge(state, early)
    assert (verdict.status, verdict.reason) == (EventStatus.HELD, "out_of_order")
    ana.tell(early)
    assert state.releases == {}
    ana.before("shipment.picked_up", time=2)
    assert state.releases["LOT-1"].doses == ("DOSE-1-1", "DOSE-1-2")


@pytest.mark.parametrize("by", ["qa-1", "qa-9"])
def test_a_signature_that_the_protocol_does_not_ask_for_disturbs_no_release(by: str) -> None:
    ana = therapy()
    released = ana.before("batch.released")
    signatures = signed("qa-1", "qp-1")["signatures"]
    signatures.append({**signatures[0], "role": "head_of_production", "by": by})
    verdict = judge(
        ana.journey.state, released.model_copy(update={"data": {**released.data, "signatures": signatures}})
    )
    assert verdict.status is EventStatus.APPLIED


def test_a_signature_that_the_protocol_does_not_ask_for_stands_for_none_that_it_does() -> None:
    ana = therapy()
    released = ana.before("batch.released")
    signatures = signed("qa-1", "qp-1")["signatures"]
    signatures[1]["role"] = "head_of_production"
    verdict = judge(
        ana.journey.state, released.model_copy(update={"data": {**released.data, "signatures": signatures}})
    )
    assert (verdict.status, verdict.reason) == (EventStatus.REFUSED, "signature_missing")


def test_an_infusion_waits_for_word_of_its_own_doses_thaw() -> None:
    ana = therapy()
    ana.after("product.thawed")
    first, second = ana.journey.commands[-1].details["doses"]
    infused = ana.unheard[0].model_copy(update={"data": {**ana.unheard[0].data, "dose": second}, "subject": second})
    assert ana.unheard[0].data["dose"] == first
    verdict = judge(ana.journey.state, infused)
    assert (verdict.status, verdict.reason) == (EventStatus.HELD, "out_of_order")


def test_a_dose_thawed_too_long_is_a_deviation_although_the_infusion_stands() -> None:
    ana = therapy()
    late = ana.before("infusion.completed")
    late = late.model_copy(update={"occurred_at": late.occurred_at + timedelta(minutes=31)})
    outcome = ana.journey.hears(late)
    assert outcome is not None and outcome.status is EventStatus.APPLIED
    assert [each.code for each in ana.journey.state.deviations.values()] == ["thaw_limit_exceeded"]
    assert ana.journey.state.materials[late.data["dose"]].status is MaterialStatus.INFUSED
    assert not ana.journey.state.is_held


def test_a_dose_infused_within_its_limit_is_no_deviation() -> None:
    ana = therapy()
    honest = ana.before("infusion.completed")
    thawed = honest.occurred_at - timedelta(minutes=1)
    ana.journey.hears(honest.model_copy(update={"occurred_at": thawed + timedelta(minutes=30)}))
    assert ana.journey.state.deviations == {}


def test_without_its_release_no_product_is_ordered_to_move() -> None:
    """Invariant 4, where the protocol's order does not already keep it: the stage itself asks for the release."""
    ana = therapy()
    ana.before("batch.released")
    ana.unheard.clear()
    state = ana.journey.state
    state.stages["release"].status = StageStatus.DONE
    ana.journey.settle()
    told = {(each.stage, each.command) for each in ana.journey.commands}
    assert not told & {("to_centre", "book_pickup"), ("conditioning", "clear_conditioning")}
    assert state.stages["to_centre"].impasse is not None
    assert state.stages["to_centre"].impasse.code == "release_missing"
    assert state.stages["conditioning"].impasse is not None
    assert state.stages["conditioning"].impasse.code == "release_missing"


def test_without_a_released_dose_nobody_is_cleared_for_infusion() -> None:
    ana = therapy()
    last = ana.before("conditioning.completed")
    forgets_the_release(ana)
    ana.journey.hears(last)
    infusion = ana.journey.state.stages["infusion"]
    assert infusion.impasse is not None and infusion.impasse.code == "release_missing"
    assert "clear_infusion" not in {each.command for each in ana.journey.commands}


def test_evidence_that_is_withdrawn_is_no_longer_in_force_whatever_came_first() -> None:
    ana = therapy()
    provided = ana.after("evidence.provided")
    key = provided.data["evidence"]
    withdrawn = ana.neighbours.event("evidence.withdrawn", "ORD-ANA", {"evidence": key, "reason": "patient_unsure"})
    renewed = ana.neighbours.event("evidence.provided", "ORD-ANA", {"evidence": key, "reference": "DOC-2"})
    stage = ana.journey.state.stages["enrolment"]
    ana.journey.hears(renewed)
    ana.journey.hears(withdrawn)
    assert checks.evidence_in_force(stage, (key, "never_said")) == {key}
    ana.whole()
    assert ana.journey.state.stages["enrolment"].status is StageStatus.DONE


def test_an_expired_lot_is_not_ordered_to_be_made() -> None:
    ana = therapy(with_expiry(CollectionStage, "3d"))
    late = ana.before("material.received")
    ana.journey.hears(late.model_copy(update={"occurred_at": late.occurred_at + timedelta(days=4)}))
    manufacture = ana.journey.state.stages["manufacture"]
    assert manufacture.impasse is not None and manufacture.impasse.code == "lot_expired"
    assert set(manufacture.impasse.choices) == {"recollect", "stop"}
    assert "place_order" not in {each.command for each in ana.journey.commands}


def test_only_released_doses_are_shipped_when_others_lie_beside_them() -> None:
    """The first batch failed a test and was never rejected: its doses are still there when the second one ships."""
    ana = therapy()
    released = ana.before("batch.released")
    fails_a_test(ana)
    ana.tell(released)
    ana.journey.decide("release", "remake")
    ana.listen()
    ana.before("shipment.picked_up", time=2)
    assert ana.journey.state.materials["DOSE-1-1"].status is MaterialStatus.AVAILABLE
    booked = next(each for each in ana.journey.commands if (each.command, each.stage) == ("book_pickup", "to_centre"))
    assert booked.details["containers"] == ["DOSE-2-1", "DOSE-2-2"]


@pytest.mark.parametrize("event_type", ["shipment.picked_up", "product.thawed"])
def test_doses_that_were_given_up_are_neither_shipped_nor_infused_beside_the_new_ones(event_type: str) -> None:
    """Their release was valid, and then the patient was asked for other cells: two batches would be a double dose."""
    ana = therapy()
    event = ana.before(event_type, time=2 if event_type == "shipment.picked_up" else 1)
    stage = "to_centre" if event_type == "shipment.picked_up" else "infusion"
    ana.unheard.clear()
    ana.tell(event.model_copy(update={"data": {**event.data, "containers": ["DOSE-BEN"], "dose": "DOSE-BEN"}}))
    ana.journey.decide(stage, "recollect")
    ana.listen()
    ana.whole()
    last = {each.command: each.details for each in ana.journey.commands}
    assert last["book_pickup"]["containers"] == last["clear_infusion"]["doses"] == ["DOSE-2-1", "DOSE-2-2"]
    infused = {each.id for each in ana.journey.state.materials.values() if each.status is MaterialStatus.INFUSED}
    assert infused == {"DOSE-2-1", "DOSE-2-2"}
