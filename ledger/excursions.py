"""What an excursion is: from the first reading outside the limits to the first one inside again. Pure.

Each device is judged by itself. Where readings are missing for long, nobody knows: that is said too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from schemas.stages import Temperature

LONGEST_GAP = timedelta(minutes=30)
"""Between two readings of one device; after more, what happened meanwhile is not known (`logger_gap`)."""

WORSE_BY = 1.0
"""Degrees Celsius further outside, after which an excursion that is known is told once more."""

LONGER_BY = timedelta(minutes=30)
"""So much longer, after which an excursion that is known is told once more."""


@dataclass(frozen=True)
class Point:
    """What was read at a moment."""

    at: datetime
    value: float


@dataclass(frozen=True)
class Gap:
    """No reading in between. `device`: None where there is no reading of any."""

    device: str | None
    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Excursion:
    """`ended_at`: of the first reading inside again, None where there is none; `last_at`: of the last one outside."""

    device: str
    started_at: datetime
    ended_at: datetime | None
    last_at: datetime
    worst: float

    @property
    def length(self) -> timedelta:
        return (self.ended_at or self.last_at) - self.started_at


def outside_by(limits: Temperature, value: float) -> float:
    """By how many degrees a value is outside; negative by how many it is inside."""
    below = limits.min - value if limits.min is not None else float("-inf")
    above = value - limits.max if limits.max is not None else float("-inf")
    return max(below, above)


def worst_of(limits: Temperature, values: Sequence[float]) -> float:
    """The value that is furthest outside, or nearest to a limit."""
    return max(values, key=lambda each: outside_by(limits, each))


def excursions(device: str, points: Sequence[Point], limits: Temperature) -> list[Excursion]:
    """All excursions among a device's readings, which come in order of time."""
    found: list[Excursion] = []
    run: list[Point] = []
    for point in points:
        if outside_by(limits, point.value) > 0:
            run.append(point)
        elif run:
            found.append(_excursion(device, run, point.at, limits))
            run = []
    return [*found, _excursion(device, run, None, limits)] if run else found


def gaps(
    device: str | None, points: Sequence[Point], longest: timedelta, begins: datetime, ends: datetime | None
) -> list[Gap]:
    """Where a device has said nothing for longer than that, from when on it should speak until when."""
    moments = [begins, *(each.at for each in points), *([ends] if ends is not None else [])]
    return [Gap(device, one, next_) for one, next_ in pairwise(moments) if next_ - one > longest]


def is_news(found: Excursion, told: Sequence[Excursion], limits: Temperature, longer_by: timedelta) -> bool:
    """Whether an excursion is to be told: it is a new one, or in a named way worse than whatever was told of it."""
    same = [each for each in told if each.device == found.device and _touch(found, each)]
    worse = all(outside_by(limits, found.worst) - outside_by(limits, each.worst) >= WORSE_BY for each in same)
    longer = all(found.length - each.length >= longer_by for each in same)
    return worse or longer


def _touch(one: Excursion, other: Excursion) -> bool:
    """Whether two were outside at the same time: then further readings have made one of the other."""
    return one.started_at <= (other.ended_at or other.last_at) and other.started_at <= (one.ended_at or one.last_at)


def _excursion(device: str, run: Sequence[Point], ended_at: datetime | None, limits: Temperature) -> Excursion:
    worst = worst_of(limits, [each.value for each in run])
    return Excursion(device, run[0].at, ended_at, run[-1].at, worst)
