"""Everything that Clew refuses, by name.

    ClewError
    ├── Invalid            422  what was said cannot be read; the `errors` say where
    │   ├── ProtocolInvalid     the document cannot be a protocol
    │   └── ConnectorInvalid    the document cannot be a connector
    ├── BadRequest         400  a standard that the route follows wants it said otherwise
    ├── Unproven           401  the sender has not shown who it is
    ├── Conflict           409  it contradicts what is already on record
    ├── NotFound           404  nothing is known under that name
    ├── Outdated           412  it was changed since the sender saw it
    ├── Forbidden          403  a rule of the therapy forbids it
    ├── TooLarge           413  more than we take in one piece
    └── Unavailable        503  something we need is away; the same request later can succeed

A refusal has a stable `code`, an HTTP `status`, a `detail` for a person, and `retry_can_help`. Codes are listed in
`CODES`; a test holds that list against the reference.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import ValidationError

from schemas.base import Strict
from schemas.forms import in_words


class Flaw(Strict):
    """One thing that is wrong, and where: `pointer` is a JSON pointer (RFC 6901) into what was sent.

    `line` and `column`, from 1: where that stands in a text.
    """

    pointer: str
    code: str
    detail: str
    line: int | None = None
    column: int | None = None


class ClewError(Exception):
    """Base of every refusal."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Clew refused"
    retry_can_help: ClassVar[bool] = False

    def __init__(self, code: str, detail: str, errors: Sequence[Flaw] = ()) -> None:
        if code not in CODES:
            raise AssertionError(f"unlisted refusal code {code!r}")
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)


class Invalid(ClewError):
    status = 422
    title = "What was sent cannot be read"


class ProtocolInvalid(Invalid):
    title = "The document cannot be a protocol"


class ConnectorInvalid(Invalid):
    title = "The document cannot be a connector"


class BadRequest(ClewError):
    status = 400
    title = "The request is not as the standard has it"


class Unproven(ClewError):
    status = 401
    title = "The sender has not shown who it is"


class Conflict(ClewError):
    status = 409
    title = "It contradicts what is on record"


class NotFound(ClewError):
    status = 404
    title = "Nothing is known under that name"


class Outdated(ClewError):
    status = 412
    title = "It was changed since the sender saw it"


class Forbidden(ClewError):
    status = 403
    title = "A rule of the therapy forbids it"


class TooLarge(ClewError):
    status = 413
    title = "More than is taken in one piece"


class Unavailable(ClewError):
    status = 503
    title = "Something that is needed is away"
    retry_can_help = True


