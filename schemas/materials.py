"""Amounts of material, and what it means that they add up. Pure.

Amounts are an open set: a code (`volume`, `tnc`, `cd3`, `viable_cells`) with a number and its unit, as UCUM spells it
(`mL`, `{cells}`, `10*6/kg`). Nothing is converted: amounts of one code in two units are not compared, but refused.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from schemas.base import Code, Identifier, Reading, Strict, Tolerant

RECONCILES_WITHIN = 0.05
"""Two measurements of the same amount differ by so much, as a share of the first one: pipettes and cell counters."""


class Form(StrEnum):
    """What a material is, in the order in which cells pass through them."""

    COLLECTION = "collection"
    CONTAINER = "container"
    SPLIT = "split"
    POOL = "pool"
    BATCH = "batch"
    DOSE = "dose"
    ALIQUOT = "aliquot"
    RETAINED_SAMPLE = "retained_sample"


Finite = Annotated[float, Field(allow_inf_nan=False)]
"""A number. What is none could not travel on as JSON, and would be lost on the way."""

Measure = Annotated[Finite, Field(ge=0)]
"""How much there is of something."""

MOST_AMOUNTS = 20
"""Codes that are told of one container."""


class Amount(Tolerant):
    """So much of something. `unit`: UCUM."""

    code: Code
    value: Measure
    unit: Reading


def _each_once(amounts: tuple[Amount, ...]) -> tuple[Amount, ...]:
    if len({each.code for each in amounts}) != len(amounts):
        raise ValueError("a code stands here twice: which amount counts?")
    return amounts


_ByCode = dict[str, Amount]

Amounts = Annotated[tuple[Amount, ...], Field(max_length=MOST_AMOUNTS), AfterValidator(_each_once)]
"""How much of what, each code once."""


class Share(Strict):
    """How much of a parent went in."""

    parent: Identifier
    amounts: Amounts


class Balance(Strict):
    """What came of comparing two sides. `even`: codes that add up; `uneven`: codes that do not, or in two units.

    A code that any part does not tell is not `even`: it was not reconciled. It is `uneven` all the same where the
    parts that do tell it hold more than there was.
    """

    even: tuple[Code, ...] = ()
    uneven: tuple[Code, ...] = ()


def measured(**values: tuple[float | None, str]) -> Amounts:
    """Amounts by code, leaving out what is not known."""
    return tuple(Amount(code=code, value=each, unit=unit) for code, (each, unit) in values.items() if each is not None)


def balance(before: Iterable[Amounts | None], after: Iterable[Amounts | None], bounds: Iterable[str] = ()) -> Balance:
    """Whether what there is after is what there was before: nothing appears, nothing vanishes.

    `bounds`: codes of which there was at most so much before; of these nothing can be missed.
    """
    there, here = _by_code(before), _by_code(after)
    shared = sorted(set(there[0]).intersection(*there)) if there else []
    told = [code for code in shared if any(code in each for each in here)]
    whole = [code for code in told if code not in bounds and all(code in each for each in here)]
    uneven = [code for code in told if not _adds_up(code, there, here, whole=code in whole)]
    return Balance(even=tuple(code for code in whole if code not in uneven), uneven=tuple(uneven))


def _adds_up(code: str, there: list[_ByCode], here: list[_ByCode], *, whole: bool) -> bool:
    before, after = _sum(code, there), _sum(code, here)
    differs = abs(before - after) if whole else after - before
    return _one_unit(code, [*there, *here]) and differs <= RECONCILES_WITHIN * before


def drawn_from(available: Amounts, drawn: Iterable[Amounts | None]) -> Balance:
    """Whether there is as much as is drawn. `even`: codes that every draw tells; `uneven`: more than there is."""
    source, told = {each.code: each for each in available}, _by_code(drawn)
    over = [
        code
        for code in source
        if not _one_unit(code, [source, *told]) or _sum(code, told) > source[code].value * (1 + RECONCILES_WITHIN)
    ]
    even = [code for code in source if code not in over and all(code in each for each in told)]
    return Balance(even=tuple(even), uneven=tuple(over))


def left_of(available: Amounts, drawn: Iterable[Amounts | None]) -> Amounts:
    """What is left after drawing; where a draw does not tell a code, so much of it at the most."""
    told = _by_code(drawn)
    return tuple(
        each.model_copy(update={"value": _left(each.value - _sum(each.code, told))}) if _in_any(each, told) else each
        for each in available
    )


def not_more_than(bound: Amounts, told: Amounts) -> Amounts:
    """What is told, of each code the smaller one; what only the bound knows stands as it is."""
    known = {each.code: each for each in bound}
    smaller = [min(each, known.get(each.code, each), key=lambda one: one.value) for each in told]
    return tuple((known | {each.code: each for each in smaller}).values())[:MOST_AMOUNTS]


def _in_any(one: Amount, sides: Iterable[_ByCode]) -> bool:
    return any(one.code in each for each in sides)


def _by_code(sides: Iterable[Amounts | None]) -> list[_ByCode]:
    return [{each.code: each for each in side or ()} for side in sides]


def _one_unit(code: str, sides: Iterable[_ByCode]) -> bool:
    return len({each[code].unit for each in sides if code in each}) == 1


def _sum(code: str, sides: Iterable[_ByCode]) -> float:
    return sum(each[code].value for each in sides if code in each)


def _left(value: float) -> float:
    # To nine digits: what binary fractions add to a sum would otherwise stand in the record.
    return max(float(f"{value:.9g}"), 0.0)
