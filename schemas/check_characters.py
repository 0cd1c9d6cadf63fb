"""Check characters, and what is wrong with a text that does not bear the right one.

Two systems: ISO/IEC 7064 mod 37-2 (ISBT 128, chain-of-identity ids) and the mod 10 of GS1's keys. Both catch every
single wrong character; mod 37-2 also catches every swap of two neighbours, mod 10 all but those whose digits differ by
five (GS1 General Specifications, section 7.9).
"""

from collections.abc import Callable

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ALPHANUMERIC = DIGITS + LETTERS
WITH_CHECK = ALPHANUMERIC + "*"

READ_AGAIN = "one character was misread or mistyped, or two were swapped: read it again from the label"


class Misread(ValueError):
    """What is wrong with an identifier, by a stable code, in a sentence that does not repeat it.

    `wrong_length`, `wrong_character` (which place, counted from 1), `wrong_check_character`, `wrong_form`.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def mod_37_2(text: str) -> str:
    """The ISO/IEC 7064 mod 37-2 check character (0-9, A-Z or `*`) of an upper-case alphanumeric text."""
    return WITH_CHECK[check_value(text)]


def check_value(text: str) -> int:
    """The same as a number from 0 to 36."""
    total = 0
    for character in text:
        total = (total + ALPHANUMERIC.index(character)) * 2 % 37
    return (38 - total) % 37


def mod_10(digits: str) -> str:
    """GS1's check digit of what stands before it: weights 3 and 1 in turn, 3 for the last."""
    total = sum(int(each) * (1 if place % 2 else 3) for place, each in enumerate(reversed(digits)))
    return str(-total % 10)


def of_length(text: str, *lengths: int) -> None:
    """Raises `Misread` (`wrong_length`)."""
    if len(text) not in lengths:
        wanted = " or ".join(map(str, lengths))
        raise Misread("wrong_length", f"{len(text)} characters long, and should be {wanted}")


def of_characters(text: str, alphabet: str, called: str, first: int = 1) -> None:
    """`first`: the place of the text's first character in the whole. Raises `Misread` (`wrong_character`)."""
    for place, character in enumerate(text, start=first):
        if character not in alphabet:
            raise Misread("wrong_character", f"character {place} is not {called}")


def ends_in(text: str, expected: str, called: str = "check character") -> None:
    """The text's last character is the check character that the rest gives. Raises `Misread`."""
    if text[-1] != expected:
        raise Misread(
            "wrong_check_character", f"the {called} is {text[-1]} where {expected} was expected: {READ_AGAIN}"
        )


def ends_in_mod_37_2(text: str) -> str:
    """The text, letters and digits with their check character. Raises `Misread`."""
    if len(text) < 2:
        raise Misread("wrong_length", f"{len(text)} characters long, and should be at least 2")
    of_characters(text[:-1], ALPHANUMERIC, "a capital letter or a digit")
    of_characters(text[-1], WITH_CHECK, "a capital letter, a digit or *", first=len(text))
    ends_in(text, mod_37_2(text[:-1]))
    return text


def ends_in_mod_10(text: str, *lengths: int) -> str:
    """The digits, in one of the lengths, with their check digit. Raises `Misread`."""
    of_length(text, *lengths)
    of_characters(text, DIGITS, "a digit")
    ends_in(text, mod_10(text[:-1]), "check digit")
    return text


def validator(read: Callable[[str], str]) -> AfterValidator:
    """For a pydantic field: what `read` finds wrong becomes the error, under its own code."""

    def check(value: str) -> str:
        try:
            return read(value)
        except Misread as wrong:
            raise PydanticCustomError(wrong.code, "{detail}", {"detail": wrong.detail}) from None

    return AfterValidator(check)