CODES: dict[str, str] = {
    "malformed": "The body or a field is not of the form that the reference gives; `errors` point at each place.",
    "not_json": "The body is not JSON.",
    "unsupported_media_type": "The content type is none that the route reads.",
    "method_not_allowed": "The route exists, with other methods.",
    "unknown_event_type": "The event's type is not in the catalogue.",
    "source_reserved": "The event's source or type is one of Clew's own desks; no partner can send it.",
    "body_too_large": "The body is over the limit of 1 MB.",
    "event_conflict": "An event with this source and id is on record with other content.",
    "event_pending": "The event's journey has not had its say on it yet.",
    "event_settled": "The event took effect, is a duplicate or was given up; that is not undone.",
    "event_waits": "The event comes before its time; `errors` say what it waits for.",
    "event_without_effect": "The event still cannot take effect; `errors` say why.",
    "idempotency_conflict": "This Idempotency-Key was used for another request.",
    "order_exists": "A journey for this order number is on record.",
    "no_coi_left": "No chain-of-identity id is left that could be issued; the detail says what to configure.",
    "identifier_in_use": "The identifier belongs to another journey.",
    "protocol_exists": "This version of the protocol is published with other content; publish a new version.",
    "protocol_invalid": "The document cannot be a protocol; `errors` point at each place.",
    "unknown_protocol": "No such protocol, or no such version of it, is published.",
    "connector_exists": "This version of the connector is published with other content; publish a new version.",
    "connector_invalid": "The document cannot be a connector; `errors` point at each place, with line and column.",
    "unknown_connector": "No such connector is published.",
    "no_connector": "The partner is registered without a connector that reads messages.",
    "signature_invalid": "The signature or key is missing, stale, or not the partner's.",
    "secret_missing": "The partner's connector needs a secret that the file of secrets does not hold: add it there.",
    "secrets_unusable": "The file of secrets cannot be used: YAML for its owner alone (mode 0600) is wanted.",
    "message_settled": "Only a quarantined message can be released or given up.",
    "unknown_journey": "No journey is known under that chain-of-identity id.",
    "unknown_identifier": "Nothing is known under that identifier.",
    "unknown_event": "No event is on record under that source and id.",
    "unknown_partner": "No partner is registered under that name.",
    "unknown_task": "The journey has no such task.",
    "unknown_message": "No message is known under that name.",
    "unknown_subscription": "There is no such subscription.",
    "unknown_resource": "There is no such FHIR resource, or not in that version.",
    "unknown_search_parameter": "The type has no such search parameter; only `Prefer: handling=strict` minds.",
    "update_refused": "Of a ServiceRequest only the status `revoked` can be written; all else is made from the record.",
    "version_outdated": "The resource has another version than If-Match names; read it again.",
    "unknown_material": "No container, batch, dose or sample is known under that id.",
    "unknown_shipment": "No shipment is known under that reference: it has to be booked before its readings come.",
    "reading_conflict": "A reading of this device, moment and quantity is on record with another value.",
    "unknown_route": "There is nothing at this path.",
    "url_not_allowed": "The URL leads to no address that may be sent to: it is private, or there is none.",
    "subscription_removed": "The subscription was removed.",
    "not_disabled": "The subscription is not disabled.",
    "party_missing": "The protocol has a role that the order binds to no organisation.",
    "invalid_cursor": "The cursor was not made by this route.",
    "task_decided": "The task has been decided.",
    "choice_unknown": "The task does not offer that choice.",
    "journey_closed": "The journey is closed; nothing can be decided on it.",
    "journey_held": "The journey is on hold.",
    "not_held": "The journey is not on hold.",
    "identity_held": "Identity is in doubt: nothing moves until two people have signed the identity hold.",
    "unknown_hold": "There is no such identity hold.",
    "hold_closed": "The identity hold is closed: two people have signed it.",
    "already_signed": "The same person has signed this finding; the second signature is another person's.",
    "finding_differs": "Another person signed `crossed`: as long as that stands, nobody can sign `not_crossed`.",
    "deviation_blocks": "The hold comes from a deviation; the decision on its task lifts it.",
    "journey_leaving": "The journey is being wound up; only what that needs can be decided.",
    "release_missing": "The batch has no valid release.",
    "ledger_conflict": "The ledger holds another entry under that number.",
    "ledger_unavailable": "The database does not answer.",
    "temporal_unavailable": "Temporal does not answer.",
    "partner_refused": "The partner refused for good.",
    "unknown_delivery": "No delivery is known under that id.",
    "delivery_settled": "The delivery is settled, and its journey has been told.",
    "delivery_under_way": "The partner is being asked at this moment; see what comes of it first.",
    "delivery_unknown": "The partner may have taken the command as it was; that is looked up first.",
    "delivery_not_unknown": "Only a delivery of unknown outcome can be confirmed.",
    "unknown_label_set": "There is no such set of labels.",
    "unknown_label": "The set has no such label.",
    "stage_done": "The stage is done; it needs no labels.",
    "label_text_too_long": "A text does not fit on the label; it is not cut off: `errors` say which.",
    "label_not_printed": "The label was not printed yet, as far as is on record.",
    "label_settled": "The label is accounted for; that is not undone. `errors` say which.",
    "label_mismatch": "The label is for another container or dose.",
    "container_labelled": "It bears a label already; another one needs a reason.",
    "material_not_available": "What is put apart, rejected or gone gets no label; `errors` say which.",
    "reprint_reason_missing": "A label that was printed before is printed again for a reason only: say which.",
    "labels_unaccounted": "Not every label is accounted for; `errors` name those that are missing.",
    "witness_missing": "Two people put on the labels of this set, and sign its account: name the second.",
    "labels_reconciled": "The set is accounted for.",
    "labels_missing": "Drawing labels needs the extra `labels`.",
    "unknown_entry": "The ledger has no entry at that position, or the checkpoint does not reach it.",
    "unknown_checkpoint": "There is no checkpoint, or none of that size.",
    "checkpoint_unproven": "The checkpoint is not signed with the key that it should be.",
    "ledger_inconsistent": "The ledger is not what was signed before; nothing is signed until that is cleared.",
    "checkpoints_damaged": "A line in the file of checkpoints cannot be read, is not signed with our key, or is gone.",
    "checkpoints_agree": "The ledger is what was signed: there is nothing to begin anew.",
    "signing_key_unusable": "The signing key's file cannot be used: an Ed25519 key in PEM, mode 0600, is wanted.",
    "api_unavailable": "Clew's API does not answer.",
    "nats_missing": "Publishing to NATS needs the extra `nats`.",
    "stream_without_end": "The newest message of the stream is gone or not ours, so it cannot be gone on from.",
    "epcis_invalid": "The document is not EPCIS 2.0 as Clew reads it; `errors` point at each place.",
    "epcis_query_invalid": "The query has a parameter or value that is not known; `errors` name it.",
    "unknown_epcis_event": "No EPCIS event is known under that id.",
    "unknown_capture": "No capture job is known under that id.",
    "port_in_use": "Another process listens on a port that is needed.",
    "home_unusable": "Clew's home folder cannot be used: full, not writable, locked, or holding a damaged file.",
    "process_ended": "A process that Clew needs has ended.",
    "bad_setting": "A setting cannot be read.",
    "internal": "A defect of Clew's; the log has it under the given trace id.",
}
"""Every refusal code, and what it means."""


def pointer(parts: Sequence[str | int]) -> str:
    """The JSON pointer (RFC 6901) to the place that `parts` lead to."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def flaws_of(error: ValidationError, under: str = "") -> tuple[Flaw, ...]:
    """What pydantic found, without the input: an error must never repeat what could be patient data."""
    found = error.errors(include_url=False, include_input=False)
    return tuple(flaw_of(each, under + pointer(each["loc"])) for each in found)


def flaw_of(found: Mapping[str, Any], where: str) -> Flaw:
    """One thing that pydantic found, in words, without the input."""
    return Flaw(pointer=where, code=found["type"], detail=in_words(found["msg"], found.get("ctx", {})))
