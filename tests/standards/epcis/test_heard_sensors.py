"""Temperatures in partners' EPCIS events: which are an excursion, and what is said of it."""

from typing import Any

import pytest

from standards.epcis.told import document
from standards.epcis.unheard import Unheard
from tests.standards.epcis.record import entries, facts_of
from tests.standards.epcis.test_heard import ALARM, BOL, COLD, all_heard, one
from tests.standards.epcis.test_told import warm_on_the_way


@pytest.mark.parametrize(
    ("reports", "worst"),
    [
        ([COLD | {"value": 14.5}], 14.5),
        ([COLD | {"value": 5.0}, COLD | {"value": -3.0}, COLD | {"value": 9.0}], -3.0),
        ([COLD | {"minValue": 1.0, "maxValue": 20.0}], 20.0),
        ([COLD | {"value": 59.0, "uom": "FAH"}], 15.0),
        ([{"type": "Temperature", "value": 290.15, "uom": "KEL", "exception": "ALARM_CONDITION"}], 17.0),
        ([ALARM | {"minValue": -190.0, "maxValue": -60.0}], -60.0),
        ([ALARM | {"value": -130.0}, ALARM | {"value": 20.0}], 20.0),
        ([ALARM | {"meanValue": -60.0}], -60.0),
        ([ALARM | {"type": "gs1:Temperature", "value": -60.0}], -60.0),
        ([ALARM | {"exception": "gs1:ALARM_CONDITION", "value": -60.0}], -60.0),
        ([ALARM | {"minValue": -3.0, "maxValue": 8.0}, COLD | {"value": 5.0}], -3.0),
        ([ALARM | {"value": 20.0}, COLD | {"value": -3.0}], 20.0),
        ([COLD | {"value": 5.0}], None),
        ([COLD | {"value": 14.0, "exception": "ERROR_CONDITION"}], None),
        ([{"type": "gs1:RelativeHumidity", "value": 99.0, "exception": "ALARM_CONDITION"}], None),
    ],
)
def test_only_a_temperature_out_of_range_is_an_excursion(reports: list[Any], worst: float | None) -> None:
    sensed = [{"sensorMetadata": {"startTime": "2026-03-02T12:00:00Z"}, "sensorReport": reports}]
    told = {"bizStep": "arriving", "bizTransactionList": BOL, "sensorElementList": sensed}
    found = dict(one(**told))
    assert "shipment.delivered" in found
    assert (found["shipment.excursion"]["worst"] if "shipment.excursion" in found else None) == worst


def arrived(*reports: dict[str, Any]) -> dict[str, Any]:
    """What becomes of a delivery with these measurements, by type."""
    return dict(one(bizStep="arriving", bizTransactionList=BOL, sensorElementList=[{"sensorReport": list(reports)}]))


def test_without_limits_both_ends_of_an_alarm_are_told_and_told_on() -> None:
    """Whether a dewar was too warm or a bag froze is the lane's to say: neither end is left out."""
    said = arrived(ALARM | {"minValue": -190.0, "maxValue": -60.0})["shipment.excursion"]
    assert (said["worst"], said["lowest"]) == (-60.0, -190.0)
    assert "lowest" not in arrived(COLD | {"minValue": -3.0, "maxValue": 9.0})["shipment.excursion"]
    facts = facts_of(warm_on_the_way().journey)
    of_alarm = next(place for place, each in enumerate(facts) if each.type == "shipment.excursion")
    reference = {"reference": facts[of_alarm].data["said"]["reference"]}
    facts[of_alarm] = facts[of_alarm].model_copy(update={"data": facts[of_alarm].data | {"said": said | reference}})
    back = next(each for each in all_heard(document(entries(facts))) if each.type == "shipment.excursion")
    assert (back.data["worst"], back.data["lowest"]) == (-60.0, -190.0)


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (ALARM, "alarm_not_read"),
        (ALARM | {"value": 5.0, "uom": "XYZ"}, "alarm_not_read"),
        (ALARM | {"stringValue": "warm"}, "alarm_not_read"),
        (ALARM | {"value": 1e308, "uom": "FAH"}, "data_missing"),
        (COLD | {"value": 5.0, "clew:limitMax": 10**400}, "data_missing"),
        (COLD | {"value": 5.0, "clew:limitMin": -1e5}, "data_missing"),
        (COLD | {"value": 1e5}, "data_missing"),
    ],
)
def test_an_alarm_that_cannot_be_read_is_never_passed_over(report: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unheard) as caught:
        arrived(report)
    assert (caught.value.reason, caught.value.wrong) == (reason, True)
