"""Whose names and codes are used (`system`), and the small data types that carry them.

Codes of ours stand under `urn:clew:…`. HL7 lists the root of ISBT 128 donation identification numbers as
2.16.840.1.113883.6.18.2.1.
"""

from datetime import datetime
from typing import Any

from schemas import isbt128
from schemas.base import iso
from schemas.check_characters import Misread
from standards.fhir.ids import order_id

Element = dict[str, Any]

COI = "urn:clew:coi"
ORDER = "urn:clew:order"
PARTY = "urn:clew:party"
ROLE = "urn:clew:role"
PROTOCOL = "urn:clew:protocol"
REASON = "urn:clew:reason"
DONATION_NUMBER = "urn:oid:2.16.840.1.113883.6.18.2.1"
UCUM = "http://unitsofmeasure.org"


def ours(name: str) -> str:
    """A system of ours: `container` is `urn:clew:container`."""
    return f"urn:clew:{name.replace('_', '-')}"


def identifier(system: str, value: str) -> Element:
    return {"system": system, "value": value}


def donation_identifiers(number: str) -> list[Element]:
    """Ours, and ISBT 128's where the number has its form: 13 characters, facility, year and serial."""
    known = [identifier(ours("donation"), number)]
    try:
        return [*known, identifier(DONATION_NUMBER, isbt128.donation(number))]
    except Misread:
        return known


def concept(system: str, code: str) -> Element:
    return {"coding": [{"system": system, "code": code}]}


def reference(kind: str, identity: str) -> Element:
    """A literal reference to a resource of ours."""
    return {"reference": f"{kind}/{identity}", "type": kind}


def patient(coi: str) -> Element:
    """A logical reference: the chain-of-identity id, and never a name."""
    return {"type": "Patient", "identifier": identifier(COI, coi)}


def order(coi: str) -> Element:
    return reference("ServiceRequest", order_id(coi))


def organisation(party: str) -> Element:
    return {"type": "Organization", "identifier": identifier(PARTY, party)}


def person(pseudonym: str) -> Element:
    return {"type": "Practitioner", "identifier": identifier(ours("person"), pseudonym)}


def extension(name: str, kind: str, value: Any) -> Element:
    """What FHIR R4 has no element for. `kind`: the data type, as in `valueCode`."""
    return {"url": f"urn:clew:extension:{name}", f"value{kind}": value}


def millilitres(value: float) -> Element:
    return {"value": value, "unit": "mL", "system": UCUM, "code": "mL"}


def period(start: str | None, end: str | None) -> Element:
    return {name: moment for name, moment in (("start", start), ("end", end)) if moment}


def instant(moment: datetime) -> str:
    return iso(moment)
