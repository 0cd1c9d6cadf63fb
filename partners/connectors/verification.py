"""Whether a message comes from its partner, and how we show a partner that a request comes from us."""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from schemas.connectors import ApiKey, Hmac, StandardWebhooks, Verification
from schemas.errors import Unproven

_SECRET_PREFIX = "whsec_"


def verify(how: Verification, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raises `Unproven` (`signature_invalid`). `secrets`: each is accepted. `headers`: found whatever their case."""
    if isinstance(how, Hmac):
        proven = _hmac_holds(how, secrets, headers, body, now)
    elif isinstance(how, StandardWebhooks):
        proven = _standard_holds(how, secrets, headers, body, now)
    elif isinstance(how, ApiKey):
        given = headers.get(how.header, "")
        proven = _among(given, [how.prefix + secret for secret in secrets])
    else:
        proven = True
    if not proven:
        raise Unproven("signature_invalid", "The signature or key is missing, stale, or not the partner's.")


def sign(how: Verification, secret: str, message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers that prove a request of ours."""
    seconds = str(int(now.timestamp()))
    if isinstance(how, Hmac):
        stamp = {how.timestamp: seconds} if how.timestamp else {}
        return {**stamp, how.header: _hmac(how, secret, _signed(how, seconds, body))}
    if isinstance(how, StandardWebhooks):
        signature = "v1," + _standard(secret, message_id, seconds, body)
        return {"webhook-id": message_id, "webhook-timestamp": seconds, "webhook-signature": signature}
    return {how.header: how.prefix + secret} if isinstance(how, ApiKey) else {}


def _hmac_holds(how: Hmac, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    seconds = headers.get(how.timestamp, "") if how.timestamp else ""
    if how.timestamp and not _fresh(seconds, how.tolerance, now):
        return False
    signed = _signed(how, seconds, body)
    return _among(headers.get(how.header, ""), [_hmac(how, secret, signed) for secret in secrets])


def _signed(how: Hmac, seconds: str, body: bytes) -> bytes:
    return seconds.encode() + b"." + body if how.timestamp else body


def _hmac(how: Hmac, secret: str, signed: bytes) -> str:
    digest = hmac.digest(secret.encode(), signed, how.algorithm)
    return how.prefix + (digest.hex() if how.encoding == "hex" else base64.b64encode(digest).decode())


def _standard_holds(
    how: StandardWebhooks, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime
) -> bool:
    seconds, name = headers.get("webhook-timestamp", ""), headers.get("webhook-id", "")
    if not name or not _fresh(seconds, how.tolerance, now):
        return False
    wanted = ["v1," + _standard(secret, name, seconds, body) for secret in secrets]
    return any(_among(each, wanted) for each in headers.get("webhook-signature", "").split())


def _standard(secret: str, name: str, seconds: str, body: bytes) -> str:
    text = secret.removeprefix(_SECRET_PREFIX)
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = text.encode()
    return base64.b64encode(hmac.digest(key, f"{name}.{seconds}.".encode() + body, "sha256")).decode()


def _fresh(seconds: str, tolerance: timedelta, now: datetime) -> bool:
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) < 13):
        return False
    return abs(now.timestamp() - int(seconds)) <= tolerance.total_seconds()


def _among(given: str, wanted: Sequence[str]) -> bool:
    """In a time that tells nothing of how much agreed, nor of which secret did."""
    matches = [hmac.compare_digest(given.encode(), each.encode()) for each in wanted]
    return any(matches)
