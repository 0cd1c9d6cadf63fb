"""The treatment centre: provides the evidence, prepares the patient, gives the product, sees the patient again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from partners.simulator import durations
from partners.simulator.chance import Spread
from partners.simulator.milestones import reach_milestones
from partners.simulator.practice import Practice, only_acknowledge
from partners.simulator.story import CommandStory
from schemas.identity import Role


@dataclass(frozen=True)
class Regimen:
    """How a patient is prepared: until the first day, the days of treatment, and the rest before the infusion."""

    name: str
    admission: Spread
    treatment: Spread
    rest: Spread


REGIMENS = {
    "autologous-car-t": Regimen("flu_cy", durations.ADMISSION, durations.CONDITIONING, durations.REST),
}
"""By therapy."""

QUICK = Regimen("flu_cy_short", durations.QUICK_ADMISSION, durations.QUICK_CONDITIONING, durations.QUICK_REST)
"""For any other: its product may be fresh, and does not wait."""

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
    regimen = _regimen(story)
    story.takes(regimen.admission)
    story.says("conditioning.started", story.coi, regimen=regimen.name, starts_on=story.now.date().isoformat())
    story.takes(regimen.treatment)
    story.says("conditioning.completed", story.coi, regimen=regimen.name, ends_on=story.now.date().isoformat())


def infuse(story: CommandStory) -> None:
    """After the rest, dose by dose: thaw, check at the bedside, infuse."""
    story.takes(_regimen(story).rest)
    for dose in story.details["doses"]:
        story.says("product.thawed", dose, dose=dose, **story.checked("nurse"))
        story.takes(durations.THAW_TO_END)
        people = story.people("nurse", 2)
        story.says("infusion.completed", dose, dose=dose, bedside_check=True, coi=story.coi, verified_by=people)


def follow_up(story: CommandStory) -> None:
    """Each visit is reported within a day of its date."""
    for visit, planned in story.details["visits"].items():
        story.now = max(story.as_of, datetime.fromisoformat(planned))
        story.takes(durations.VISIT_REPORT)
        story.says("follow_up.completed", story.coi, visit=int(visit), outcomes=[_outcome(story)])


def _regimen(story: CommandStory) -> Regimen:
    return REGIMENS.get(story.protocol or "", QUICK)


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
