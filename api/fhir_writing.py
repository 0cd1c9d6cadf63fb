"""What is written through FHIR: an order, and that it is revoked. Nothing else of what is sent is kept anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException

from api.fhir_records import find_resource
from api.json_bodies import read_json
from api.ordering import take_order
from api.services import Services
from api.tracing import traceparent_of
from ledger.finding import journey_by_order
from ledger.inbox import Incoming
from ledger.tables import JourneyRow
from schemas.errors import ClewError, Conflict, Flaw, Invalid, Outdated
from schemas.events import OUR_SOURCES, PartnerEvent, write_event
from standards.fhir import systems
from standards.fhir.ids import journey_of
from standards.fhir.incoming import SentRequest, flaw, read_request
from standards.fhir.ordering import Asked, read_order, status_reason
from standards.fhir.systems import Element

SOURCE = OUR_SOURCES + "fhir"
"""The source of events that come in as a change of a ServiceRequest."""

_READ = frozenset({"application/fhir+json", "application/json"})


@dataclass(frozen=True, slots=True)
class Order:
    """A journey on record. `fresh`: this request put it there."""

    journey: JourneyRow
    fresh: bool


def read_body(headers: Mapping[str, str], raw: bytes) -> SentRequest:
    """Raises `Invalid` (`not_json`, `malformed`), and `HTTPException` 415 for what is not FHIR's JSON."""
    header = Message()
    header["Content-Type"] = headers.get("content-type", "")
    if header.get_content_type() not in _READ or header.get_content_charset("utf-8") != "utf-8":
        raise HTTPException(415)
    return read_request(read_json(raw))


async def place_order(using: Services, headers: Mapping[str, str], raw: bytes) -> Order:
    """Start the journey that a ServiceRequest asks for, or find the one that it, or its condition, has started.

    Raises what `take_order` does, with pointers into the request.
    """
    asked = read_order(read_body(headers, raw))
    number = _unless_there(headers.get("if-none-exist"))
    if number is not None:
        async with using.database.reading() as session:
            before = await journey_by_order(session, number)
        if before is not None:
            return Order(before, fresh=False)
    try:
        taken = await take_order(using, asked.order, traceparent=traceparent_of(headers), by_number=True)
    except ClewError as error:
        raise _placed(error, asked) from None
    return Order(taken.journey, taken.fresh)


async def revoke(using: Services, identity: str, headers: Mapping[str, str], raw: bytes) -> tuple[Element, bool]:
    """Take that an order is revoked as its patient's withdrawal, in the inbox; whether the journey has acted on it.

    The same again changes nothing more. Raises `NotFound` (`unknown_resource`), `Invalid` (`malformed`), `Outdated`
    (`version_outdated`) and `Conflict` (`identifier_in_use`, `update_refused`, `journey_closed`).
    """
    sent = read_body(headers, raw)
    async with using.database.reading() as session:
        present = await find_resource(session, "ServiceRequest", identity)
    _is_about(sent, present)
    if headers.get("if-match") not in (None, "*", etag(present)):
        raise Outdated("version_outdated", "The resource has another version by now; read it again.")
    if sent.status != "revoked":
        flaws = [Flaw(pointer="/status", code="update_refused", detail="`revoked` is the only one that can be written")]
        raise Conflict("update_refused", "Only the status `revoked` can be written to a ServiceRequest.", flaws)
    if present["status"] == "completed":
        raise Conflict("journey_closed", "The journey is completed; its order cannot be revoked any more.")
    if present["status"] != "revoked":
        await _withdrawn(using, sent, identity)
        async with using.database.reading() as session:
            present = await find_resource(session, "ServiceRequest", identity)
    return present, bool(present["status"] == "revoked")


def etag(resource: Element) -> str:
    """A weak one, as FHIR wants it: the version's number."""
    return f'W/"{resource["meta"]["versionId"]}"'


async def _withdrawn(using: Services, sent: SentRequest, identity: str) -> None:
    event = PartnerEvent(
        source=SOURCE,
        id=f"{identity}/revoked",
        type="patient.withdrawn",
        subject=str(journey_of(identity)),
        occurred_at=datetime.now(UTC),
        data={"reason": status_reason(sent)},
    )
    try:
        await using.reception.receive([Incoming(event, write_event(event))])
    except Conflict as error:
        # It was revoked before, at another moment: the first one counts.
        if error.code != "event_conflict":
            raise


def _is_about(sent: SentRequest, present: Element) -> None:
    """Whether what was sent is this order and no other: identity comes before anything that is asked."""
    if sent.id != present["id"]:
        raise Invalid(
            "malformed", "The body is not of the resource in the path.", [flaw("/id", "another than the path's")]
        )
    number = present["identifier"][0]["value"]
    flaws = [
        flaw(place, "the number of another order") for place, value in sent.named(systems.ORDER) if value != number
    ]
    if sent.patient() not in (None, journey_of(present["id"])):
        flaws.append(flaw("/subject/identifier", "the chain-of-identity id of another journey"))
    if flaws:
        raise Conflict("identifier_in_use", "The request names what is not this order's.", flaws)


def _unless_there(condition: str | None) -> str | None:
    """The order number in `If-None-Exist: identifier=urn:clew:order|…`; None without one of ours."""
    if condition is None:
        return None
    given = parse_qsl(condition.removeprefix("?"), keep_blank_values=True)
    if len(given) != 1 or given[0][0] != "identifier" or not given[0][1] or not given[0][1].isprintable():
        found = Flaw(
            pointer="/header/If-None-Exist", code="malformed", detail="`identifier=` and one token is understood"
        )
        raise Invalid("malformed", "The condition of the create cannot be read.", [found])
    system, _, number = given[0][1].rpartition("|")
    return number if system in ("", systems.ORDER) else None


def _placed(error: ClewError, asked: Asked) -> ClewError:
    return type(error)(error.code, error.detail, asked.placed(error.errors))
