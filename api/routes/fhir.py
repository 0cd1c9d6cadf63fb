"""HL7 FHIR R4: a journey's record as resources, and orders as ServiceRequests."""

from importlib.metadata import version
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Header, HTTPException, Path, Request, Response
from fastapi.responses import JSONResponse

from api import fhir_examples as examples
from api.callers import AsPartner, AsPerson, AsPublic
from api.documented import problems
from api.fhir_examples import fhir_answer, fhir_body, fhir_problems
from api.fhir_records import find_resource, known_type, whole_journey
from api.fhir_refusals import FHIR
from api.fhir_search import read_search, search
from api.fhir_writing import etag, place_order, revoke
from api.services import Services, Using
from schemas.errors import NotFound, TooLarge
from standards.fhir.capability import MEDIA_TYPE, capability
from standards.fhir.ids import order_id
from standards.fhir.systems import Element

router = APIRouter(tags=["fhir"])

LARGEST_FORM = 10_000
"""Bytes of a search that is posted."""

_FORM = "application/x-www-form-urlencoded"

Kind = Annotated[str, Path(description="The type of the resource, as `/fhir/R4/metadata` lists them.")]
Id = Annotated[str, Path(description="The resource's id.")]
Prefer = Annotated[
    str | None,
    Header(description="`handling=strict`: refuse what is not known. `return=minimal`: no body in the answer."),
]
_ASKED = ("malformed", "unknown_search_parameter", "invalid_cursor", "unknown_resource", "ledger_unavailable")


class FhirResponse(JSONResponse):
    media_type = MEDIA_TYPE


@router.get(
    f"{FHIR}/metadata",
    operation_id="fhirMetadata",
    summary="What the FHIR interface can do",
    response_class=FhirResponse,
    responses=fhir_answer(200, "A CapabilityStatement.", {"The interface": examples.CAPABILITY}),
)
async def metadata(_caller: AsPublic, request: Request) -> Response:
    """Types, interactions and search parameters."""
    return FhirResponse(capability(_base(request), version("clew")))


@router.post(
    f"{FHIR}/ServiceRequest",
    operation_id="fhirCreateServiceRequest",
    summary="Order a therapy",
    status_code=201,
    response_class=FhirResponse,
    responses={
        **fhir_answer(200, "The order is on record already.", {"The order": examples.REQUEST}),
        **fhir_answer(201, "The order is on record, and its journey starts.", {"The order": examples.REQUEST}),
        **fhir_problems(
            "malformed",
            "not_json",
            "party_missing",
            "unknown_partner",
            "unknown_protocol",
            "order_exists",
            "identifier_in_use",
            "body_too_large",
            "unsupported_media_type",
            "ledger_unavailable",
        ),
    },
    openapi_extra=fhir_body({"An order for a patient of the hospital's": examples.ORDER}),
)
async def create_service_request(
    _caller: AsPartner,
    using: Using,
    request: Request,
    prefer: Prefer = None,
    _if_none_exist: Annotated[
        str | None, Header(alias="If-None-Exist", description="`identifier=urn:clew:order|` and the order number.")
    ] = None,
) -> Response:
    """Start the journey that the ServiceRequest asks for, under the protocol and with the parties that it names.

    Only these, and the order number, are kept. The same order again is the same journey.
    """
    order = await place_order(using, request.headers, await request.body())
    async with using.database.reading() as session:
        resource = await find_resource(session, "ServiceRequest", order_id(order.journey.coi))
    place = f"{_url(request, resource)}/_history/{resource['meta']['versionId']}"
    answer = _shown(resource, 201 if order.fresh else 200, minimal="return=minimal" in (prefer or ""))
    answer.headers["Location"] = place
    return answer


@router.put(
    f"{FHIR}/ServiceRequest/{{id}}",
    operation_id="fhirRevokeServiceRequest",
    summary="Revoke an order",
    response_class=FhirResponse,
    responses={
        **fhir_answer(200, "The order is revoked.", {"The order": examples.REVOKED}),
        **fhir_answer(202, "It is on record; the journey takes it up.", {"The order, as it is": examples.REQUEST}),
        **fhir_problems(
            "malformed",
            "not_json",
            "unknown_resource",
            "identifier_in_use",
            "update_refused",
            "journey_closed",
            "version_outdated",
            "body_too_large",
            "unsupported_media_type",
            "ledger_unavailable",
        ),
    },
    openapi_extra=fhir_body({"The order, revoked": examples.REVOCATION}),
)
async def revoke_service_request(
    _caller: AsPartner,
    using: Using,
    request: Request,
    id: Id,  # noqa: A002  the name that the standard gives it
    _if_match: Annotated[str | None, Header(alias="If-Match", description="The version that is revoked.")] = None,
) -> Response:
    """The patient has withdrawn: the journey is wound up. Nothing else of an order can be changed."""
    resource, acted = await revoke(using, id, request.headers, await request.body())
    return _shown(resource, 200 if acted else 202)


