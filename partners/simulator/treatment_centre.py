"""The treatment centre: provides the evidence, prepares the patient, gives the product, sees the patient again."""

from datetime import datetime, timedelta

from partners.simulator import durations
from partners.simulator.milestones import reach_milestones
from partners.simulator.practice import Practice, only_acknowledge
from partners.simulator.story import CommandStory
from schemas.identity import Role

CRYOPRESERVED = frozenset({"autologous-car-t"})
"""Therapies whose product waits in the freezer until the patient is ready."""

A_YEAR = timedelta(days=365)


def provide_evidence(story: CommandStory) -> None:
    """Each document comes when its office has it ready."""
    for evidence in story.details["evidence"]:
        story.meanwhile()
        story.takes(durations.EVIDENCE)
        reference = f"{story.number('EV')}-{len(story.messages) + 1}"
        said = {"evidence": evidence, "reference": reference, "valid_until": (story.now + A_YEAR).isoformat()}
        story.says("evidence.provided", story.order, **said)


def condition(story: CommandStory) -> None:
    """Lymphodepletion, in time for the product."""
    # A therapy that we did not order ourselves may be a fresh one, which does not wait.
    if story.protocol in CRYOPRESERVED:
        start, length, regimen = durations.CONDITIONING_START, durations.CONDITIONING, "flu_cy"
    else:
        start, length, regimen = durations.QUICK_CONDITIONING_START, durations.QUICK_CONDITIONING, "flu_cy_short"
    story.takes(start)
    story.says("conditioning.started", story.coi, regimen=regimen, starts_on=story.now.date().isoformat())
    story.takes(length)
    story.says("conditioning.completed", story.coi, regimen=regimen, ends_on=story.now.date().isoformat())


def infuse(story: CommandStory) -> None:
    """Thaw, check at the bedside, infuse. A product without a thaw limit is fresh, and is not kept waiting."""
    dose = story.details["doses"][0]
    story.takes(durations.REST_BEFORE_INFUSION if story.details.get("thaw_limit") else durations.QUICK_INFUSION)
    story.says("product.thawed", dose, dose=dose)
    story.takes(durations.THAW_TO_END)
    people = story.two_people("nurse")
    story.says("infusion.completed", dose, dose=dose, bedside_check=True, verified_by=people)


def follow_up(story: CommandStory) -> None:
    """Each visit is reported within a day of its date."""
    for visit, planned in story.details["visits"].items():
        story.now = max(story.as_of, datetime.fromisoformat(planned))
        story.takes(durations.VISIT_REPORT)
        story.says("follow_up.completed", story.coi, visit=int(visit), outcomes=[_outcome(story)])


def _outcome(story: CommandStory) -> str:
    return story.chance.choices(("no_event", "fever", "cytokine_release_grade_1"), weights=(8, 1, 1))[0]


TREATMENT_CENTRE = Practice(
    role=Role.TREATMENT_CENTRE,
    commands={
        "request_evidence": provide_evidence,
        "clear_conditioning": condition,
        "clear_infusion": infuse,
        "request_follow_up": follow_up,
        "request_milestones": reach_milestones,
        "announce_delivery": only_acknowledge,
        "settle_material": only_acknowledge,
    },
    has_dock=True,
)
