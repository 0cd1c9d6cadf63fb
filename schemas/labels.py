"""Labels: their numbers, what stands on them, and what becomes of each.

issued ──> printed (again, with a reason) ──> applied | destroyed | returned
    └──────────┴──> void
"""

import re
import secrets
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from schemas.base import Identifier, Instant, Strict
from schemas.check_characters import Misread, ends_in_mod_37_2, mod_37_2
from schemas.forms import form
from schemas.identity import CoiId
from schemas.stages import Temperature

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SET = "^LS[0-9A-HJKMNP-TV-Z]{10}$"
_NUMBER = "^LS[0-9A-HJKMNP-TV-Z]{10}[0-9]{3}[0-9A-Z*]$"
_SERIAL_LENGTH = 10

MOST_LABELS = 500
"""Labels in a set."""

SetId = Annotated[str, form(_SET, "a set of labels as `clew label list` names it")]
"""A set of labels: opaque, 50 random bits, or as many of its key's hash."""

Gs1Prefix = Annotated[str, StringConstraints(pattern=r"^[0-9]{4,12}$")]
"""A GS1 company prefix, as GS1 has licensed it to whoever labels."""


def _checked(value: str) -> str:
    if mod_37_2(value[:-1]) != value[-1:]:
        raise ValueError("the check character does not fit: a character was misread or mistyped")
    return value


LabelNumber = Annotated[
    str,
    form(_NUMBER, "a label's number as it stands on the label"),
    AfterValidator(_checked),
    WithJsonSchema({"type": "string", "pattern": _NUMBER}),
]
"""One label, and no other ever: its set, its place there, an ISO/IEC 7064 mod 37-2 check character."""


def read_label_number(text: str) -> str:
    """A label's number, without blanks and in capital letters. Raises `Misread`."""
    ends_in_mod_37_2(text)
    if not re.fullmatch(_NUMBER, text):
        raise Misread("wrong_form", "it should be LS, 10 letters and digits, 3 digits and a check character")
    return text


def new_set() -> str:
    """A name for a set of labels; the database refuses one that was given before."""
    return "LS" + "".join(secrets.choice(_ALPHABET) for _ in range(_SERIAL_LENGTH))


def set_of_key(coi: str, key: str) -> str:
    """The name of the set that a request with this key makes for this journey: said again, the same."""
    digest = sha256(f"{coi}/{key}".encode()).digest()
    return "LS" + "".join(_ALPHABET[each % len(_ALPHABET)] for each in digest[:_SERIAL_LENGTH])


def label_number(label_set: str, place: int) -> str:
    """The number of a set's label; places count from 1."""
    body = f"{label_set}{place:03}"
    return body + mod_37_2(body)


class LabelStatus(StrEnum):
    """What became of a label. `applied`: used; `void`: taken out before its use, and counted as destroyed."""

    ISSUED = "issued"
    PRINTED = "printed"
    APPLIED = "applied"
    DESTROYED = "destroyed"
    RETURNED = "returned"
    VOID = "void"


OPEN = (LabelStatus.ISSUED, LabelStatus.PRINTED)
"""A label that is not accounted for."""


class LabelSize(StrEnum):
    """`bag`: 100 by 70 mm; `vial`: 60 by 25 mm, with the least that a label must say."""

    BAG = "bag"
    VIAL = "vial"


class Statement(StrEnum):
    """A sentence on a label, by its code: nobody types one."""

    AUTOLOGOUS_USE_ONLY = "autologous_use_only"
    NOT_EVALUATED = "not_evaluated"
    INTENDED_RECIPIENT = "intended_recipient"
    DO_NOT_IRRADIATE = "do_not_irradiate"
    INVESTIGATIONAL = "investigational"


WORDS: dict[Statement, str] = {
    Statement.AUTOLOGOUS_USE_ONLY: "FOR AUTOLOGOUS USE ONLY",
    Statement.NOT_EVALUATED: "NOT EVALUATED FOR INFECTIOUS SUBSTANCES",
    Statement.INTENDED_RECIPIENT: "FOR USE BY INTENDED RECIPIENT ONLY",
    Statement.DO_NOT_IRRADIATE: "DO NOT IRRADIATE",
    Statement.INVESTIGATIONAL: "Caution: New Drug - Limited by Federal law to investigational use.",
}
"""The words of each: 21 CFR 1271.90(c)(1) and (2), FACT-JACIE (recipient, irradiation), 21 CFR 312.6(a)."""

ThingKind = Literal["container", "dose", "blank"]


class LabelContent(Strict):
    """What stands on every label of a set. No patient's name, and no text that anybody types."""

    coi: CoiId
    title: Annotated[str, Field(max_length=200, description="The protocol's title.")]
    product: Identifier
    expires_at: Instant | None = None
    storage: Temperature | None = None
    statements: tuple[Statement, ...] = ()
    size: LabelSize = LabelSize.BAG
    gs1_prefix: Gs1Prefix | None = None


class LabelFor(Strict):
    """One label of a set, and what it is for: a container or dose by its id, or whatever is filled in later."""

    number: LabelNumber
    kind: ThingKind
    id: Identifier | None = None
