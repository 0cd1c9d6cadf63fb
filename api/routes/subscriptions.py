"""Subscriptions: the ledger's feed, sent to whoever asks for it, as signed webhooks."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import TypeAdapter

from api import examples
from api.answers import SubscriptionView, SubscriptionWithSecret
from api.callers import AsOperator
from api.cursors import Cursor, Limit, Page, decode, page
from api.documented import answer, problems, request_body
from api.services import Services, Using
from ledger import queries, subscriptions
from ledger.tables import SubscriptionRow
from partners.addresses import NotAllowed, find_place
from schemas.base import Code, Identifier, Instant
from schemas.errors import Flaw, Invalid
from schemas.operations import Said
from schemas.subscriptions import ChangedSubscription, NewSubscription, Replay, Standing, SubscriptionId

router = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"])

_PLACE = TypeAdapter(tuple[Instant, SubscriptionId])
_SPOKEN = ("malformed", "not_json", "unknown_subscription", "subscription_removed", "ledger_unavailable")


@router.post(
    "",
    operation_id="createSubscription",
    summary="Have the feed sent",
    status_code=201,
    response_model=SubscriptionWithSecret,
    responses={
        **answer(201, "It begins as soon as Temporal is there.", examples.SUBSCRIPTION_CREATED),
        **problems("malformed", "not_json", "url_not_allowed", "body_too_large", "ledger_unavailable"),
    },
    openapi_extra=request_body(examples.NEW_SUBSCRIPTION_BODY),
)
async def create_subscription(_caller: AsOperator, using: Using, asked: NewSubscription) -> SubscriptionWithSecret:
    """Each entry is a webhook of its own, signed with the secret in the answer, which is shown this once."""
    await _may_be_sent_to(using, asked.url)
    async with using.database.writing() as session:
        row = await subscriptions.create(session, asked, datetime.now(UTC))
    await using.owners.tell(row)
    return SubscriptionWithSecret.model_validate(row)


@router.get(
    "",
    operation_id="listSubscriptions",
    summary="List subscriptions",
    response_model=Page[SubscriptionView],
    responses={
        **answer(200, "Subscriptions, the newest first.", examples.SUBSCRIPTION_PAGE),
        **problems("malformed", "invalid_cursor", "ledger_unavailable"),
    },
)
async def list_subscriptions(
    _caller: AsOperator,
    using: Using,
    standing: Annotated[Standing | None, Query(description="Only those that are so.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SubscriptionView]:
    """Who is sent what, how far that has come, and what is in the way."""
    after = decode("subscriptions", _PLACE, cursor)
    async with using.database.reading() as session:
        rows = await queries.subscriptions(session, standing=standing, after=after, limit=limit + 1)
    return page(rows, limit, "subscriptions", lambda row: (row.created_at, row.id), SubscriptionView.model_validate)


@router.get(
    "/{subscription}",
    operation_id="getSubscription",
    summary="One subscription",
    response_model=SubscriptionView,
    responses={
        **answer(200, "The subscription.", examples.SUBSCRIPTION),
        **problems("malformed", "unknown_subscription", "ledger_unavailable"),
    },
)
async def get_subscription(_caller: AsOperator, using: Using, subscription: SubscriptionId) -> SubscriptionView:
    """How far sending has come, as it was last noted: at most a second ago."""
    async with using.database.reading() as session:
        return SubscriptionView.model_validate(await subscriptions.find(session, subscription))


@router.patch(
    "/{subscription}",
    operation_id="changeSubscription",
    summary="Send elsewhere, or other entries",
    response_model=SubscriptionView,
    responses={
        **answer(200, "The subscription as it is now.", examples.SUBSCRIPTION),
        **problems(*_SPOKEN, "url_not_allowed"),
    },
    openapi_extra=request_body(examples.CHANGED_SUBSCRIPTION_BODY),
)
async def change_subscription(
    _caller: AsOperator, using: Using, subscription: SubscriptionId, changed: ChangedSubscription
) -> SubscriptionView:
    """Counts from the next entry on; what was sent is not sent again."""
    if changed.url is not None:
        await _may_be_sent_to(using, changed.url)
    async with using.database.writing() as session:
        row = await subscriptions.change(session, subscription, changed, datetime.now(UTC))
    return await _told(using, row)


@router.post(
    "/{subscription}/enable",
    operation_id="enableSubscription",
    summary="Enable a disabled subscription",
    response_model=SubscriptionView,
    responses={
        **answer(200, "It goes on where it was disabled.", examples.SUBSCRIPTION),
        **problems(*_SPOKEN, "not_disabled"),
    },
    openapi_extra=request_body(examples.SAID_BODY),
)
async def enable_subscription(
    _caller: AsOperator, using: Using, subscription: SubscriptionId, said: Said
) -> SubscriptionView:
    """Nothing is missing: the ledger keeps what was not sent meanwhile."""
    async with using.database.writing() as session:
        row = await subscriptions.enable(session, subscription, said, datetime.now(UTC))
    return await _told(using, row)


@router.post(
    "/{subscription}/replay",
    operation_id="replaySubscription",
    summary="Send again from a position on",
    response_model=SubscriptionView,
    responses={**answer(200, "It goes on after that position.", examples.SUBSCRIPTION), **problems(*_SPOKEN)},
    openapi_extra=request_body(examples.REPLAY_BODY),
)
async def replay_subscription(
    _caller: AsOperator, using: Using, subscription: SubscriptionId, asked: Replay
) -> SubscriptionView:
    """What is sent again has the `webhook-id` that it had before."""
    async with using.database.writing() as session:
        row = await subscriptions.replay(session, subscription, asked, datetime.now(UTC))
    return await _told(using, row)


@router.post(
    "/{subscription}/rotate-secret",
    operation_id="rotateSecret",
    summary="Give a subscription a new secret",
    response_model=SubscriptionWithSecret,
    responses={
        **answer(200, "The new secret; the former one signs too, for a day.", examples.SUBSCRIPTION_CREATED),
        **problems(*_SPOKEN),
    },
    openapi_extra=request_body(examples.SAID_BODY),
)
async def rotate_secret(
    _caller: AsOperator, using: Using, subscription: SubscriptionId, said: Said
) -> SubscriptionWithSecret:
    """For a day there are two signatures, so that the receiver can learn the new secret without a gap."""
    async with using.database.writing() as session:
        row = await subscriptions.rotate_secret(session, subscription, said, datetime.now(UTC))
    await using.owners.tell(row)
    return SubscriptionWithSecret.model_validate(row)


@router.delete(
    "/{subscription}",
    operation_id="removeSubscription",
    summary="Send nothing more",
    response_model=SubscriptionView,
    responses={
        **answer(200, "It is removed; that it was there stays on record.", examples.SUBSCRIPTION),
        **problems("malformed", "unknown_subscription", "subscription_removed", "ledger_unavailable"),
    },
)
async def remove_subscription(
    _caller: AsOperator,
    using: Using,
    subscription: SubscriptionId,
    by: Annotated[Identifier, Query(description="Who removes it: a pseudonym.")],
    reason: Annotated[Code, Query(description="A reason code.")],
) -> SubscriptionView:
    """For good: its secret is forgotten, and it cannot be enabled again."""
    async with using.database.writing() as session:
        row = await subscriptions.remove(session, subscription, Said(by=by, reason=reason), datetime.now(UTC))
    return await _told(using, row)


async def _told(using: Services, row: SubscriptionRow) -> SubscriptionView:
    await using.owners.tell(row)
    return SubscriptionView.model_validate(row)


async def _may_be_sent_to(using: Services, url: str) -> None:
    """Raises `Invalid` (`url_not_allowed`)."""
    try:
        await find_place(url, private_too=using.settings.allow_private_subscribers)
    except NotAllowed as refused:
        flaw = Flaw(pointer="/url", code="url_not_allowed", detail=str(refused))
        raise Invalid("url_not_allowed", "Nothing can be sent to that URL.", [flaw]) from None
