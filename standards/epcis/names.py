"""Names of things in EPCIS: ours as private URNs, `urn:clew:<kind>:<id>`; what is a GS1 name already, as it is.

An id is percent-encoded whole, so a URN has one spelling, and the id comes back out of it as it went in.
"""

import re
from typing import Annotated
from urllib.parse import quote, unquote

from pydantic import AfterValidator, StringConstraints, TypeAdapter, ValidationError, WithJsonSchema

from schemas.base import Identifier
from schemas.gs1_keys import element_string

_OURS = re.compile(r"^urn:clew:(?P<kind>[a-z_]+):(?P<id>[!-~]+)$")
_GS1 = re.compile(r"^(?:urn:epc:id:|https?://[!-~]+/(?:01|8018|8010|00)/)[!-~]+$")
_TRANSACTION = re.compile(r"^urn:epcglobal:cbv:bt:[0-9.]+:(?P<id>[!-~]+)$")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")

_KEYS = (
    (re.compile(r"^\(?01\)?(\d{14})\(?21\)?(.{1,20})$"), "01/{}/21/{}"),
    (re.compile(r"^\(?(8017|8018)\)?(\d{18})$"), "{}/{}"),
    (re.compile(r"^\(?(00)\)?(\d{18})$"), "{}/{}"),
)
"""Element strings of an SGTIN, a GSRN and an SSCC, and where each stands in a Digital Link."""

_QUALIFIED = re.compile(r"(/01/\d{14})(?:/22/[^/?#]+)?(?:/10/[^/?#]+)?(/21/)")
"""A Digital Link may say the variant and the batch between an item and its serial; they are no part of the key."""

_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)


def is_uri(value: str) -> bool:
    """Whether a text is an absolute URI (RFC 3986): what every name in EPCIS has to be."""
    return _URI.fullmatch(value) is not None


def _checked(value: str) -> str:
    if not is_uri(value):
        raise ValueError("a name in EPCIS is an absolute URI")
    return value


Uri = Annotated[
    str,
    StringConstraints(max_length=1_000),
    AfterValidator(_checked),
    WithJsonSchema({"type": "string", "format": "uri"}),
]


def uri(kind: str, value: str) -> str:
    """A thing's name: `urn:clew:container:BAG-1`; a GS1 name (EPC URI, Digital Link) stays what it is."""
    return value if is_gs1(value) else f"urn:clew:{kind}:{quote(value, safe='')}"


def is_gs1(value: str) -> bool:
    """Whether an identifier is an EPC URI or a GS1 Digital Link by itself."""
    return _GS1.fullmatch(value) is not None and is_uri(value)


def gs1_name(key: str) -> str | None:
    """The URI of a GS1 key: as it is, if it is one; an element string (`01…21…`) as a Digital Link; None for others."""
    if is_gs1(key):
        return key
    for form, link in _KEYS:
        found = form.match(key)
        if found is not None:
            return "https://id.gs1.org/" + link.format(*(quote(each, safe="") for each in found.groups()))
    return None


def gs1_key(name: str) -> str | None:
    """The element string behind any spelling of a GS1 key as a URI; None for any other name."""
    # Only here: `element_string` is journeys' code too, and what it makes of a name must stay as it was (invariant 7).
    plain = _QUALIFIED.sub(r"\1\2", name)
    key = element_string(plain)
    return key if key != plain else None


def party(name: str) -> str:
    """An organisation's name as a URI; it stands for its place too."""
    return uri("party", name)


def party_of(name: str | None) -> str | None:
    """The organisation behind a URI of ours; None for any other."""
    found = _OURS.match(name or "")
    return unquote(found["id"]) if found and found["kind"] == "party" else None


def canonical(name: str) -> str:
    """A URI in the one spelling that is compared: of ours, and of GS1's keys (as `gs1_name` writes them)."""
    found = _OURS.match(name)
    spelt = uri(found["kind"], unquote(found["id"])) if found else name
    key = gs1_key(spelt)
    return (gs1_name(key) if key else None) or spelt


def identifier(name: str) -> str | None:
    """The identifier that a URI stands for in the crosswalk; None where it cannot be one of ours."""
    found = _OURS.match(name) or _TRANSACTION.match(name)
    for spelt in (unquote(found["id"]) if found else name, gs1_key(name)):
        try:
            return _IDENTIFIER.validate_python(spelt)
        except ValidationError:
            continue
    return None
