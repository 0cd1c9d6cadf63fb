"""EPCIS 2.0, the capture interface: what couriers, laboratories and manufacturers tell in their own systems' words."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from api import epcis_examples as examples
from api.callers import AsOperator, AsPartner
from api.cursors import decode, encode
from api.documented import answer, problems, request_body
from api.epcis import BASE, answered, next_page
from api.json_bodies import read_json
from api.services import Services, Using
from api.transactions import settle
from ledger import epcis_capture
from ledger.epcis_capture import Behaviour, Outcome, Taken
from ledger.tables import EpcisCaptureRow
from schemas.base import Instant
from schemas.facts import EventStatus
from standards.epcis.asked import read_paging
from standards.epcis.described import described
from standards.epcis.reading import Writing, read_document, read_single
from telemetry import metrics

router = APIRouter(tags=["epcis"])

_PLACE = TypeAdapter(tuple[Instant, str])
_REFUSED = ("not_json", "epcis_invalid", "body_too_large", "ledger_unavailable")

OnError = Annotated[
    Behaviour,
    Header(
        alias="GS1-Capture-Error-Behaviour",
        description="Whether the others of a document are captured (`proceed`) where one cannot be.",
    ),
]


@router.post(
    f"{BASE}/capture",
    operation_id="captureEpcisDocument",
    summary="Have an EPCIS document captured",
    status_code=202,
    responses={
        **answer(202, "On record: it will not be lost.", examples.CAPTURE_JOB, location=True),
        **problems("malformed", *_REFUSED),
    },
    openapi_extra=request_body(examples.CAPTURE_BODY, {"application/json": {"type": "object"}}),
)
async def capture_document(
    _caller: AsPartner, using: Using, request: Request, on_error: OnError = Behaviour.ROLLBACK
) -> Response:
    """Keep the document whole, and turn its events into ours.

    The answer comes after the commit, with the job that says what became of each event. `sender` is the source of the
    events. The same document again is the same job.
    """
    body = await request.body()
    return await _captured(using, body, read_document(read_json(body)), on_error)


@router.post(
    f"{BASE}/events",
    operation_id="captureEpcisEvent",
    summary="Have one EPCIS event captured",
    status_code=202,
    responses={
        **answer(202, "On record: it will not be lost.", examples.CAPTURE_JOB, location=True),
        **problems(*_REFUSED),
    },
    openapi_extra=request_body(examples.CAPTURE_EVENT_BODY, {"application/json": {"type": "object"}}),
)
async def capture_event(_caller: AsPartner, using: Using, request: Request) -> Response:
    """As a document with one event and no sender. It can be queried once its journey has had its say on it."""
    body = await request.body()
    return await _captured(using, body, read_single(read_json(body)), Behaviour.ROLLBACK)


@router.get(
    f"{BASE}/capture",
    operation_id="listCaptureJobs",
    summary="List capture jobs",
    responses={
        **answer(200, "Jobs, the newest first; the header `Link` leads to the next page.", examples.CAPTURE_JOBS),
        **problems("epcis_query_invalid", "invalid_cursor", "ledger_unavailable"),
    },
    openapi_extra={"parameters": described("perPage", "nextPageToken")},
)
async def list_jobs(_caller: AsOperator, using: Using, request: Request) -> Response:
    """Every document that was captured, and what became of its events."""
    asked = read_paging(request.query_params.multi_items())
    after = decode("epcis/capture", _PLACE, asked.token)
    async with using.database.reading() as session:
        rows = list(await epcis_capture.jobs(session, after, asked.per_page + 1))
        shown = [await _job(session, row) for row in rows[: asked.per_page]]
    last = rows[asked.per_page - 1] if len(rows) > asked.per_page else None
    token = encode("epcis/capture", [last.received_at, last.id]) if last else None
    return answered(shown, headers=next_page(request, token))


@router.get(
    f"{BASE}/capture/{{job}}",
    operation_id="getCaptureJob",
    summary="What became of a captured document",
    responses={
        **answer(200, "The job.", examples.CAPTURE_JOB),
        **problems("malformed", "unknown_capture", "ledger_unavailable"),
    },
)
async def get_job(
    _caller: AsPartner, using: Using, job: Annotated[str, Path(max_length=64, description="Its `captureID`.")]
) -> Response:
    """By event: captured, kept, disputed, refused or undone, with the reason, and where our own events stand now."""
    async with using.database.reading() as session:
        return answered(await _job(session, await epcis_capture.find(session, job)))


async def _captured(using: Services, body: bytes, writing: Writing, on_error: Behaviour) -> Response:
    async def work(session: AsyncSession) -> Taken:
        return await epcis_capture.take(session, body, writing, on_error, datetime.now(UTC))

    row, standings = await settle(using.database, work)
    for told in (each for event in row.events for each in event["told"]) if standings else ():
        metrics.EVENTS_RECEIVED.labels(told["type"]).inc()
    using.relay.wake(each.journey for each in standings if each.journey and each.status == EventStatus.RECEIVED)
    async with using.database.reading() as session:
        shown = await _job(session, row)
    return answered(shown, 202, {"Location": f"{BASE}/capture/{row.id}"})


async def _job(session: AsyncSession, row: EpcisCaptureRow) -> dict[str, Any]:
    """A job as the standard has it, and beside that what became of each event."""
    now = await epcis_capture.statuses(session, row)
    at = row.received_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    events = [
        {**event, "told": [each | {"status": now.get((each["source"], each["id"]))} for each in event["told"]]}
        for event in row.events
    ]
    return {
        "captureID": row.id,
        "createdAt": at,
        "finishedAt": at,
        "running": False,
        "success": row.success,
        "captureErrorBehaviour": row.behaviour,
        "errors": [_error(event) for event in row.events if event["outcome"] == Outcome.REFUSED],
        "events": events,
    }


def _error(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "epcisException:ValidationException",
        "title": event["reason"],
        "status": 400,
        "detail": event["detail"],
        "instance": event["eventID"],
    }
