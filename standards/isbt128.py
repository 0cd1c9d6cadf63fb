"""ISBT 128 data structures as scanners give them (ICCBBA ST-001): told apart, and read where they name things of ours.

One after the other, as in a compound message: each structure's identifier says how long it is. What it says of a person
(blood groups, infections, a patient's or donor's number) is told by name, and its content is not repeated.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from schemas import isbt128
from schemas.check_characters import DIGITS, Misread, of_characters
from schemas.identity import read_coi, scanned_spelling
from standards.parts import Check, Part, PartKind, Problem, Scan, problem_of

Read = Callable[[str], Part]


class Structure(NamedTuple):
    """A data structure: its number, its name, and how many characters follow its identifier."""

    number: str
    name: str
    length: int
    read: Read | None = None
    kind: PartKind = PartKind.OTHER


def read_structures(text: str) -> Scan:
    """Data structures, each with its identifier."""
    parts: list[Part] = []
    place = 0
    while place < len(text):
        found = _at(text, place)
        if found is None:
            detail = f"no data structure of ISBT 128's begins at character {place + 1}"
            return _broken_off(parts, "unknown_data_structure", detail)
        begin, structure = found
        content = text[begin : begin + structure.length]
        if len(content) < structure.length:
            detail = f"{structure.name} (structure {structure.number}) has {structure.length} characters"
            return _broken_off(parts, "wrong_length", f"{detail}, and {len(content)} are there")
        parts.append(_part(structure, content))
        place = begin + structure.length
    return Scan(parts=tuple(parts))


def read_typed_donation(text: str) -> Part:
    """A donation number as typed from a label, with its keyboard entry check character."""
    try:
        number = isbt128.typed_donation(text)
    except Misread as wrong:
        return _misread(PartKind.DONATION, "donation number", wrong)
    return _donation_part(number, Check.PASSED)


def _broken_off(parts: list[Part], code: str, detail: str) -> Scan:
    return Scan(parts=tuple(parts), problem=Problem(code=code, detail=detail))


def _at(text: str, place: int) -> tuple[int, Structure] | None:
    """The structure whose identifier is here, and where its content begins."""
    for length in (3, 2):
        structure = STRUCTURES.get(text[place : place + length])
        if structure is not None:
            return place + length, structure
    # The donation number's identifier is the one whose second character is the content's first.
    if text[place] == "=" and text[place + 1 : place + 2].isalnum():
        return place + 1, _DONATION
    if text[place : place + 2] == "&#":
        return place + 2, _patient(text[place + 4 : place + 6])
    return None


def _patient(length: str) -> Structure:
    """The one structure that says itself how long it is."""
    inner = int(length) if length.isascii() and length.isdecimal() else 0
    return Structure("025", "Patient identification number", 4 + inner, kind=PartKind.PERSON)


def _part(structure: Structure, content: str) -> Part:
    if structure.read is not None:
        return structure.read(content)
    return Part(kind=structure.kind, text=f"{structure.name} (structure {structure.number})")


def _donation(content: str) -> Part:
    try:
        number, checked = isbt128.flagged_donation(content)
    except Misread as wrong:
        return _misread(PartKind.DONATION, "donation number", wrong)
    return _donation_part(number, Check.PASSED if checked else Check.NONE)


def _donation_part(number: str, check: Check) -> Part:
    spelt = f"{number[:5]} {number[5:7]} {number[7:]}"
    kind, lookups = PartKind.DONATION, (number, f"={number}", f"={number}00")
    return Part(kind=kind, value=number, check=check, text=f"donation {spelt}", lookups=lookups)


def _chain_of_identity(content: str) -> Part:
    """Structure 040 has no check character of its own; ids that we issue end in one (`schemas.identity.isbt_coi`)."""
    try:
        isbt128.chain_of_identity(content)
    except Misread as wrong:
        return _misread(PartKind.COI, "chain-of-identity id", wrong)
    try:
        check = Check.PASSED if read_coi(content) else Check.NONE
    except Misread:
        check = Check.NONE
    lookups = (content, str(scanned_spelling(content)))
    return Part(kind=PartKind.COI, value=content, check=check, text=f"chain of identity {content}", lookups=lookups)


def _expiry(content: str) -> Part:
    """A century's digit, year, day of the year; hours and minutes where they are given. 0 is the century of 2000."""
    try:
        of_characters(content, DIGITS, "a digit")
        moment = _moment(content)
    except Misread as wrong:
        return _misread(PartKind.EXPIRY, "expiry", wrong)
    value = moment.strftime("%Y-%m-%dT%H:%M" if len(content) == 10 else "%Y-%m-%d")
    return Part(kind=PartKind.EXPIRY, value=value, text=f"expires {value.replace('T', ' ')}")


