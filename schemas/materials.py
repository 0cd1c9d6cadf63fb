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
"""Two measurements of the same amount differ by so much, as a share of the greater one: pipettes and cell counters."""


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


class Amount(Tolerant):
    """So much of something. `unit`: UCUM."""

    code: Code
    value: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    unit: Reading


def _each_once(amounts: tuple[Amount, ...]) -> tuple[Amount, ...]:
    if len({each.code for each in amounts}) != len(amounts):
        raise ValueError("a code stands here twice: which amount counts?")
    return amounts


Amounts = Annotated[tuple[Amount, ...], Field(max_length=20), AfterValidator(_each_once)]
"""How much of what, each code once."""


class Share(Strict):
    """How much of a parent went in."""

    parent: Identifier
    amounts: Amounts


class Balance(Strict):
    """What came of comparing two sides. `even`: codes that add up; `uneven`: codes that do not, or in two units.

    A code that any part does not tell is in neither: it was not reconciled.
    """

    even: tuple[Code, ...] = ()
    uneven: tuple[Code, ...] = ()


def measured(**values: tuple[float | None, str]) -> Amounts:
    """Amounts by code, leaving out what is not known."""
    return tuple(Amount(code=code, value=each, unit=unit) for code, (each, unit) in values.items() if each is not None)


def balance(before: Iterable[Amounts | None], after: Iterable[Amounts | None]) -> Balance:
    """Whether what there is after is what there was before: nothing appears, nothing vanishes."""
    there, here = _by_code(before), _by_code(after)
    everything = [*there, *here]
    shared = sorted(set(everything[0]).intersection(*everything)) if everything else []
    even = [code for code in shared if _one_unit(code, everything) and _same(_sum(code, there), _sum(code, here))]
    return Balance(even=tuple(even), uneven=tuple(code for code in shared if code not in even))


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
    """What is left after drawing. A code that any draw does not tell is not known any more."""
    told = _by_code(drawn)
    known = [each for each in available if all(each.code in draw for draw in told)]
    return tuple(each.model_copy(update={"value": _left(each.value - _sum(each.code, told))}) for each in known)


_ByCode = dict[str, Amount]


def _by_code(sides: Iterable[Amounts | None]) -> list[_ByCode]:
    return [{each.code: each for each in side or ()} for side in sides]


def _one_unit(code: str, sides: Iterable[_ByCode]) -> bool:
    return len({each[code].unit for each in sides if code in each}) == 1


def _sum(code: str, sides: Iterable[_ByCode]) -> float:
    return sum(each[code].value for each in sides if code in each)


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= RECONCILES_WITHIN * max(one, other)


def _left(value: float) -> float:
    # To nine digits: what binary fractions add to a sum would otherwise stand in the record.
    return max(float(f"{value:.9g}"), 0.0)
