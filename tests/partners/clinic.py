"""Commands as a journey gives them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from partners.client import ClewDoor
from partners.simulator.config import PARTIES
from schemas.commands import Acknowledgement, PartnerCommand, command_key
from schemas.deliveries import Outcome
from schemas.identity import Role

COI = "CLEWTESTTESTTESTTESTT"
LONG_AGO = datetime(2024, 1, 8, 9, tzinfo=UTC)

DETAILS: dict[str, dict[str, Any]] = {
    "request_evidence": {"evidence": ["consent", "funding"]},
    "schedule_collection": {"material": "leukapheresis"},
    "book_pickup": {
        "from": "riverside-apheresis",
        "to": "northern-cell-works",
        "containers": ["DN-1-A", "DN-1-B"],
        "temperature": {"min": 2, "max": 8},
        "cargo": "starting_material",
    },
    "announce_delivery": {"from": "swift-courier", "containers": ["DN-1-A"], "cargo": "starting_material"},
    "place_order": {"containers": ["DN-1-A", "DN-1-B"]},
    "request_release_tests": {
        "batch": "B-1",
        "tests": ["sterility", "viability", "gram_stain", "endotoxin", "identity"],
    },
    "request_disposition": {
        "batch": "B-1",
        "doses": ["B-1-1"],
        "signatures": ["quality_assurance", "qualified_person"],
    },
    "clear_conditioning": {"batch": "B-1"},
    "clear_infusion": {"doses": ["B-1-1", "B-1-2"], "thaw_limit": "30m"},
    "request_follow_up": {"visits": {"1": "2024-02-10T09:00:00Z", "2": "2024-02-12T09:00:00Z"}},
    "request_milestones": {"milestones": ["interleukin_started", "interleukin_completed"]},
    "settle_material": {"containers": ["DN-1-B"], "disposition": "destroyed"},
}

ROLES = {
    "request_evidence": Role.TREATMENT_CENTRE,
    "schedule_collection": Role.COLLECTION_CENTRE,
    "cancel_collection": Role.COLLECTION_CENTRE,
    "book_pickup": Role.COURIER,
    "recall_pickup": Role.COURIER,
    "announce_delivery": Role.MANUFACTURER,
    "place_order": Role.MANUFACTURER,
    "cancel_order": Role.MANUFACTURER,
    "request_release_tests": Role.LABORATORY,
    "request_disposition": Role.MANUFACTURER,
    "clear_conditioning": Role.TREATMENT_CENTRE,
    "clear_infusion": Role.TREATMENT_CENTRE,
    "request_follow_up": Role.TREATMENT_CENTRE,
    "request_milestones": Role.TREATMENT_CENTRE,
    "settle_material": Role.MANUFACTURER,
}


def command(
    name: str,
    details: dict[str, Any] | None = None,
    *,
    coi: str = COI,
    order: str = "ORD-7",
    visit: int = 1,
    as_of: datetime = LONG_AGO,
    time_lapse: float = 1,
    traceparent: str | None = None,
) -> PartnerCommand:
    """Rests on facts of long ago, unless told otherwise: all that follows is then said at once."""
    role = ROLES[name]
    return PartnerCommand(
        key=command_key(coi, "stage", name, visit),
        command=name,
        coi=coi,
        order=order,
        role=role,
        partner=PARTIES[role],
        parties=PARTIES,
        stage="stage",
        visit=visit,
        as_of=as_of,
        time_lapse=time_lapse,
        details=DETAILS.get(name, {}) if details is None else details,
        traceparent=traceparent,
    )


def cancelling(name: str, cancelled: PartnerCommand) -> PartnerCommand:
    return command(name, {"cancels": cancelled.key}, coi=cancelled.coi, order=cancelled.order)


def tomorrow() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


async def hand_over(http: httpx.AsyncClient, url: str, asked: PartnerCommand) -> Acknowledgement:
    """Tell a partner something that it is to take."""
    answered = await ClewDoor(http, url).send(asked)
    assert answered.outcome is Outcome.TAKEN, answered.problem
    assert answered.acknowledgement is not None
    return answered.acknowledgement


async def post(url: str, body: PartnerCommand, key: str | None = None) -> httpx.Response:
    """The command as it goes over the wire, without our client."""
    async with httpx.AsyncClient() as http:
        return await http.post(
            f"{url}/commands",
            content=body.model_dump_json(exclude={"traceparent"}),
            headers={"Idempotency-Key": body.key if key is None else key},
        )
