"""The quality-control laboratory: tests a batch against its specification."""

from collections.abc import Callable
from random import Random

from partners.simulator import durations
from partners.simulator.milestones import reach_milestones
from partners.simulator.practice import Practice, only_acknowledge
from partners.simulator.story import CommandStory
from schemas.identity import Role

Result = dict[str, str]


def _percent(least: int, lowest: int, highest: int) -> Callable[[Random], Result]:
    """A percentage that passes when it is at least `least`."""

    def measure(chance: Random) -> Result:
        return {"result": str(chance.randint(lowest, highest)), "unit": "%", "specification": f">={least}%"}

    return measure


def _no_growth(_chance: Random) -> Result:
    return {"result": "no_growth", "specification": "no_growth"}


def _endotoxin(chance: Random) -> Result:
    return {"result": f"<{chance.choice((0.25, 0.5, 1))}", "unit": "EU/mL", "specification": "<5"}


def _negative(_chance: Random) -> Result:
    return {"result": "negative", "specification": "negative"}


def _conforms(_chance: Random) -> Result:
    return {"result": "conforms", "specification": "conforms"}


METHODS: dict[str, Callable[[Random], Result]] = {
    "sterility": _no_growth,
    "viability": _percent(least=70, lowest=74, highest=97),
    "potency": _percent(least=20, lowest=24, highest=80),
    "endotoxin": _endotoxin,
    "gram_stain": _negative,
}
"""How a test is done; any other is a comparison that conforms."""


def run_tests(story: CommandStory) -> None:
    """All tests start at once; each is reported when its method is done."""
    batch = story.details["batch"]
    for test in story.details["tests"]:
        story.meanwhile()
        story.takes(durations.TESTS.get(test, durations.OTHER_TEST))
        result = METHODS.get(test, _conforms)(story.chance)
        story.says("test.reported", batch, batch=batch, test=test, passed=True, **result)


LABORATORY = Practice(
    role=Role.LABORATORY,
    commands={
        "request_release_tests": run_tests,
        "request_milestones": reach_milestones,
        "announce_delivery": only_acknowledge,
        "settle_material": only_acknowledge,
    },
    has_dock=True,
)
