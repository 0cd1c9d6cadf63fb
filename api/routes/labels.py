"""Labels: issued, printed, applied, settled, accounted for."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import AfterValidator, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from api import label_examples as examples
from api.callers import AsPerson
from api.cursors import Cursor, Limit, Page, decode, page
from api.documented import answer, problems, request_body
from api.label_answers import LabelSetSummary, LabelSetView, set_summary, set_view
from api.services import Services, Using
from api.transactions import settle
from ledger import labels, queries
from ledger.label_pages import LabelPages
from ledger.registry import find_journey
from schemas.base import Instant
from schemas.identity import CoiId
from schemas.label_desk import ApplyLabel, NewLabelSet, PrintLabels, ReconcileLabels, SettleLabels, each_once
from schemas.labels import LabelNumber, SetId
from standards.labels.pdf import Paper
from standards.labels.sheet import SheetFormat, sheet
from standards.labels.zpl import Dpi

router = APIRouter(prefix="/v1", tags=["labels"])

Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", pattern=r"^[!-~]{1,120}$", description="The same key again: the same set."),
]

_PLACE = TypeAdapter(tuple[Instant, SetId])
_SAID = ("malformed", "not_json", "unknown_label_set", "unknown_label", "ledger_unavailable")


@router.post(
    "/journeys/{coi}/labels",
    operation_id="issueLabels",
    summary="Issue labels for a stage",
    status_code=201,
    response_model=LabelSetView,
    responses={
        **answer(201, "Issued; the stage does not end before all of them are accounted for.", examples.ISSUED),
        **problems(
            "malformed",
            "not_json",
            "label_text_too_long",
            "unknown_journey",
            "idempotency_conflict",
            "journey_closed",
            "journey_leaving",
            "stage_done",
            "identity_held",
            "identifier_in_use",
            "material_not_available",
            "ledger_unavailable",
        ),
    },
    openapi_extra=request_body(examples.NEW_SET_BODY),
)
async def issue_labels(
    _caller: AsPerson, using: Using, coi: CoiId, asked: NewLabelSet, key: Key = None
) -> LabelSetView:
    """Each label has a number of its own that is never given twice. The journey is told in the same transaction."""

    async def work(session: AsyncSession) -> LabelPages:
        return await labels.issue(session, coi, asked, using.settings.gs1_prefix, datetime.now(UTC), key=key)

    # A name that was given before is refused by the database, and another is taken.
    pages = await settle(using.database, work)
    using.relay.wake([coi])
    return set_view(pages)


@router.get(
    "/journeys/{coi}/labels",
    operation_id="listLabelSets",
    summary="A journey's label sets",
    response_model=Page[LabelSetSummary],
    responses={
        **answer(200, "Sets, the oldest first, with their account so far.", examples.SET_PAGE),
        **problems("malformed", "unknown_journey", "invalid_cursor", "ledger_unavailable"),
    },
)
async def list_label_sets(
    _caller: AsPerson, using: Using, coi: CoiId, cursor: Cursor = None, limit: Limit = 50
) -> Page[LabelSetSummary]:
    """An open set is what its stage waits for."""
    async with using.database.reading() as session:
        await find_journey(session, coi)
    return await _sets(using, f"labels/{coi}", cursor, limit, journey=coi)


@router.get(
    "/labels",
    operation_id="listAllLabelSets",
    summary="Label sets of all journeys",
    response_model=Page[LabelSetSummary],
    responses={
        **answer(200, "Sets, the oldest first, with their account so far.", examples.SET_PAGE),
        **problems("malformed", "invalid_cursor", "ledger_unavailable"),
    },
)
async def list_all_label_sets(
    _caller: AsPerson,
    using: Using,
    status: Annotated[Literal["open", "reconciled"] | None, Query(description="Only in this status.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[LabelSetSummary]:
    """What is open here and belongs to a journey that has ended, no stage waits for: somebody has to look for it."""
    reconciled = None if status is None else status == "reconciled"
    return await _sets(using, "labels", cursor, limit, reconciled=reconciled)


@router.get(
    "/labels/{label_set}",
    operation_id="getLabelSet",
    summary="A set of labels",
    response_model=LabelSetView,
    responses={
        **answer(200, "The set, with every label.", examples.ISSUED),
        **problems("malformed", "unknown_label_set", "ledger_unavailable"),
    },
)
async def get_label_set(_caller: AsPerson, using: Using, label_set: SetId) -> LabelSetView:
    """Where each label is, and who had it last."""
    async with using.database.reading() as session:
        return set_view(await labels.find(session, label_set))


@router.get(
    "/labels/{label_set}/sheet",
    operation_id="drawLabels",
    summary="Labels to print",
    response_class=Response,
    responses={
        200: {"description": "The labels.", "content": examples.SHEETS},
        **problems(
            "malformed",
            "unknown_label_set",
            "unknown_label",
            "identity_held",
            "label_settled",
            "labels_missing",
            "ledger_unavailable",
        ),
    },
)
async def draw_labels(
    _caller: AsPerson,
    using: Using,
    label_set: SetId,
    format: Annotated[SheetFormat, Query(description="The form of the document.")] = SheetFormat.PDF,  # noqa: A002
    dpi: Annotated[Dpi, Query(description="Of the printer; for ZPL.")] = Dpi.DPI_203,
    paper: Annotated[Paper, Query(description="One label a page, or sheets of A4; for PDF.")] = Paper.LABEL,
    label: Annotated[
        list[LabelNumber] | None,
        AfterValidator(each_once),
        Query(description="Only these, each once. Left out: all that are open.", max_length=500),
    ] = None,
) -> Response:
    """Drawing notes nothing: say that they were printed with `POST …/print`. Before that no label can be applied."""
    async with using.database.reading() as session:
        content, drawn, of = await labels.to_draw(session, label_set, label)
    body = await asyncio.to_thread(sheet, content, drawn, of, format, dpi=dpi, paper=paper)
    return Response(body, media_type=format.media_type)


@router.post(
    "/labels/{label_set}/print",
    operation_id="printLabels",
    summary="Labels were printed",
    response_model=LabelSetView,
    responses={
        **answer(200, "The n-th print of each is on record.", examples.PRINTED),
        **problems(*_SAID, "identity_held", "label_settled", "reprint_reason_missing"),
    },
    openapi_extra=request_body(examples.PRINT_BODY),
)
async def print_labels(_caller: AsPerson, using: Using, label_set: SetId, asked: PrintLabels) -> LabelSetView:
    """A label that was printed before is printed again for a reason only."""
    async with using.database.writing() as session:
        return set_view(await labels.print_(session, label_set, asked, datetime.now(UTC)))


@router.post(
    "/labels/{label_set}/apply",
    operation_id="applyLabel",
    summary="A label was applied",
    response_model=LabelSetView,
    responses={
        **answer(200, "It is used.", examples.APPLIED),
        **problems(
            *_SAID,
            "label_mismatch",
            "label_not_printed",
            "label_settled",
            "identity_held",
            "identifier_in_use",
            "material_not_available",
            "container_labelled",
            "witness_missing",
        ),
    },
    openapi_extra=request_body(examples.APPLY_BODY),
)
async def apply_label(_caller: AsPerson, using: Using, label_set: SetId, asked: ApplyLabel) -> LabelSetView:
    """Scan the label, then what bears it: one that was made for another container is refused."""
    async with using.database.writing() as session:
        return set_view(await labels.apply_label(session, label_set, asked, datetime.now(UTC)))


@router.post(
    "/labels/{label_set}/destroy",
    operation_id="destroyLabels",
    summary="Labels were destroyed",
    response_model=LabelSetView,
    responses={
        **answer(200, "They are destroyed.", examples.SETTLED),
        **problems(*_SAID, "label_not_printed", "label_settled"),
    },
    openapi_extra=request_body(examples.SETTLE_BODY),
)
async def destroy_labels(_caller: AsPerson, using: Using, label_set: SetId, asked: SettleLabels) -> LabelSetView:
    """Of printed labels that nobody used."""
    return await _settled(using, label_set, "labels.destroyed", asked)


@router.post(
    "/labels/{label_set}/return",
    operation_id="returnLabels",
    summary="Labels were returned",
    response_model=LabelSetView,
    responses={
        **answer(200, "They are back.", examples.SETTLED),
        **problems(*_SAID, "label_not_printed", "label_settled"),
    },
    openapi_extra=request_body(examples.SETTLE_BODY),
)
async def return_labels(_caller: AsPerson, using: Using, label_set: SetId, asked: SettleLabels) -> LabelSetView:
    """Of printed labels that went back to whoever issued them."""
    return await _settled(using, label_set, "labels.returned", asked)


@router.post(
    "/labels/{label_set}/void",
    operation_id="voidLabels",
    summary="Take labels out before their use",
    response_model=LabelSetView,
    responses={
        **answer(200, "They are void, and count as destroyed.", examples.SETTLED),
        **problems(*_SAID, "label_settled"),
    },
    openapi_extra=request_body(examples.SETTLE_BODY),
)
async def void_labels(_caller: AsPerson, using: Using, label_set: SetId, asked: SettleLabels) -> LabelSetView:
    """The only way for a label that was never printed."""
    return await _settled(using, label_set, "labels.voided", asked)


@router.post(
    "/labels/{label_set}/reconcile",
    operation_id="reconcileLabels",
    summary="Sign the account of a set",
    response_model=LabelSetView,
    responses={
        **answer(200, "Accounted for; the stage need not wait for this set.", examples.RECONCILED),
        **problems(*_SAID, "labels_unaccounted", "witness_missing", "labels_reconciled"),
    },
    openapi_extra=request_body(examples.RECONCILE_BODY),
)
async def reconcile_labels(_caller: AsPerson, using: Using, label_set: SetId, asked: ReconcileLabels) -> LabelSetView:
    """Labels issued = used + destroyed + returned, number by number; otherwise the missing ones are named."""
    async with using.database.writing() as session:
        pages = await labels.reconcile(session, label_set, asked, datetime.now(UTC))
    view = set_view(pages)
    using.relay.wake([view.journey])
    return view


async def _settled(using: Services, label_set: str, kind: str, asked: SettleLabels) -> LabelSetView:
    async with using.database.writing() as session:
        return set_view(await labels.settle(session, label_set, kind, asked, datetime.now(UTC)))


async def _sets(
    using: Services,
    route: str,
    cursor: str | None,
    limit: int,
    *,
    journey: str | None = None,
    reconciled: bool | None = None,
) -> Page[LabelSetSummary]:
    after = decode(route, _PLACE, cursor)
    async with using.database.reading() as session:
        rows = await queries.label_sets(session, journey=journey, reconciled=reconciled, after=after, limit=limit + 1)
        counts = await queries.label_counts(session, [each.id for each in rows])
    return page(
        rows,
        limit,
        route,
        lambda row: (row.issued_at, row.id),
        lambda row: set_summary(row.model_dump(), counts.get(row.id, {})),
    )
