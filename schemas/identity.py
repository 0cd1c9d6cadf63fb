"""Who and what: the chain-of-identity id, parties in their roles, identifiers of things."""

import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

from pydantic import TypeAdapter, ValidationError, WithJsonSchema

from schemas import gs1_keys, isbt128
from schemas.base import Identifier, Strict
from schemas.check_characters import ALPHANUMERIC, Misread, ends_in, ends_in_mod_37_2, mod_37_2, of_length, validator

_SERIAL_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PREFIX = "CLEW"
_SERIAL_LENGTH = 16
_NUMBER_LENGTH = 5
_SCANNED = "&/"
_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
SERIALS_A_YEAR = len(ALPHANUMERIC) ** _NUMBER_LENGTH
"""Serials of one facility and year, from 0; for one in 37 of them there is no id (`isbt_coi`)."""


def new_coi() -> str:
    """A fresh chain-of-identity id: opaque, without meaning, 80 random bits, with a check character."""
    serial = _PREFIX + "".join(_SERIAL_ALPHABET[byte % 32] for byte in secrets.token_bytes(_SERIAL_LENGTH))
    return serial + mod_37_2(serial)


def isbt_coi(facility: str, year: int, serial: int) -> str | None:
    """The ISBT 128 chain-of-identity identifier (structure 040) of a serial; None for one that has none.

    Of the six characters that are the issuer's own, the last is a check character, so that a typing error cannot lead
    to the next patient. It must be a letter or digit: a serial whose check character is `*` is passed over.
    """
    number = ""
    for _ in range(_NUMBER_LENGTH):
        serial, digit = divmod(serial, len(ALPHANUMERIC))
        number = ALPHANUMERIC[digit] + number
    body = f"{isbt128.COI_PREFIX}{facility}{year % 100:02}{number}"
    check = mod_37_2(body)
    return None if check == "*" else body + check


def read_coi(value: str) -> str:
    """An id of one of our issuers. Raises `Misread`, which says what is wrong."""
    if value.startswith(_PREFIX):
        of_length(value, len(_PREFIX) + _SERIAL_LENGTH + 1)
        return ends_in_mod_37_2(value)
    if value.startswith(isbt128.COI_PREFIX):
        isbt128.chain_of_identity(value)
        ends_in(value, mod_37_2(value[:-1]))
        return value
    raise Misread("wrong_form", f"a chain-of-identity id begins with {_PREFIX} or {isbt128.COI_PREFIX}")


def is_coi(value: str) -> bool:
    """Whether a name is a chain-of-identity id, whosoever's."""
    try:
        read_coi(value)
    except Misread:
        return False
    return True


CoiId = Annotated[
    str,
    validator(read_coi),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(CLEW[0-9A-Z]{16}[0-9A-Z*]|CH[A-NP-Z1-9][A-NP-Z0-9]{2}[0-9]{4}[0-9A-Z]{6})$",
        }
    ),
]
"""A chain-of-identity id: issued once for a therapy, kept for every collection of it, never reused."""


def scanned_spelling(coi: str) -> str | None:
    """What a scanner reads where the id is on a label as ISBT 128 (structure 040); None for an id of another issuer."""
    return f"{_SCANNED}{coi}" if coi.startswith(isbt128.COI_PREFIX) else None


def readings(said: str) -> tuple[str, ...]:
    """A name as it was said, and as the crosswalk may know it.

    A key of GS1's is known as its element string, an ISBT 128 chain-of-identity id without a scanner's `&/`.
    """
    others = (gs1_keys.element_string(said), said.removeprefix(_SCANNED))
    return tuple(dict.fromkeys((said, *filter(_could_be_claimed, others))))


def _could_be_claimed(name: str) -> bool:
    try:
        return _IDENTIFIER.validate_python(name) == name
    except ValidationError:
        return False


class Role(StrEnum):
    """A part that an organisation plays in a journey."""

    TREATMENT_CENTRE = "treatment_centre"
    COLLECTION_CENTRE = "collection_centre"
    COURIER = "courier"
    MANUFACTURER = "manufacturer"
    LABORATORY = "laboratory"


class IdentifierKind(StrEnum):
    """What an identifier names. All of them lead to the journey (the crosswalk)."""

    COI = "coi"
    ORDER = "order"
    DONATION = "donation"
    CONTAINER = "container"
    BATCH = "batch"
    DOSE = "dose"
    SHIPMENT = "shipment"
    GSRN = "gsrn"
    SGTIN = "sgtin"
    SSCC = "sscc"


class KnownAs(Strict):
    """One line of the crosswalk: this identifier belongs to the journey.

    `names`: the identifier of ours that this one, a partner's, stands for.
    """

    kind: IdentifierKind
    value: Identifier
    names: Identifier | None = None


_KEYS: dict[IdentifierKind, Callable[[str], str]] = {
    IdentifierKind.GSRN: gs1_keys.gsrn_key,
    IdentifierKind.SGTIN: gs1_keys.sgtin_key,
    IdentifierKind.SSCC: gs1_keys.sscc_key,
}


def spellings(kind: IdentifierKind, value: str) -> tuple[str, ...]:
    """An identifier as it was said and, for a key of GS1's, as scanners and systems give it. Raises `Misread`.

    A URN or Digital Link names its key under any kind: it is what the same symbol says to another reader.
    """
    read = _KEYS.get(kind)
    if read is None:
        return tuple(dict.fromkeys((value, gs1_keys.element_string(value))))
    key = read(value)
    return tuple(dict.fromkeys((value, key, gs1_keys.bare(key))))
