"""A figure: what was measured, beside its floor and its target. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

Better = Literal["at least", "at most"]


@dataclass(frozen=True)
class Target:
    """What the figure should be; `ratio` says that it is the ratio to the floor that counts, not the value."""

    better: Better
    value: float
    ratio: bool = False

    def __str__(self) -> str:
        return f"{'≥' if self.better == 'at least' else '≤'} {self.value:g}{' of the floor' if self.ratio else ''}"


@dataclass(frozen=True)
class Figure:
    """Medians over the rounds. `floor`: the least that the same work costs on this machine, measured in the same run.

    `ours` and `floor` are in `unit`; `spread` holds the single rounds of `ours`, `floor_spread` those of the floor.
    """

    name: str
    unit: str
    spread: tuple[float, ...]
    floor_spread: tuple[float, ...] = ()
    target: Target | None = None

    @property
    def ours(self) -> float:
        return median(self.spread)

    @property
    def floor(self) -> float | None:
        return median(self.floor_spread) if self.floor_spread else None

    @property
    def ratio(self) -> float | None:
        """Ours to the floor: the median of the rounds' own ratios, because a machine's noise hits both of a round."""
        pairs = [(ours, floor) for ours, floor in zip(self.spread, self.floor_spread, strict=False) if floor]
        return median(ours / floor for ours, floor in pairs) if pairs else None

    @property
    def holds(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        value = self.ratio if self.target.ratio else self.ours
        if value is None:
            return None
        return value >= self.target.value if self.target.better == "at least" else value <= self.target.value

    def as_json(self) -> dict[str, Any]:
        """For a program: ratios first."""
        return {
            "name": self.name,
            "ratio": _rounded(self.ratio),
            "ours": _rounded(self.ours),
            "floor": _rounded(self.floor),
            "unit": self.unit,
            "target": asdict(self.target) if self.target else None,
            "holds": self.holds,
            "rounds": [_rounded(each) for each in self.spread],
            "floor_rounds": [_rounded(each) for each in self.floor_spread],
        }


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least so large a share of all values does not exceed (nearest rank)."""
    if not values:
        raise ValueError("no values, no percentile")
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * share // 1))
    return ordered[min(int(rank), len(ordered)) - 1]


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
