"""How fast one partner is asked."""

import time
from collections.abc import Callable

_AHEAD = 0.1
"""Seconds' worth of deliveries that may go out together, so that a quick partner is not asked one by one."""


class Pace:
    """A bucket that fills at the partner's rate. `rate`: deliveries a second at the most, None for as many as come."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rate: float | None = None
        self._tokens = 1.0
        self._filled_at = clock()

    def at(self, rate: float | None) -> "Pace":
        """With the rate that counts from now on."""
        self._fill()
        self._rate = rate
        return self

    def allows(self, wanted: int) -> int:
        """How many of these may go out now."""
        if self._rate is None:
            return wanted
        self._fill()
        return min(wanted, int(self._tokens))

    def spend(self, count: int) -> None:
        """So many go out."""
        self._tokens -= count

    @property
    def wait(self) -> float:
        """Seconds until the next may go out."""
        if self._rate is None:
            return 0
        self._fill()
        return max(0.0, (1 - self._tokens) / self._rate)

    def _fill(self) -> None:
        now = self._clock()
        if self._rate is not None:
            self._tokens = min(max(1.0, self._rate * _AHEAD), self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
