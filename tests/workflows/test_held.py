"""While a journey is held, nobody is told to do anything more for it: invariant 3."""

from schemas.decisions import HoldJourney, LiftHold
from tests.waiting import until
from tests.workflows import therapy
from tests.workflows.clinic import Clinic


async def test_a_stage_in_the_middle_of_its_calls_makes_no_other_while_the_journey_is_held(clinic: Clinic) -> None:
    """The courier is being booked when somebody doubts a label: the receiver is not told before that is settled."""
    clinic.partners.down.add("book_pickup")
    ana = await clinic.enrols()
    await therapy.until_collected(ana)
    await until(lambda: any("book_pickup" in key for key in clinic.partners.tried), "an attempt at the booking")
    await ana.decide(HoldJourney(id="h1", by="qa-07", reason="label_query"))
    clinic.partners.down.clear()
    await ana.fact("partner.told", lambda fact: fact.data["command"] == "book_pickup")
    # What is heard and answered after that shows that the stage has had its turn.
    await ana.outcome_of(await ana.hears("patient.status_changed", status="stable"))
    assert not any("announce_delivery" in key for key in clinic.partners.tried)

    await ana.decide(LiftHold(id="l1", by="qa-07", reason="label_confirmed"))
    await ana.told("announce_delivery")
