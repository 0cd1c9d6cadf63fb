"""Who and what: the chain-of-identity id, parties in their roles, identifiers of things."""

import secrets
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from schemas.base import Identifier, Strict

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SERIAL_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PREFIX = "CLEW"
_SERIAL_LENGTH = 16


def check_character(text: str) -> str:
    """The ISO/IEC 7064 mod 37-2 check character (0-9, A-Z or `*`) of an upper-case alphanumeric text."""
    total = 0
    for character in text:
        total = (total + _ALPHABET.index(character)) * 2 % 37
    return (_ALPHABET + "*")[(38 - total) % 37]


def new_coi() -> str:
    """A fresh chain-of-identity id: opaque, without meaning, 80 random bits, with a check character."""
    serial = _PREFIX + "".join(secrets.choice(_SERIAL_ALPHABET) for _ in range(_SERIAL_LENGTH))
    return serial + check_character(serial)


def _checked(value: str) -> str:
    body, check = value[:-1], value[-1:]
    well_formed = (
        len(value) == len(_PREFIX) + _SERIAL_LENGTH + 1
        and value.startswith(_PREFIX)
        and all(character in _ALPHABET for character in body)
    )
    if not well_formed:
        raise ValueError("a chain-of-identity id is CLEW, 16 letters or digits and a check character")
    if check_character(body) != check:
        raise ValueError("the check character does not fit: a character was misread or mistyped")
    return value


CoiId = Annotated[
    str,
    AfterValidator(_checked),
    WithJsonSchema({"type": "string", "pattern": r"^CLEW[0-9A-Z]{16}[0-9A-Z*]$"}),
]
"""A chain-of-identity id: issued once for a therapy, kept for every collection of it, never reused."""


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


class KnownAs(Strict):
    """One line of the crosswalk: this identifier belongs to the journey."""

    kind: IdentifierKind
    value: Identifier
