"""Statistics of the benchmarks, and how figures are told."""

import json
import re
from io import StringIO

import pytest
from rich.console import Console

from bench import main, report
from bench.figures import Figure, Target, percentile

FASTER = Target("at least", 0.8, ratio=True)


def test_a_figure_is_the_median_of_its_rounds() -> None:
    assert Figure("replay", "ms", (90, 300, 80)).ours == 90


def test_a_ratio_compares_within_a_round_because_a_busy_moment_slows_both_sides_of_it() -> None:
    figure = Figure("events", "events/s", (80, 8, 160), (100, 10, 200), FASTER)
    assert figure.ratio == pytest.approx(0.8)
    assert figure.holds


def test_a_target_on_the_ratio_is_not_met_by_the_value() -> None:
    assert Figure("events", "events/s", (70,), (100,), FASTER).holds is False


@pytest.mark.parametrize(("measured", "holds"), [(300, True), (301, False)])
def test_a_limit_holds_up_to_itself(measured: float, holds: bool) -> None:
    assert Figure("history", "events", (measured,), (), Target("at most", 300)).holds is holds


def test_without_a_target_nothing_is_claimed() -> None:
    assert Figure("median", "ms", (1,), (1,)).holds is None


def test_a_ratio_target_without_a_floor_is_not_claimed_to_hold() -> None:
    assert Figure("events", "events/s", (70,), (), FASTER).holds is None


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no percentile"):
        percentile([], 0.99)


def test_the_table_puts_the_ratio_before_the_values_and_says_what_was_missed() -> None:
    page = StringIO()
    report.show([Figure("events, whole path", "events/s", (150,), (200,), FASTER)], Console(width=120, file=page))
    heading, line = page.getvalue().splitlines()
    assert heading.split() == ["FIGURE", "RATIO", "OURS", "FLOOR", "UNIT", "TARGET"]
    told = ["events, whole path", "0.75", "150", "200", "events/s", "≥ 0.8 of the floor", "missed"]
    assert re.split(r"  +", line.strip()) == told


def test_a_program_gets_every_round() -> None:
    told = json.loads(report.as_json([Figure("events", "events/s", (70, 90), (100, 100), FASTER)], main.machine()))
    (figure,) = told["figures"]
    assert figure["ratio"] == 0.8
    assert figure["rounds"] == [70, 90]
    assert figure["target"] == {"better": "at least", "value": 0.8, "ratio": True}
    assert told["machine"]["cores"] >= 1


@pytest.mark.parametrize("arguments", [["speed"], ["--rounds", "0"], ["--rounds", "many"]])
def test_what_cannot_be_measured_is_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main.main(arguments)
    assert refused.value.code == 2
    assert "usage: clew bench" in capsys.readouterr().err
