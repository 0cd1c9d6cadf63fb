"""Chance that repeats: drawn from the seed and from what the thing is, never from when or how often it is asked."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from random import Random

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Spread:
    """Durations between two bounds, most of them near the usual one (a triangular distribution). Hours."""

    least: float
    usual: float
    most: float

    def draw(self, chance: Random) -> timedelta:
        return timedelta(hours=chance.triangular(self.least, self.most, self.usual))


def hours(least: float, usual: float, most: float) -> Spread:
    return Spread(least, usual, most)


def days(least: float, usual: float, most: float) -> Spread:
    return Spread(24 * least, 24 * usual, 24 * most)


def minutes(least: float, usual: float, most: float) -> Spread:
    return Spread(least / 60, usual / 60, most / 60)


def chance_of(seed: int, *what: object) -> Random:
    """The dice for one thing. The same seed and the same thing roll the same, on every machine."""
    return Random("/".join(map(str, (seed, *what))))


def happens(chance: Random, rate: float) -> bool:
    return chance.random() < rate


def number_of(seed: int, *what: object) -> str:
    """A number in the style of a registry: ten letters and digits, the same for the same thing."""
    digest = int.from_bytes(hashlib.sha256("/".join(map(str, (seed, *what))).encode()).digest())
    return "".join(_LETTERS[digest >> shift & 31] for shift in range(0, 50, 5))
