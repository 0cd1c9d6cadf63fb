"""`docs/guides/epcis.md` and the code say the same: what is told, asked for and heard."""

import json
import re
from collections.abc import Callable

import pytest

from ledger.epcis_capture import Outcome
from standards.epcis.changes import FATES
from standards.epcis.described import described
from standards.epcis.heard import MEANINGS, Setting, heard
from standards.epcis.reading import read_document
from standards.epcis.told import document
from tests.docs.pages import ROOT, blocks
from tests.docs.test_guides import section
from tests.standards.epcis.record import entries, events_of, facts_of
from tests.standards.epcis.schema import flaws
from tests.standards.epcis.test_told import lost_on_the_way, strange_bag, warm_on_the_way
from tests.workflows.neighbours import Therapy, therapy

PAGE = ROOT / "docs" / "guides" / "epcis.md"
GUIDE = PAGE.read_text(encoding="utf-8")
_PAGING = {"perPage", "nextPageToken", "orderBy", "orderDirection"}


def first_column(heading: str) -> set[str]:
    cells = [row.split("|")[1] for row in section(GUIDE, heading).splitlines() if row.startswith("| `")]
    return {word for cell in cells for word in re.findall(r"`(\w+)`", cell)}


def test_every_parameter_is_told() -> None:
    told = first_column("## Ask") | {each for each in _PAGING if f"`{each}`" in GUIDE}
    assert told == {each["name"] for each in described()}


def test_every_outcome_and_every_step_that_means_something_is_told() -> None:
    told = first_column("## Tell")
    assert {each.value for each in Outcome} <= told
    assert set(MEANINGS) == told - {each.value for each in Outcome} - {"damaged"}


def test_the_document_shown_is_epcis_and_becomes_what_the_guide_says() -> None:
    (shown,) = (json.loads(each) for each in blocks(PAGE, "json"))
    writing = read_document(shown)
    (event,) = heard(writing.events[0], Setting.of(writing))
    assert (event.type, event.source) == ("shipment.picked_up", "urn:clew:party:coldline")
    assert event.data["reference"] == "SHIP-88"
    assert flaws(shown) == []


@pytest.mark.parametrize("story", [lambda: therapy().whole(), strange_bag, warm_on_the_way, lost_on_the_way])
def test_every_step_that_is_told_stands_in_the_guide(story: Callable[[], Therapy]) -> None:
    told = events_of(document(entries(facts_of(story().journey))))
    said = {each[name] for each in told for name in ("bizStep", "disposition") if name in each}
    table = section(GUIDE, "## A journey as a document")
    assert said - set(re.findall(r"`([\w:]+)`", table)) == set()


def test_every_fate_of_a_material_stands_in_the_guide() -> None:
    table = section(GUIDE, "## A journey as a document")
    left = ("destroyed", "retained", "returned", "infused", "lost", "rejected")
    assert all(f"`{word}`" in table for each in left for word in FATES[each][1:])
