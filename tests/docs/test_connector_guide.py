"""The guide to connectors and the code say the same: fields, conversions, flaws, and the example."""

import json
import re
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from partners.connectors.expressions import describe
from partners.connectors.mapping import map_message
from partners.connectors.reading import read_connector
from schemas.connectors import Answers, CommandForm, Inbound, MappedEvent, Verification
from tests.docs.pages import ROOT, blocks
from tests.docs.test_guides import fields, section

PAGE = ROOT / "docs" / "guides" / "connectors.md"
GUIDE = PAGE.read_text(encoding="utf-8")
_ROW = re.compile(r"^\| `(\w+)(?:\([^`]*\))?` \| (.*) \|$", re.MULTILINE)


def rows(heading: str) -> dict[str, str]:
    return dict(_ROW.findall(section(GUIDE, heading)))


def wanted(*models: type[BaseModel]) -> dict[str, bool]:
    return {name: info.is_required() for model in models for name, info in model.model_fields.items()}


def test_the_example_is_sound_and_its_sample_becomes_events() -> None:
    connector = read_connector(blocks(PAGE, "yaml")[0])
    assert connector.inbound is not None
    message = json.loads(blocks(PAGE, "json")[0])
    found = map_message(connector.connector, connector.inbound, "coldline", message)
    assert [(each.event.type, each.event.data["containers"]) for each in found] == [
        ("shipment.picked_up", ["BAG-1", "BAG-2"]),
        ("shipment.delivered", ["BAG-1", "BAG-2"]),
    ]


def test_every_field_is_told() -> None:
    assert fields(section(GUIDE, "## Inbound")) == wanted(Inbound, MappedEvent) | dict.fromkeys(verifications(), False)
    told = fields(section(GUIDE, "## Outbound"))
    assert told == wanted(CommandForm)


def test_the_statuses_of_the_answers_are_those_that_hold_where_none_are_given() -> None:
    told = re.findall(r"^\| `(\w+)` \((.*?)\) \|", section(GUIDE, "## Outbound"), re.MULTILINE)
    assert {name: [int(each) for each in re.findall(r"\d+", row)] for name, row in told} == {
        name: list(statuses) for name, statuses in Answers()
    }


def verifications() -> dict[str, type[BaseModel]]:
    models: tuple[Any, ...] = get_args(get_args(Verification)[0])
    return {get_args(model.model_fields["by"].annotation)[0]: model for model in models}


@pytest.mark.parametrize("by", sorted(verifications()))
def test_a_verification_is_told_with_all_its_fields(by: str) -> None:
    row = rows("## Inbound")[by]
    assert [name for name in verifications()[by].model_fields if name != "by" and f"`{name}`" not in row] == []


def test_every_conversion_is_told_in_the_words_of_the_code() -> None:
    assert rows("## Conversions") == dict(describe())


def test_every_flaw_of_ours_is_told() -> None:
    folder = ROOT / "partners" / "connectors"
    source = "".join(
        (folder / f"{name}.py").read_text(encoding="utf-8") for name in ("reading", "marks", "expressions")
    )
    ours = set(re.findall(r'code="(\w+)"', source)) | set(re.findall(r'NoExpression\("(\w+)"', source))
    assert ours == set(rows("## Flaws"))
