"""Sensor reports that say that something was too warm or too cold. Degrees Celsius come out, whatever went in."""

from collections.abc import Callable, Iterator
from typing import Any

from schemas.base import iso
from standards.epcis.events import Event, SensorElement, SensorReport

_TO_CELSIUS: dict[str, Callable[[float], float]] = {
    "CEL": lambda value: value,
    "FAH": lambda value: (value - 32) / 1.8,
    "KEL": lambda value: value - 273.15,
}
"""By UN/CEFACT Recommendation 20; without a unit: Celsius."""


def excursion(event: Event) -> dict[str, Any] | None:
    """What a shipment's excursion says, of the worst measurement out of range; None where none is.

    Out of range: the report raises the alarm, or breaks limits that it states (`clew:limitMin`, `clew:limitMax`).
    """
    found = [(distance, element, report, value) for element, report, value, distance in _out_of_range(event)]
    if not found:
        return None
    _, element, report, worst = max(found, key=lambda each: each[0])
    limits = {"limit_min": _limit(report, "Min"), "limit_max": _limit(report, "Max")}
    return {**limits, **_span(event, element, report), "worst": worst}


def _out_of_range(event: Event) -> Iterator[tuple[SensorElement, SensorReport, float, float]]:
    for element in event.sensor_element_list or ():
        for report in element.sensor_report:
            if report.type != "Temperature" or (report.uom or "CEL") not in _TO_CELSIUS:
                continue
            for value in _values(report):
                beyond = _beyond(report, value)
                if report.exception == "ALARM_CONDITION" or beyond > 0:
                    yield element, report, value, beyond


def _values(report: SensorReport) -> list[float]:
    convert = _TO_CELSIUS[report.uom or "CEL"]
    given = (report.value, report.min_value, report.max_value)
    return [round(convert(each), 3) for each in given if each is not None]


def _beyond(report: SensorReport, value: float) -> float:
    """By how much a value is out of the limits that the report states; 0 without limits."""
    low, high = _limit(report, "Min"), _limit(report, "Max")
    return max(low - value if low is not None else 0, value - high if high is not None else 0)


def _limit(report: SensorReport, end: str) -> float | None:
    given = report.said(f"limit{end}")
    return float(given) if isinstance(given, int | float) else None


def _span(event: Event, element: SensorElement, report: SensorReport) -> dict[str, str]:
    meta = element.sensor_metadata
    began = (meta and (meta.start_time or meta.time)) or report.time or event.event_time
    ended = meta.end_time if meta else None
    return {"started_at": iso(began), **({"ended_at": iso(ended)} if ended else {})}
