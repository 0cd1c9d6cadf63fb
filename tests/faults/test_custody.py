"""Custody as traceability systems read it, from Clew as it runs: real processes, simulated partners."""

from pathlib import Path

import pytest

from tests.api.custody import events
from tests.faults.afterwards import nothing_was_lost_or_done_twice
from tests.faults.neighbourhood import all_treated, journeys_of, neighbourhood
from tests.faults.site import Site
from tests.standards.epcis.schema import known_flaws

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("protocol", ["autologous-car-t", "til"])
async def test_a_therapy_that_partners_told_is_valid_epcis_from_end_to_end(
    site: Site, tmp_path: Path, protocol: str
) -> None:
    async with neighbourhood(site, tmp_path, 71, protocol=protocol) as city:
        await all_treated(site, city, within=120)
        await nothing_was_lost_or_done_twice(site, city)
        journeys = await journeys_of(site, city)
        assert journeys
        for coi in journeys:
            document = (await site.http.get(f"/v1/journeys/{coi}/epcis")).json()
            assert known_flaws(document) == []
            told = document["epcisBody"]["eventList"]
            steps = [each["bizStep"] for each in told]
            assert steps[0] == "commissioning" and steps.count("departing") == steps.count("receiving") == 2
            doses = {each for event in told for each in event.get("outputEPCList", ())}
            assert doses
            for dose in doses:
                followed = await events(site.http, MATCH_anyEPC=dose)
                assert followed and all(each in told for each in followed)
