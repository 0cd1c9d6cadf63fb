"""A conversion gives the right value or none: nothing about a patient's cells is guessed."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.connectors.conversions import NAMES
from partners.connectors.expressions import Failed, evaluate

VALUES: list[tuple[str, Any]] = [
    ("local_time('02.03.2026 13:40', 'Europe/Berlin', '%d.%m.%Y %H:%M')", "2026-03-02T12:40:00.000000Z"),
    ("local_time('2026-07-02T13:40:00', 'Europe/Berlin', 'iso')", "2026-07-02T11:40:00.000000Z"),
    ("local_time('2026-07-02T13:40:00-04:00', 'Europe/Berlin', 'iso')", "2026-07-02T17:40:00.000000Z"),
    ("local_time('2026-10-25T02:30:00', 'Europe/Berlin', 'iso')", "2026-10-25T00:30:00.000000Z"),
    ("in_zone('2026-03-02T12:40:00Z', 'America/New_York', '%d/%m %H:%M')", "02/03 07:40"),
    ("in_zone('2026-03-02T12:40:00Z', 'Asia/Tokyo', 'iso')", "2026-03-02T21:40:00+09:00"),
    ("epoch_seconds(`1772455200`)", "2026-03-02T12:40:00.000000Z"),
    ("epoch_millis(`1772455200120`)", "2026-03-02T12:40:00.120000Z"),
    ("to_epoch_millis('2026-03-02T12:40:00.120Z')", 1772455200120),
    ("fahrenheit(`50`)", 10),
    ("to_fahrenheit(`-120`)", -184),
    ("litres_to_ml(`0.1205`)", 120.5),
    ("times(`2`, `1e9`)", 2e9),
    ("upper('pod')", "POD"),
    ("lower('POD')", "pod"),
    ("code(' Gram Stain (2nd) ')", "gram_stain_2nd"),
    ("text(`91.4`)", "91.4"),
    ("text('a')", "a"),
    ("without_prefix('Patient/7', 'Patient/')", "7"),
    ("split('BAG-1; BAG-2', ';')", ["BAG-1", "BAG-2"]),
    ('lookup(`7`, `{"7": "weather"}`)', "weather"),
    ("digest('a')", "ca978112ca1bbdcafac231b39a23dc4d"),
]

REFUSED: list[tuple[str, Any]] = [
    ("local_time('soon', 'Europe/Berlin', 'iso')", "soon"),
    ("local_time('2026-03-29T02:30:00', 'Europe/Berlin', 'iso')", "2026-03-29T02:30:00"),
    ("local_time('0001-01-01T00:00:00', 'Europe/Berlin', 'iso')", "0001-01-01T00:00:00"),
    ("in_zone('2026-03-02T12:40:00', 'Europe/Berlin', 'iso')", "2026-03-02T12:40:00"),
    ("epoch_millis(`1e30`)", 1e30),
    ("epoch_seconds(`1e300`)", 1e300),
    ("to_epoch_millis('noon')", "noon"),
    ("text(`true`)", True),
    ("without_prefix('Group/7', 'Patient/')", "Group/7"),
    ("split('a', '')", ""),
    ('lookup(`9`, `{"7": "weather"}`)', 9),
]


@pytest.mark.parametrize(("expression", "value"), VALUES)
def test_a_value_is_converted(expression: str, value: Any) -> None:
    assert evaluate(expression, {}) == value


@pytest.mark.parametrize(("expression", "value"), REFUSED)
def test_what_cannot_be_converted_is_told_with_its_value(expression: str, value: Any) -> None:
    with pytest.raises(Failed) as failed:
        evaluate(expression, {})
    assert (failed.value.expression, failed.value.value) == (expression, value)


def test_every_conversion_is_tried_here_and_passes_nothing_on_as_nothing() -> None:
    assert {re.match(r"\w+", expression)[0] for expression, _ in VALUES} == set(NAMES)  # type: ignore[index]
    for expression, _ in VALUES:
        nothing = re.sub(r"\((?:'[^']*'|`[^`]*`)", "(nothing", expression, count=1)
        assert evaluate(nothing, {}) is None, nothing


@given(st.text(), st.floats())
def test_no_value_breaks_a_conversion(text: str, number: float) -> None:
    scope = {"t": text, "n": number}
    for name in sorted(NAMES):
        (expression,) = [each for each, _ in VALUES if each.startswith(f"{name}(")][:1]
        for field in ("t", "n"):
            try:
                json.dumps(evaluate(re.sub(r"\((?:'[^']*'|`[^`]*`)", f"({field}", expression, count=1), scope))
            except Failed as failed:
                assert failed.detail
