import pytest

from ledger.database import Database
from ledger.registry import register_partner
from schemas.partners import PartnerAddress
from tests.ledger.courier import COURIER, Courier
from tests.ledger.scribe import MORNING


@pytest.fixture
async def courier(database: Database) -> Courier:
    async with database.writing() as session:
        await register_partner(session, COURIER, PartnerAddress(url="http://courier"), MORNING)
    return Courier(database)
