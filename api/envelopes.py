"""CloudEvents over HTTP: structured, binary and batched (CloudEvents HTTP protocol binding 1.0.2)."""

import re
from dataclasses import dataclass
from email.message import Message
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from api.json_bodies import read_json
from api.tracing import traceparent_of
from ledger.inbox import Incoming
from schemas.errors import Flaw, Invalid, pointer
from schemas.events import PartnerEvent, from_partner, read_event

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
JSON = "application/json"

_PREFIX = "ce-"
_FORMATS = "application/cloudevents"
_JSON_DATA = re.compile(r"application/(?:[a-z0-9!#$&^_.-]+\+)?json")
_ESCAPED = re.compile(r"\\(.)")
_CONTENT_TYPES = 64
"""Headers whose meaning is remembered: a site's partners use a handful."""

_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})


@dataclass(frozen=True, slots=True)
class Posted:
    """The events of one request."""

    events: tuple[Incoming, ...]
    batch: bool


def read_posted(headers: Headers, raw: bytes) -> Posted:
    """Read a request in whichever mode it is.

    Raises `Invalid` with a pointer to each flaw (in a batch they begin with the event's index), and
    `HTTPException` 415 for an event format, or for data, that is not JSON.
    """
    media = _media_type(headers)
    traceparent = traceparent_of(headers)
    if media == BATCH:
        return Posted(_batch(read_json(raw), traceparent), batch=True)
    body = read_json(raw) if media == STRUCTURED else _binary(headers, media, raw)
    return Posted((_incoming(body, traceparent),), batch=False)


def _media_type(headers: Headers) -> str:
    """The body's media type, in small letters and without parameters."""
    media, charset = _parsed(headers.get("content-type") or JSON)
    carries_event = f"{_PREFIX}specversion" in headers or "content-type" in headers
    if not _is_read(media) or charset not in _CHARSETS or not carries_event:
        raise HTTPException(415)
    return media


@lru_cache(_CONTENT_TYPES)
def _parsed(content_type: str) -> tuple[str, str]:
    """The media type and the character set that a header names."""
    header = Message()
    header["Content-Type"] = content_type
    return header.get_content_type(), header.get_content_charset("utf-8")


def _is_read(media: str) -> bool:
    """Whatever begins as CloudEvents' own types do is an event format (binding, 3); all else is the data's own type."""
    if media.startswith(_FORMATS):
        return media in (STRUCTURED, BATCH)
    return _JSON_DATA.fullmatch(media) is not None


def _binary(headers: Headers, media: str, raw: bytes) -> dict[str, Any]:
    """Attributes from the headers, the data from the body."""
    names = [name.removeprefix(_PREFIX) for name in headers if name.startswith(_PREFIX)]
    flaws = [_flaw(name, "given_twice", "two headers for one attribute") for name in names if names.count(name) > 1]
    if "datacontenttype" in names:
        flaws.append(_flaw("datacontenttype", "not_a_header", "Content-Type says it (binding, 3.1.1)"))
    if flaws:
        raise Invalid("malformed", "The headers are not those of one event.", flaws)
    attributes: dict[str, Any] = {name: _header_value(name, headers[f"{_PREFIX}{name}"]) for name in names}
    return {**attributes, "datacontenttype": media, "data": read_json(raw) if raw else {}}


def _flaw(attribute: str, code: str, detail: str) -> Flaw:
    return Flaw(pointer=pointer([attribute]), code=code, detail=detail)


def _header_value(name: str, value: str) -> str:
    """An attribute as a header carries it: perhaps in double quotes, then percent-encoded UTF-8 (binding, 3.1.3.2)."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = _ESCAPED.sub(r"\1", value[1:-1])
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        flaw = _flaw(name, "not_utf8", "percent-encoded bytes that are not UTF-8")
        raise Invalid("malformed", "A header holds percent-encoded bytes that are not UTF-8.", [flaw]) from None


def _batch(body: Any, traceparent: str | None) -> tuple[Incoming, ...]:
    if not isinstance(body, list):
        raise Invalid("malformed", "A batch is a JSON array.", [Flaw(pointer="", code="list_type", detail="no array")])
    events: list[Incoming] = []
    refused: list[Invalid] = []
    flaws: list[Flaw] = []
    for place, envelope in enumerate(body):
        try:
            events.append(_incoming(envelope, traceparent))
        except Invalid as error:
            refused.append(error)
            flaws.extend(each.model_copy(update={"pointer": f"/{place}{each.pointer}"}) for each in error.errors)
    if refused:
        codes = {error.code for error in refused}
        code = codes.pop() if len(codes) == 1 else "malformed"
        raise Invalid(code, f"{len(refused)} of {len(body)} events cannot be read; none was taken.", flaws)
    return tuple(events)


def _incoming(envelope: Any, traceparent: str | None) -> Incoming:
    if isinstance(envelope, dict) and "data_base64" in envelope:
        flaw = Flaw(pointer="/data_base64", code="unsupported", detail="data is JSON")
        raise Invalid("malformed", "The event's data must be JSON.", [flaw])
    return Incoming(_in_trace(from_partner(read_event(envelope)), traceparent), envelope)


def _in_trace(event: PartnerEvent, traceparent: str | None) -> PartnerEvent:
    """The event's own trace wins over the request's: it may have been queued for long."""
    if event.traceparent is not None or traceparent is None:
        return event
    return event.model_copy(update={"traceparent": traceparent})
