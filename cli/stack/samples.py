"""The sample journeys of `clew up`: chosen once for a home, and the same ones ever after."""

import json
from pathlib import Path

from cli.stack.home import Home
from cli.stack.services import SimulatedCity
from schemas.base import Strict

_FILE = "samples.json"


class Samples(Strict):
    """What is enrolled in a new home, and how the simulated city behaves."""

    journeys: int
    time_lapse: float
    seed: int
    protocols: tuple[str, ...]
    rates: dict[str, float]

    def city(self) -> SimulatedCity:
        """The options of `clew simulate`. Enrolling the same patients again changes nothing."""
        options = ["--journeys", str(self.journeys), "--time-lapse", str(self.time_lapse), "--seed", str(self.seed)]
        for protocol in self.protocols:
            options += ["--protocol", protocol]
        for name, rate in self.rates.items():
            options += ["--rate", f"{name}={rate}"]
        return SimulatedCity(tuple(options))


def samples_of(home: Home, wanted: Samples) -> Samples:
    """What this home began with; a home that has journeys but no samples of ours gets none."""
    file = home.folder / _FILE
    if file.exists():
        return Samples.model_validate_json(file.read_text())
    chosen = wanted if home.is_new else wanted.model_copy(update={"journeys": 0})
    _write(file, chosen)
    return chosen


def _write(file: Path, samples: Samples) -> None:
    file.write_text(json.dumps(samples.model_dump(mode="json"), indent=2))
