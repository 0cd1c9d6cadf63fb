"""Journeys on a Temporal server, with fakes at the edges."""

import pytest

from schemas.facts import JourneyStatus
from tests.workflows import therapy
from tests.workflows.clinic import Clinic


@pytest.mark.parametrize("protocol", ["autologous-car-t", "til"])
async def test_a_therapy_goes_from_enrolment_to_follow_up(clinic: Clinic, protocol: str) -> None:
    ana = await clinic.enrols(protocol)
    await therapy.whole(ana)
    assert await ana.status() is JourneyStatus.COMPLETED
    assert ana.facts()[-1].type == "journey.completed"
    assert [fact.seq for fact in ana.facts()] == list(range(1, len(ana.facts()) + 1))
