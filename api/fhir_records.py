"""Resources as the record has them now, or had them at a version."""

from sqlalchemy.ext.asyncio import AsyncSession

from ledger.entries import LARGEST_SEQ, read_entries
from ledger.registry import find_journey
from ledger.tables import JourneyRow
from schemas.errors import NotFound
from standards.fhir.ids import journey_of
from standards.fhir.requests import ordered
from standards.fhir.systems import Element
from standards.fhir.told import TYPES, document, resources


def known_type(kind: str) -> str:
    """Raises `NotFound` (`unknown_resource`)."""
    if kind not in TYPES:
        raise NotFound("unknown_resource", f"There are resources of the types {', '.join(TYPES)}.")
    return kind


async def told(
    session: AsyncSession, journey: JourneyRow, kind: str | None = None, until: int = LARGEST_SEQ
) -> list[Element]:
    """A journey's resources, of one type or all. One that is on record and has not started is its order alone."""
    found = resources(await read_entries(session, journey.coi, until), kind)
    has_order = any(each["resourceType"] == "ServiceRequest" for each in found)
    return found if has_order or kind not in (None, "ServiceRequest") else [order_on_record(journey), *found]


def order_on_record(journey: JourneyRow) -> Element:
    """The order as it was recorded, before anything came of it."""
    order = {"order": journey.order_number, "protocol": journey.protocol, "version": journey.version}
    return ordered(journey.coi, {**order, "parties": journey.parties}, journey.ordered_at)


async def find_resource(session: AsyncSession, kind: str, identity: str, version: int | None = None) -> Element:
    """One resource, as it is or in a version: the number of an entry. Raises `NotFound` (`unknown_resource`)."""
    known_type(kind)
    journey = await _journey(session, identity)
    found = await told(session, journey, kind, LARGEST_SEQ if version is None else version)
    for each in found:
        if each["id"] == identity and version in (None, int(each["meta"]["versionId"])):
            return each
    raise _unknown()


async def whole_journey(session: AsyncSession, coi: str, base: str) -> Element:
    """Everything of a journey in one document. Raises `NotFound` (`unknown_journey`)."""
    journey = await find_journey(session, coi)
    found = await told(session, journey)
    return document(coi, max(found, key=lambda each: int(each["meta"]["versionId"]))["meta"], found, base)


async def _journey(session: AsyncSession, identity: str) -> JourneyRow:
    coi = journey_of(identity)
    if coi is not None:
        try:
            return await find_journey(session, coi)
        except NotFound:
            pass
    raise _unknown()


def _unknown() -> NotFound:
    return NotFound("unknown_resource", "There is no such FHIR resource, or not in that version.")