@router.get(
    f"{FHIR}/{{kind}}",
    operation_id="fhirSearch",
    summary="Search resources of a type",
    response_class=FhirResponse,
    responses={
        **fhir_answer(200, "A page of what fits.", {"One page": examples.SEARCHSET}),
        **fhir_problems(*_ASKED),
    },
)
async def search_type(
    _caller: AsPartner, using: Using, request: Request, kind: Kind, prefer: Prefer = None
) -> Response:
    """Parameters as `/fhir/R4/metadata` lists them, beside `_count`; follow the link `next` for more."""
    return await _searched(using, request, kind, request.query_params.multi_items(), prefer)


@router.post(
    f"{FHIR}/{{kind}}/_search",
    operation_id="fhirPostSearch",
    summary="Search, with the parameters in the body",
    response_class=FhirResponse,
    responses={
        **fhir_answer(200, "A page of what fits.", {"One page": examples.SEARCHSET}),
        **fhir_problems(*_ASKED, "body_too_large", "unsupported_media_type"),
    },
    openapi_extra={
        "requestBody": {
            "content": {
                _FORM: {
                    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
                    "example": {"status": "active"},
                }
            }
        }
    },
)
async def post_search(
    _caller: AsPartner, using: Using, request: Request, kind: Kind, prefer: Prefer = None
) -> Response:
    """The same search; identifiers stay out of the logs of whoever is on the way."""
    form = await _form(request)
    given = [*request.query_params.multi_items(), *parse_qsl(form, keep_blank_values=True)]
    return await _searched(using, request, kind, given, prefer)


@router.get(
    f"{FHIR}/{{kind}}/{{id}}",
    operation_id="fhirRead",
    summary="One resource",
    response_class=FhirResponse,
    responses={
        **fhir_answer(200, "The resource as it is now.", {"An order": examples.REQUEST}),
        304: {"description": "It still has the version that `If-None-Match` names.", "content": {}},
        **fhir_problems("unknown_resource", "ledger_unavailable"),
    },
)
async def read(
    _caller: AsPartner,
    using: Using,
    kind: Kind,
    id: Id,  # noqa: A002
    if_none_match: Annotated[str | None, Header(description="A version that the caller has.")] = None,
) -> Response:
    """Made from the journey's record; its version is the entry that changed it last."""
    async with using.database.reading() as session:
        resource = await find_resource(session, kind, id)
    if if_none_match == etag(resource):
        return Response(status_code=304, headers={"ETag": etag(resource)})
    return _shown(resource)


@router.get(
    f"{FHIR}/{{kind}}/{{id}}/_history/{{version}}",
    operation_id="fhirReadVersion",
    summary="One version of a resource",
    response_class=FhirResponse,
    responses={
        **fhir_answer(200, "The resource as it was.", {"An order": examples.REQUEST}),
        **fhir_problems("unknown_resource", "ledger_unavailable"),
    },
)
async def read_version(
    _caller: AsPartner,
    using: Using,
    kind: Kind,
    id: Id,  # noqa: A002
    number: Annotated[str, Path(alias="version", description="The number of the entry that made it.")],
) -> Response:
    """Made from the journey's record up to that entry."""
    if not number.isascii() or not number.isdecimal() or len(number) > 10:
        raise NotFound("unknown_resource", "There is no such FHIR resource, or not in that version.")
    async with using.database.reading() as session:
        return _shown(await find_resource(session, kind, id, int(number)))


@router.get(
    "/v1/journeys/{coi}/fhir",
    operation_id="readJourneyAsFhir",
    summary="A journey as a FHIR R4 document",
    response_class=FhirResponse,
    responses={
        **fhir_answer(200, "A Bundle of the type `collection`.", {"A journey just ordered": examples.DOCUMENT}),
        **problems("unknown_journey", "ledger_unavailable"),
    },
)
async def read_journey_as_fhir(_caller: AsPerson, using: Using, request: Request, coi: str) -> Response:
    """Every resource that the journey's record tells of."""
    async with using.database.reading() as session:
        return FhirResponse(await whole_journey(session, coi, _base(request)))


async def _form(request: Request) -> str:
    """What was posted. Raises `TooLarge`, and `HTTPException` 415 for what is no form."""
    body = await request.body()
    if body and request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise HTTPException(415)
    if len(body) > LARGEST_FORM:
        raise TooLarge("body_too_large", f"A search has at most {LARGEST_FORM:,} bytes.")
    return body.decode("utf-8", "replace")


async def _searched(
    using: Services, request: Request, kind: str, given: list[tuple[str, str]], prefer: str | None
) -> Response:
    strict = "handling=strict" in (prefer or "")
    asked = read_search(known_type(kind), given, _base(request), strict=strict)
    async with using.database.reading() as session:
        return FhirResponse(await search(session, asked))


def _shown(resource: Element, status: int = 200, *, minimal: bool = False) -> Response:
    headers = {"ETag": etag(resource)}
    if minimal:
        return Response(status_code=status, headers=headers)
    shown: Any = resource
    return FhirResponse(shown, status_code=status, headers=headers)


def _base(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}{FHIR}"


def _url(request: Request, resource: Element) -> str:
    return f"{_base(request)}/{resource['resourceType']}/{resource['id']}"
