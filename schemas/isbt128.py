"""ISBT 128 numbers (ICCBBA ST-001): facilities, donations, and chain-of-identity identifiers.

A facility number is licensed: one is configured, none is ever made up.
"""

from schemas.check_characters import (
    ALPHANUMERIC,
    DIGITS,
    LETTERS,
    Misread,
    check_value,
    ends_in,
    mod_37_2,
    of_characters,
    of_length,
)

_NO_O = LETTERS.replace("O", "")
FACILITY_LENGTH, DONATION_LENGTH = 5, 13
COI_LENGTH = 15
COI_PREFIX = "CH"
FLAGGED_FROM = 60
"""Flag characters from here on are the check character's value and 60 (ST-001, section 2.4.1, type 3)."""


def facility(text: str, first: int = 1) -> str:
    """A facility identification number: `A9999`, no letter O, the last two are digits. Raises `Misread`."""
    of_length(text, FACILITY_LENGTH)
    of_characters(text[0], _NO_O + DIGITS[1:], "a capital letter other than O, or 1 to 9", first)
    of_characters(text[1:3], _NO_O + DIGITS, "a capital letter other than O, or a digit", first + 1)
    of_characters(text[3:], DIGITS, "a digit", first + 3)
    return text


def donation(text: str) -> str:
    """A donation identification number (structure 001): facility, year, sequence; 13 characters. Raises `Misread`."""
    of_length(text, DONATION_LENGTH)
    facility(text[:FACILITY_LENGTH])
    of_characters(text[FACILITY_LENGTH:], DIGITS, "a digit", first=FACILITY_LENGTH + 1)
    return text


def typed_donation(text: str) -> str:
    """A donation number as typed, with its keyboard entry check character; gives the number alone. Raises `Misread`."""
    of_length(text, DONATION_LENGTH + 1)
    number = donation(text[:-1])
    ends_in(text, mod_37_2(number))
    return number


def flagged_donation(text: str) -> tuple[str, bool]:
    """A donation number as scanned, with its two flag characters: the number, and whether they have checked it.

    Raises `Misread`, also where the flags are a check character and another one than the number's.
    """
    of_length(text, DONATION_LENGTH + 2)
    number, flags = donation(text[:-2]), text[-2:]
    of_characters(flags, ALPHANUMERIC, "a capital letter or a digit", first=DONATION_LENGTH + 1)
    if not (flags.isdecimal() and FLAGGED_FROM <= int(flags) <= FLAGGED_FROM + 36):
        return number, False
    expected = check_value(number) + FLAGGED_FROM
    if int(flags) != expected:
        raise Misread("wrong_check_character", f"the flags say {flags} where {expected} was expected: scan it again")
    return number, True


def chain_of_identity(text: str) -> str:
    """What follows `&/` (structure 040): CH, facility, year, six letters or digits of the issuer. Raises `Misread`."""
    of_length(text, COI_LENGTH)
    if not text.startswith(COI_PREFIX):
        raise Misread("wrong_form", f"it should begin with {COI_PREFIX}")
    facility(text[2:7], first=3)
    of_characters(text[7:9], DIGITS, "a digit", first=8)
    of_characters(text[9:], ALPHANUMERIC, "a capital letter or a digit", first=10)
    return text
