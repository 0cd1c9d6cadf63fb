"""The guide to material and custody says what the code does: its event, its file, its commands and every number."""

import json
import re
from datetime import timedelta

import pytest
from starlette.datastructures import Headers

from api.reading_bodies import read_measurements
from cli.main import run
from ledger.excursions import LONGER_BY, LONGEST_GAP, WORSE_BY, Point, excursions
from ledger.genealogy import MOST_EDGES
from ledger.material_invariants import ENDS
from schemas.event_data import MaterialSplit
from schemas.events import read_event
from schemas.materials import RECONCILES_WITHIN, balance, measured
from schemas.readings import MOST_MEASUREMENTS
from schemas.stages import Temperature
from tests.docs.pages import ROOT, blocks
from workflows import handling
from workflows.custody import CLOCKS_DIFFER_BY, RECEIVED_WITHIN

PAGE = ROOT / "docs" / "guides" / "custody.md"
TEXT = PAGE.read_text(encoding="utf-8")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_the_event_shown_can_be_sent_and_adds_up() -> None:
    (shown,) = blocks(PAGE, "json")
    split = read_event(json.loads(shown)).said()
    assert isinstance(split, MaterialSplit)
    before = measured(tnc=(2e10, "{cells}"))
    assert balance([before], [*(each.amounts for each in split.into), split.loss]).even == ("tnc",)


def test_the_file_shown_can_be_imported_and_has_an_excursion() -> None:
    (shown,) = blocks(PAGE, "csv")
    readings = read_measurements(Headers({"content-type": "text/csv"}), shown.encode())
    points = [Point(each.at, each.value) for each in readings]
    (found,) = excursions("LOGGER-7", points, Temperature(min=2, max=8))
    assert (found.worst, found.length) == (9.4, 10 * MINUTE)


@pytest.mark.parametrize("line", [line for block in blocks(PAGE, "text") for line in block.splitlines()])
def test_a_command_shown_is_a_command(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    clew, group, command, *_ = line.split()
    assert clew == "clew" and run([group, command, "--help"]) == 0
    for option in re.findall(r"--[\w-]+", line):
        assert option in capsys.readouterr().out


@pytest.mark.parametrize(
    "said",
    [
        f"to {RECONCILES_WITHIN:.0%}".replace("%", " %"),
        f"{MOST_EDGES} steps",
        f"{MOST_MEASUREMENTS} readings",
        f"more than {CLOCKS_DIFFER_BY // MINUTE} minutes before",
        f"more than {RECEIVED_WITHIN // HOUR} hours after",
        f"{WORSE_BY:g} degree worse",
        f"{LONGER_BY // MINUTE} minutes longer",
        f"more than {LONGEST_GAP // MINUTE} minutes is a `logger_gap`",
    ],
)
def test_a_number_is_the_codes(said: str) -> None:
    assert said in " ".join(TEXT.split())


def test_every_handling_and_every_end_is_told() -> None:
    assert set(re.findall(r"^\| `(material\.\w+)` \|", TEXT, re.MULTILINE)) == set(handling.STEPS)
    ended = re.search(r"every container has ended too: (.+)\.", TEXT)
    assert ended is not None and set(re.findall(r"[a-z]+", ended[1].replace(" or ", " "))) == ENDS
