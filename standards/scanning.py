"""What a scanner, or a person who types from a label, has given: parsed by whichever standard it follows. Pure.

Nothing that cannot be read is repeated: it could be a wristband with a name on it.
"""

import re
from urllib.parse import parse_qs, urlsplit

from standards import gs1, isbt128
from standards.labels.scanned import coi_part, label_part
from standards.parts import Check, Part, PartKind, Problem, Scan

MOST_CHARACTERS = 2000
"""A symbol holds fewer."""

_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_GS1_SYMBOLS = frozenset({"]C1", "]e0", "]d2", "]Q3", "]J1"})
"""AIM symbology identifiers that say that GS1's data follow (ISO/IEC 15424)."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9=&][A-Za-z0-9._:/+=&%()*\-]{0,63}")
_OUR_COI = re.compile(r"CLEW[0-9A-Z*]*|CH[A-NP-Z1-9][A-NP-Z0-9]{2}\d{4}[0-9A-Z]{6}")
_OUR_LABEL = re.compile(r"LS[0-9A-Z*]{14}")
_TYPED_DONATION = re.compile(r"[A-NP-Z1-9][A-NP-Z0-9]{2}\d{2}\d{8}[0-9A-Z*]")
_SYSTEM = re.compile(r"(https?://|urn:)[!-~]+")
_PEOPLE = frozenset({"Patient", "Person", "Practitioner", "RelatedPerson"})


def scan(text: str) -> Scan:
    """Everything that the text names, as far as it can be read."""
    text = text.strip(" \t\r\n")
    if len(text) > MOST_CHARACTERS:
        detail = f"{len(text)} characters; a symbol holds {MOST_CHARACTERS} at most"
        return Scan(parts=(), problem=Problem(code="too_long", detail=detail))
    symbology = _SYMBOLOGY.match(text)
    rest = text[3:] if symbology else text
    found = gs1.read_elements(rest) if symbology and symbology[0] in _GS1_SYMBOLS else _read(rest)
    empty = found.problem is None and not found.parts
    return Scan(parts=(), problem=Problem(code="empty", detail="nothing was scanned")) if empty else found


def _read(text: str) -> Scan:
    if not text:
        return Scan(parts=())
    if _OUR_COI.fullmatch(text.upper()):
        return Scan(parts=(coi_part(text.upper()),))
    if text.startswith(("=", "&")):
        return isbt128.read_structures(text)
    if gs1.SEPARATOR in text:
        return gs1.read_elements(text.removeprefix(gs1.SEPARATOR))
    if re.match(r"\(\d{2,4}\)", text):
        return gs1.read_bracketed(text)
    if text.startswith("urn:epc:"):
        return gs1.read_epc(text)
    return _link(text) or _key(text) or Scan(parts=(_unrecognised(text),))


def _key(text: str) -> Scan | None:
    """Numbers without anything around them that says what they are: by their form, and only where that is clear."""
    typed = text.upper().replace(" ", "")
    if _OUR_LABEL.fullmatch(typed):
        return Scan(parts=(label_part(typed),))
    bare = gs1.read_bare(text)
    if bare is not None:
        return Scan(parts=(bare,))
    if _TYPED_DONATION.fullmatch(typed):
        return Scan(parts=(isbt128.read_typed_donation(typed),))
    if not text[:2].isdecimal():
        return None
    # Many scanners leave the symbology identifier out.
    found = gs1.read_elements(text)
    if found.problem is not None and found.problem.code == gs1.SAID_TWICE:
        return found
    clear = len(found.parts) > 1 or any(each.check is Check.PASSED for each in found.parts)
    return found if clear and found.problem is None else None


def _link(text: str) -> Scan | None:
    """FHIR's ways to name something: `system|value`, a reference, a search; or a GS1 Digital Link."""
    if text.startswith(("urn:oid:", "urn:uuid:")) and "|" not in text:
        return Scan(parts=(_reference("a resource's own name", text),))
    system, bar, value = text.rpartition("|")
    if bar and "?" not in system and _SYSTEM.fullmatch(system):
        return Scan(parts=(_reference("an identifier in a system of its own", value),))
    if not re.match(r"https?://", text):
        return None
    return gs1.read_link(text) or Scan(parts=(_resource(text),))


def _resource(text: str) -> Part:
    try:
        url = urlsplit(text)
    except ValueError:
        return _unrecognised(text)
    segments = [each for each in url.path.split("/") if each]
    searched = parse_qs(url.query).get("identifier")
    if searched:
        kind, value = segments[-1] if segments else "", searched[0].rpartition("|")[2]
    else:
        kind, value = segments[-2] if len(segments) > 1 else "", segments[-1] if segments else ""
    person = kind in _PEOPLE
    said = "a reference to a person" if person else "a reference to a resource"
    return _reference(said, value, PartKind.PERSON if person else PartKind.REFERENCE)


def _reference(said: str, value: str, kind: PartKind = PartKind.REFERENCE) -> Part:
    return Part(kind=kind, text=f"{said}, {len(value)} characters", lookups=as_identifier(value))


def _unrecognised(text: str) -> Part:
    said = f"{len(text)} characters that follow no standard known here"
    return Part(kind=PartKind.UNRECOGNISED, text=said, lookups=as_identifier(text))


def as_identifier(text: str) -> tuple[str, ...]:
    """The text, if the crosswalk could know it."""
    text = text.strip()
    return (text,) if _IDENTIFIER.fullmatch(text) else ()
