"""Sensor reports that say that something was too warm or too cold. Degrees Celsius come out, whatever went in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from schemas.base import iso
from standards.epcis.events import Event, SensorElement, SensorReport
from standards.epcis.unheard import Unheard

_TO_CELSIUS: dict[str, Callable[[float], float]] = {
    "CEL": lambda value: value,
    "FAH": lambda value: (value - 32) / 1.8,
    "KEL": lambda value: value - 273.15,
}
"""By UN/CEFACT Recommendation 20; without a unit: Celsius."""


MOST_DEGREES = 1e4
"""No measurement or limit is further from zero than that, on either side."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A measurement out of range. `beyond`: by how much; 0 where nobody states a limit that it breaks."""

    element: SensorElement
    report: SensorReport
    value: float
    beyond: float


def excursion(event: Event) -> dict[str, Any] | None:
    """What a shipment's excursion says, of the worst measurement out of range; None where none is.

    Out of range: the report raises the alarm, or breaks limits that it states (`clew:limitMin`, `clew:limitMax`).
    Without a limit that is broken nobody knows which end is bad: the warmest is the worst, and `lowest` is said.
    Raises `Unheard`: an alarm that cannot be read is never passed over.
    """
    found = list(_out_of_range(event))
    if not found:
        return None
    worst = max(found, key=lambda each: (each.beyond, each.value))
    low, high = _limits(event, worst.report)
    lowest = min(each.value for each in found)
    said = {"limit_min": low, "limit_max": high, **_span(event, worst.element, worst.report), "worst": worst.value}
    return said | ({"lowest": lowest} if not worst.beyond and lowest < worst.value else {})


def _out_of_range(event: Event) -> Iterator[_Found]:
    for element in event.sensor_element_list or ():
        for report in element.sensor_report:
            if report.type != "Temperature" or report.exception == "ERROR_CONDITION":
                continue
            alarm, limits = report.exception == "ALARM_CONDITION", _limits(event, report)
            values = _values(report) if alarm or limits != (None, None) else []
            if alarm and not values:
                raise Unheard("alarm_not_read", "A temperature alarm has a number, in CEL, FAH or KEL.")
            for value in values:
                beyond = _beyond(limits, value)
                if alarm or beyond > 0:
                    yield _Found(element, report, value, beyond)


def _values(report: SensorReport) -> list[float]:
    convert = _TO_CELSIUS.get(report.uom or "CEL")
    given = (report.value, report.min_value, report.max_value, report.mean_value)
    values = [convert(each) for each in given if each is not None] if convert else []
    return [round(_degrees(each), 3) for each in values]


def _degrees(value: float) -> float:
    if not abs(value) <= MOST_DEGREES:
        raise Unheard("data_missing", f"A temperature is a number between -{MOST_DEGREES:.0f} and {MOST_DEGREES:.0f}.")
    return float(value)


def _beyond(limits: tuple[float | None, float | None], value: float) -> float:
    """By how much a value is out of limits; 0 without limits."""
    low, high = limits
    return max(low - value if low is not None else 0, value - high if high is not None else 0, 0)


def _limits(event: Event, report: SensorReport) -> tuple[float | None, float | None]:
    """The limits that the report states; for an alarm without any, those of another report of the event."""
    own = _stated(report)
    if own != (None, None) or report.exception != "ALARM_CONDITION":
        return own
    others = (_stated(each) for element in event.sensor_element_list or () for each in element.sensor_report)
    return next((each for each in others if each != (None, None)), own)


def _stated(report: SensorReport) -> tuple[float | None, float | None]:
    if report.type != "Temperature":
        return None, None
    return _limit(report, "Min"), _limit(report, "Max")


def _limit(report: SensorReport, end: str) -> float | None:
    given = report.said(f"limit{end}")
    return _degrees(given) if isinstance(given, int | float) and not isinstance(given, bool) else None


def _span(event: Event, element: SensorElement, report: SensorReport) -> dict[str, str]:
    meta = element.sensor_metadata
    began = (meta and (meta.start_time or meta.time)) or report.time or event.event_time
    ended = meta.end_time if meta else None
    return {"started_at": iso(began), **({"ended_at": iso(ended)} if ended else {})}
