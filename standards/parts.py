"""What a scan is made of: parts, each with its kind, the verdict of its check character, and words for a person."""

from collections.abc import Callable
from enum import StrEnum

from pydantic import Field

from schemas.base import Strict
from schemas.check_characters import Misread


class PartKind(StrEnum):
    """What a part of a scan is.

    `thing`: a container or dose, on a label of ours. `person`: a patient, donor or member of staff, whose number is not
    repeated. `known`: a name that the crosswalk has as it was scanned, of no standard's.
    """

    COI = "coi"
    DONATION = "donation"
    SGTIN = "sgtin"
    GTIN = "gtin"
    SSCC = "sscc"
    GSRN = "gsrn"
    GLN = "gln"
    GS1_KEY = "gs1_key"
    BATCH = "batch"
    EXPIRY = "expiry"
    PRODUCT = "product"
    LABEL = "label"
    THING = "thing"
    PERSON = "person"
    REFERENCE = "reference"
    OTHER = "other"
    KNOWN = "known"
    UNRECOGNISED = "unrecognised"


class Check(StrEnum):
    """Whether the check character fits; `none`: there is none."""

    PASSED = "passed"
    FAILED = "failed"
    NONE = "none"


class Problem(Strict):
    """What is wrong, by a stable code, in a sentence that does not repeat what was scanned."""

    code: str
    detail: str


class Part(Strict):
    """One thing that a scan names. `value`: only where that is no person's, and nothing is wrong with it.

    `lookups`: under which spellings the crosswalk may know it; never shown.
    """

    kind: PartKind
    value: str | None = None
    check: Check = Check.NONE
    text: str
    problem: Problem | None = None
    lookups: tuple[str, ...] = Field(default=(), exclude=True)


class Scan(Strict):
    """All that a scan says. `problem`: why it could not be read to its end."""

    parts: tuple[Part, ...]
    problem: Problem | None = None

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong with any of it."""
        return self.problem is None and all(each.problem is None for each in self.parts)


def problem_of(wrong: Misread, where: str = "") -> Problem:
    """`where`: what is wrong, if the sentence does not say it."""
    return Problem(code=wrong.code, detail=f"{where}: {wrong.detail}" if where else wrong.detail)


def checked(kind: PartKind, name: str, read: Callable[[str], str], text: str, *lookups: Callable[[str], str]) -> Part:
    """A part whose check character is looked at; `lookups` spell what was read for the crosswalk."""
    try:
        value = read(text)
    except Misread as wrong:
        return Part(kind=kind, check=Check.FAILED, text=f"{name}, misread", problem=problem_of(wrong, name))
    spelt = tuple(dict.fromkeys((value, *(each(value) for each in lookups))))
    return Part(kind=kind, value=value, check=Check.PASSED, text=f"{name} {value}", lookups=spelt)
