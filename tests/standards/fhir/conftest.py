"""Whole therapies, mishaps and cancellations, as journeys on a real server put them on record."""

from collections.abc import AsyncIterator

import pytest

from schemas.entries import Entry
from tests.standards.fhir.told import recorded
from tests.workflows.clinic import Clinic
from tests.workflows.conftest import real_server, working
from tests.workflows.record import STORIES


@pytest.fixture(scope="session")
async def records() -> AsyncIterator[dict[str, list[Entry]]]:
    """The record of every story."""
    async with real_server() as server:
        clinic = Clinic(server.client)
        async with working(server.client, clinic.ledger, clinic.partners):
            told = {}
            for name, (protocol, story) in STORIES.items():
                ana = await clinic.enrols(protocol)
                await story(ana)
                await ana.status()
                told[name] = recorded(ana.facts(), ana.coi)
            yield told