def _moment(content: str) -> datetime:
    century = 1900 if content[0] == "9" else 2000 + 100 * int(content[0])
    year, day = century + int(content[1:3]), int(content[3:6])
    hour, minute = int(content[6:8] or 0), int(content[8:10] or 0)
    moment = datetime(year, 1, 1) + timedelta(days=day - 1, hours=hour, minutes=minute)
    if moment.year != year or not day or hour > 23 or minute > 59:
        raise Misread("wrong_date", "there is no such day or time")
    return moment


def _product(content: str) -> Part:
    return Part(kind=PartKind.PRODUCT, value=content, text=f"product code {content}")


def _lot(content: str) -> Part:
    """Zeros fill structure 035 from the left, and those of the lot's own look the same: any may be meant."""
    value = content.lstrip("0")
    if not value:
        return _misread(PartKind.BATCH, "lot number", Misread("wrong_form", "it is made of zeros alone"))
    lookups = tuple(content[zeros:] for zeros in range(len(content) - len(value), -1, -1))
    return Part(kind=PartKind.BATCH, value=value, text=f"batch {value}", lookups=lookups)


def _misread(kind: PartKind, name: str, wrong: Misread) -> Part:
    return Part(kind=kind, check=Check.FAILED, text=f"{name}, misread", problem=problem_of(wrong, name))


_DONATION = Structure("001", "Donation identification number", 15, _donation)
STRUCTURES: dict[str, Structure] = {
    "=%": Structure("002", "Blood groups", 4, kind=PartKind.PERSON),
    "=<": Structure("003", "Product code", 8, _product),
    "=>": Structure("004", "Expiration date", 6, _expiry),
    "&>": Structure("005", "Expiration date and time", 10, _expiry),
    "=*": Structure("006", "Collection date", 6),
    "&*": Structure("007", "Collection date and time", 10),
    "=}": Structure("008", "Production date", 6),
    "&}": Structure("009", "Production date and time", 10),
    "&(": Structure("010", "Special testing", 5, kind=PartKind.PERSON),
    "={": Structure("011", "Red cell antigens", 18, kind=PartKind.PERSON),
    "=\\": Structure("012", "Red cell antigens", 18, kind=PartKind.PERSON),
    "&\\": Structure("013", "Red cell antigens", 18, kind=PartKind.PERSON),
    "&{": Structure("014", "Platelet antigens", 18, kind=PartKind.PERSON),
    "=[": Structure("015", "HLA alleles", 18, kind=PartKind.PERSON),
    '="': Structure("016", "HLA alleles", 18, kind=PartKind.PERSON),
    "=)": Structure("017", "Container manufacturer and catalogue number", 10),
    "&)": Structure("018", "Container lot number", 10),
    "=;": Structure("019", "Donor identification number", 21, kind=PartKind.PERSON),
    "='": Structure("020", "Staff member identification number", 11, kind=PartKind.PERSON),
    "=-": Structure("021", "Manufacturer and catalogue number", 10),
    "&-": Structure("022", "Lot number of an item", 10),
    "=+": Structure("023", "Compound message", 5),
    "=#": Structure("024", "Patient date of birth", 10, kind=PartKind.PERSON),
    "=]": Structure("026", "Expiration month and year", 6),
    '&"': Structure("027", "Transfusion transmitted infections", 18, kind=PartKind.PERSON),
    "=$": Structure("028", "Product consignment", 16),
    "=(": Structure("031", "Date and time", 16),
    "=,": Structure("032", "Product divisions", 6),
    "&+": Structure("033", "Processing facility information code", 11),
    "=/": Structure("034", "Processor product identification code", 16),
    "&,1": Structure("035", "Lot number", 18, _lot),
    "&,2": Structure("036", "Supplemental identification number", 18),
    "&,3": Structure("037", "Donor registration identifier", 19, kind=PartKind.PERSON),
    "&,4": Structure("038", "Single European Code", 40),
    "&:": Structure("039", "Donor registration identifier", 19, kind=PartKind.PERSON),
    "&/": Structure("040", "Chain of identity identifier", 15, _chain_of_identity),
}
"""By identifier (ST-001, table 2), save those whose length is not fixed (025, 029, 030) and 001."""
