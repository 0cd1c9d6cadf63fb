"""Which kind of refusal each code is that a route can answer with."""

from collections.abc import Sequence

from schemas.errors import (
    ClewError,
    Conflict,
    ConnectorInvalid,
    Flaw,
    Forbidden,
    Invalid,
    NotFound,
    ProtocolInvalid,
    TooLarge,
    Unavailable,
    Unproven,
)

KINDS: dict[str, type[ClewError]] = {
    "malformed": Invalid,
    "not_json": Invalid,
    "unknown_event_type": Invalid,
    "party_missing": Invalid,
    "unknown_partner": NotFound,
    "choice_unknown": Invalid,
    "url_not_allowed": Invalid,
    "subscription_removed": Conflict,
    "not_disabled": Conflict,
    "unknown_subscription": NotFound,
    "invalid_cursor": Invalid,
    "protocol_invalid": ProtocolInvalid,
    "connector_invalid": ConnectorInvalid,
    "connector_exists": Conflict,
    "no_connector": Conflict,
    "message_settled": Conflict,
    "signature_invalid": Unproven,
    "unknown_connector": NotFound,
    "secret_missing": Unavailable,
    "secrets_unusable": Unavailable,
    "body_too_large": TooLarge,
    "event_conflict": Conflict,
    "event_pending": Conflict,
    "event_settled": Conflict,
    "event_waits": Conflict,
    "event_without_effect": Conflict,
    "idempotency_conflict": Conflict,
    "order_exists": Conflict,
    "identifier_in_use": Conflict,
    "protocol_exists": Conflict,
    "task_decided": Conflict,
    "journey_closed": Conflict,
    "journey_held": Conflict,
    "not_held": Conflict,
    "journey_leaving": Conflict,
    "deviation_blocks": Conflict,
    "release_missing": Forbidden,
    "unknown_protocol": NotFound,
    "unknown_journey": NotFound,
    "unknown_event": NotFound,
    "unknown_message": NotFound,
    "unknown_task": NotFound,
    "unknown_delivery": NotFound,
    "delivery_settled": Conflict,
    "delivery_under_way": Conflict,
    "delivery_unknown": Conflict,
    "delivery_not_unknown": Conflict,
    "ledger_unavailable": Unavailable,
    "temporal_unavailable": Unavailable,
}


def refusal(code: str, detail: str, errors: Sequence[Flaw] = ()) -> ClewError:
    """The refusal of that code. Raises `KeyError` for one that no route answers with."""
    return KINDS[code](code, detail, errors)
