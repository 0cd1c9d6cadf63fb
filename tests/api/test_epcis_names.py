"""Things that partners call by their GS1 names, in whichever spelling their systems write them."""

import pytest

from ledger.tables import IdentifierRow
from schemas.identity import new_coi
from tests.api.clinic import Clinic
from tests.api.test_epcis_capture import BOL, captured, inbox
from tests.standards.epcis.test_heard import single

SPELLINGS = [
    "https://id.gs1.org/01/09506000134352/21/A1",
    "http://id.gs1.org/01/09506000134352/21/A1",
    "https://id.cellworks.example/some/where/01/09506000134352/10/LOT-7/21/A1?17=271200",
    "https://id.gs1.org/01/09506000134352/22/V1/10/LOT-7/21/A1",
    "urn:epc:id:sgtin:9506000.013435.A1",
]


@pytest.mark.parametrize("link", SPELLINGS)
async def test_a_gs1_name_is_read_as_the_key_that_the_crosswalk_knows(desk: Clinic, link: str) -> None:
    key = "010950600013435221A1"
    async with desk.database.writing() as session:
        session.add(IdentifierRow(value=key, journey=new_coi(), kind="container"))
    other = "https://id.gs1.org/01/09506000134352/21/A2"
    await captured(desk, single(bizStep="receiving", epcList=[link, other]))
    (row,) = await inbox(desk)
    assert row.event["data"]["containers"] == [key, other]
    assert (row.subject, row.status) == (key, "received")


async def test_a_shipper_is_known_by_its_sscc_too(desk: Clinic) -> None:
    """It stands as the parent, and is none of what is counted."""
    key = "00095060001343520017"
    async with desk.database.writing() as session:
        session.add(IdentifierRow(value=key, journey=new_coi(), kind="sscc"))
    packed = {"type": "AggregationEvent", "action": "ADD", "epcList": None, "childEPCs": ["urn:clew:container:BAG-1"]}
    shipper = {"parentID": "urn:epc:id:sscc:9506000.0134352001"}
    await captured(desk, single(bizStep="departing", bizTransactionList=BOL, **packed, **shipper))
    (row,) = await inbox(desk)
    assert (row.event["data"]["shipper"], row.event["data"]["containers"]) == (key, ["BAG-1"])
