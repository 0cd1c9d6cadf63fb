"""A journey that waits for Temporal starts under the protocol that it was ordered under: invariant 7."""

from ledger import registry
from ledger.database import Database
from schemas.identity import Role, new_coi
from schemas.orders import JourneyOrder
from schemas.partners import PartnerAddress
from schemas.protocols import read_protocol
from tests.ledger.scribe import MORNING


def watch(version: int) -> dict[str, object]:
    stage = {"id": "watch", "kind": "milestone", "milestones": ["seen"], "due": f"{version}d"}
    return {"protocol": "watch", "version": version, "title": "A watch", "stages": [stage]}


async def test_a_version_published_after_the_order_is_for_later_orders(database: Database) -> None:
    first, second = (read_protocol(watch(version)) for version in (1, 2))
    order = JourneyOrder(protocol="watch", order="ORD-1", parties={Role.TREATMENT_CENTRE: "ward"})
    async with database.writing() as session:
        await registry.register_partner(session, "ward", PartnerAddress(url="http://ward"), MORNING)
        await registry.publish(session, first, MORNING)
        ordered = await registry.order_journey(session, order, coi=new_coi(), key=None, traceparent=None, now=MORNING)
    async with database.writing() as session:
        await registry.publish(session, second, MORNING)
    async with database.reading() as session:
        journey = await registry.find_journey(session, ordered.journey.coi)
        start = await registry.start_of(session, journey)
    assert start.protocol == first
    assert journey.protocol_hash == first.hash != second.hash
