"""GS1: element strings as scanners give them, brackets as people read them, Digital Link URIs, EPC URNs, bare keys.

GS1 General Specifications; GS1 Digital Link 1.2; EPC Tag Data Standard 2.0. Which application identifiers there are,
and what their values look like, is in the package `biip`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

from biip import ParseError
from biip.gs1_application_identifiers import GS1ApplicationIdentifier

from schemas import gs1_keys
from schemas.check_characters import Misread, mod_10
from standards.labels.scanned import parts_of
from standards.parts import Check, Part, PartKind, Problem, Scan, checked, problem_of

SEPARATOR = "\x1d"
"""What a scanner gives for FNC1 between two values."""

_PREDEFINED = {"00": 20, "01": 16, "02": 16, "03": 16, "04": 18, "20": 4, "41": 16}
_PREDEFINED |= {f"{first}": 8 for first in range(11, 20)} | {f"{first}": 10 for first in range(31, 37)}
"""Element strings whose length, with the identifier, its first two digits give: no separator follows them."""

_BRACKETED = re.compile(r"\((\d{2,4})\)")
SAID_TWICE = "said_twice"
"""Code of the problem that one application identifier stands in a scan with two values."""

_KEYS = ("00", "01", "414", "8017", "8018")
"""Application identifiers that a Digital Link can begin with, and that we know."""


@dataclass(frozen=True, slots=True)
class Element:
    """One value, its application identifier, and the place (from 1) where it begins."""

    ai: str
    name: str
    value: str
    place: int


def read_elements(text: str) -> Scan:
    """An element string, without symbology identifier."""
    elements: list[Element] = []
    place = 0
    while place < len(text):
        if text[place] == SEPARATOR:
            place += 1
            continue
        length = _PREDEFINED.get(text[place : place + 2])
        end = text.find(SEPARATOR, place)
        end = place + length if length else end if end >= 0 else len(text)
        found = _element(text[place:end], place + 1)
        if isinstance(found, Problem):
            return _scan(elements, found)
        elements.append(found)
        place = end
    return _scan(elements)


def read_bracketed(text: str) -> Scan:
    """The form under a symbol: `(01)09506000134352(21)ABC`."""
    pieces = _BRACKETED.split(text)
    return _read_pairs([(ai, value.strip()) for ai, value in zip(pieces[1::2], pieces[2::2], strict=True)])


def read_link(text: str) -> Scan | None:
    """A Digital Link URI; None for a web address that is none."""
    try:
        url = urlsplit(text)
    except ValueError:
        return None
    path = [unquote(each) for each in url.path.split("/")]
    begin = next((place for place, each in enumerate(path) if each in _KEYS), None)
    if begin is None:
        return None
    pairs = list(zip(path[begin::2], path[begin + 1 :: 2], strict=False))
    said = [(ai, value) for ai, value in parse_qsl(url.query) if re.fullmatch(r"\d{2,4}", ai)]
    return _read_pairs([*pairs, *said])


def read_epc(text: str) -> Scan:
    """An EPC pure identity URN, or the class of a batch (LGTIN)."""
    key = gs1_keys.element_string(text)
    if key != text:
        return read_elements(key)
    location = re.fullmatch(r"urn:epc:id:sgln:(\d{6,12})\.(\d{0,6})\.(.+)", text)
    if location and len(location[1] + location[2]) == 12:
        return read_elements("414" + _with_digit(location[1] + location[2]))
    lot = re.fullmatch(r"urn:epc:class:lgtin:(\d{6,12})\.(\d{1,7})\.(.+)", text)
    if lot and len(lot[1] + lot[2]) == 13:
        return _read_pairs([("01", _with_digit(lot[2][0] + lot[1] + lot[2][1:])), ("10", unquote(lot[3]))])
    known = re.match(r"urn:epc:(?:id|class):(sgtin|sscc|gsrnp?|sgln|lgtin):", text)
    if known:
        detail = f"this is no {known[1].upper()}: its parts do not have the lengths that the standard gives"
        return Scan(parts=(), problem=Problem(code="wrong_form", detail=detail))
    return Scan(parts=(Part(kind=PartKind.OTHER, text="an EPC of a kind that is not used here"),))


def read_bare(text: str) -> Part | None:
    """Digits alone, if they can be a key by their length and check digit."""
    if not (text.isascii() and text.isdecimal() and len(text) in (*gs1_keys.GTIN_LENGTHS, 18)):
        return None
    if mod_10(text[:-1]) != text[-1]:
        return None
    kind, name = (PartKind.GS1_KEY, "SSCC or GSRN") if len(text) == 18 else (PartKind.GTIN, "GTIN")
    lookups = (text, *(f"{ai}{text}" for ai in ("00", "8018", "8017"))) if len(text) == 18 else (text,)
    return Part(kind=kind, value=text, check=Check.PASSED, text=f"{name} {text}", lookups=lookups)


def _read_pairs(pairs: Iterable[tuple[str, str]]) -> Scan:
    elements: list[Element] = []
    for ai, value in pairs:
        found = _element(ai + value, 1, ai)
        if isinstance(found, Problem):
            return _scan(elements, found)
        elements.append(found)
    return _scan(elements)


def _element(text: str, place: int, given: str | None = None) -> Element | Problem:
    """`given`: the application identifier, where it was told apart from the value."""
    try:
        identifier = GS1ApplicationIdentifier.extract(text)
    except ParseError:
        identifier = None
    if identifier is None or given not in (None, identifier.ai):
        where = f"({given})" if given else f"character {place}"
        return Problem(
            code="unknown_application_identifier", detail=f"no application identifier of GS1's is at {where}"
        )
    value = text[len(identifier.ai) :]
    if not re.fullmatch(identifier.pattern.removesuffix("$"), text):
        detail = f"the value of ({identifier.ai}) {identifier.data_title} is not of the form {identifier.format}"
        return Problem(code="wrong_form", detail=f"{detail}; it is {len(value)} characters long")
    return Element(identifier.ai, identifier.data_title, value, place)


def _scan(elements: list[Element], problem: Problem | None = None) -> Scan:
    """The parts of one symbol. Where an identifier has two values (General Specifications, 4.14), nothing is read."""
    said: dict[str, Element] = {}
    for each in elements:
        if said.setdefault(each.ai, each).value != each.value:
            detail = f"({each.ai}) stands here with two values: scan one label at a time"
            return Scan(parts=(), problem=Problem(code=SAID_TWICE, detail=detail))
    return Scan(parts=tuple(_parts(list(said.values()))), problem=problem)


def _parts(elements: list[Element]) -> Iterator[Part]:
    serial = next((each.value for each in elements if each.ai == "21"), None)
    with_serial = serial is not None and any(each.ai == "01" for each in elements)
    ours = parts_of({each.ai: each.value for each in elements})
    for each in elements:
        if each.ai in ours:
            yield ours[each.ai]
        elif each.ai == "01" and with_serial:
            yield _item(each.value, str(serial))
        elif not (each.ai == "21" and with_serial):
            yield _part(each)


def _item(gtin: str, serial: str) -> Part:
    read = checked(PartKind.SGTIN, "GTIN", gs1_keys.gtin, gtin)
    if read.problem is not None:
        return read
    key = f"01{gtin}21{serial}"
    return read.model_copy(update={"value": key, "text": f"GTIN {gtin}, serial {serial}", "lookups": (key,)})


def _part(element: Element) -> Part:
    ai, value = element.ai, element.value
    if ai == "00":
        return checked(PartKind.SSCC, "SSCC", gs1_keys.sscc_key, "00" + value, lambda key: key[2:])
    if ai in ("8017", "8018"):
        return checked(PartKind.GSRN, "GSRN", gs1_keys.gsrn_key, ai + value, lambda key: key[4:])
    if ai in ("01", "02"):
        return checked(PartKind.GTIN, "GTIN", gs1_keys.gtin, value)
    if ai.startswith("41") and ai != "415":
        return checked(PartKind.GLN, "GLN", gs1_keys.gln, value)
    if ai == "10":
        return Part(kind=PartKind.BATCH, value=value, text=f"batch {value}", lookups=(value,))
    if ai == "17":
        return _expiry(value)
    return Part(kind=PartKind.OTHER, text=f"({ai}) {element.name or 'data'}, {len(value)} characters")


def _expiry(digits: str) -> Part:
    """YYMMDD; day 00 means the last of the month (General Specifications, section 3.4)."""
    try:
        today = datetime.now(UTC).date()
        day = _day(full_year(int(digits[:2]), today), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        wrong = Misread("wrong_date", "there is no such day")
        return Part(kind=PartKind.EXPIRY, text="expiry, misread", problem=problem_of(wrong, "expiry"))
    return Part(kind=PartKind.EXPIRY, value=day.isoformat(), text=f"expires {day.isoformat()}")


def full_year(year: int, today: date) -> int:
    """The year that two digits mean: from 49 years ago to 50 years ahead (General Specifications, section 7.12)."""
    ahead = (year - today.year) % 100
    return today.year + (ahead if ahead <= 50 else ahead - 100)


def _day(year: int, month: int, day: int) -> date:
    if day:
        return date(year, month, day)
    return (date(year, month, 1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _with_digit(digits: str) -> str:
    return digits + mod_10(digits)
