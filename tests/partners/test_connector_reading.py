"""Whatever is wrong with a connector is found before it is published, and told with line and column."""

import re
from typing import Any

import pytest
import yaml

from partners.connectors.reading import read_connector
from schemas.commands import COMMANDS, DETAILS
from schemas.errors import ConnectorInvalid, Flaw
from tests.docs.pages import ROOT
from tests.workflows.neighbours import therapy

PARTNERS = (ROOT / "docs" / "guides" / "partners.md").read_text(encoding="utf-8")

SOUND = """\
connector: coldline
version: 1
title: Coldline
inbound:
  verify: {by: api_key, secret: webhook, header: X-Key}
  each: message.scans
  events:
    - type: shipment.delivered
      when: item.status == 'POD'
      id: join('-', [message.awb, item.status])
      subject: message.awb
      time: local_time(item.at, 'Europe/Berlin', 'iso')
      data:
        reference: message.awb
        containers: item.pieces[].barcode
outbound:
  commands:
    book_pickup:
      path: /orders/{digest(key)}
      headers: {X-Order: "no {order}"}
      body: {to: =details.to, pieces: [=details.containers]}
      reference: body.awb
      look_up: {path: "/orders?key={key}", found: length(body.found) > `0`}
"""

FLAWS = [
    (
        "outbound:\n",
        "outbound:\n  answers: {refused: [400, 503]}\n",
        "repeated_status",
        "/outbound/answers/refused",
        17,
        22,
    ),
    (
        "      reference: body.awb",
        "      answers: {conflict: [200]}",
        "repeated_status",
        "/outbound/commands/book_pickup/answers/conflict",
        22,
        27,
    ),
    ("connector: coldline", "connector: [", "not_yaml", "", 3, 6),
    ("version: 1", "version: 1\nversion: 2", "repeated_key", "", 3, 1),
    ("title: Coldline", "title: Coldline\nowner: me", "extra_forbidden", "/owner", 4, 8),
    ("version: 1", "version: 99999999999", "impossible_limit", "/version", 2, 10),
    ("by: api_key", "by: trust", "union_tag_invalid", "/inbound/verify", 5, 11),
    ("header: X-Key", "header: X Key", "string_pattern_mismatch", "/inbound/verify/header", 5, 50),
    ("each: message.scans", "each: scans", "unknown_name", "/inbound/each", 6, 9),
    ("shipment.delivered", "shipment.arrived", "unknown_event_type", "/inbound/events/0/type", 8, 13),
    ("shipment.delivered", "labels.reconciled", "unknown_event_type", "/inbound/events/0/type", 8, 13),
    ("item.status == 'POD'", "item.status = 'POD'", "not_jmespath", "/inbound/events/0/when", 9, 13),
    ("item.status == 'POD'", "items.status", "unknown_name", "/inbound/events/0/when", 9, 13),
    ("join('-', [", "concat('-', [", "unknown_conversion", "/inbound/events/0/id", 10, 11),
    ("'Europe/Berlin', 'iso'", "'Europe/Bonn', 'iso'", "unknown_zone", "/inbound/events/0/time", 12, 13),
    ("'Europe/Berlin', 'iso'", "item.zone, 'iso'", "unknown_zone", "/inbound/events/0/time", 12, 13),
    ("'Europe/Berlin', 'iso'", "'Europe/Berlin'", "wrong_arguments", "/inbound/events/0/time", 12, 13),
    (
        "        reference: message.awb",
        "        reference: message.awb\n        pieces: item",
        "unknown_field",
        "/inbound/events/0/data/pieces",
        15,
        17,
    ),
    ("        containers: item.pieces[].barcode\n", "", "missing_field", "/inbound/events/0/data", 14, 9),
    ("      subject: message.awb\n", "", "missing", "/inbound/events/0/subject", 8, 7),
    ("book_pickup", "book_a_ship", "unknown_command", "/outbound/commands/book_a_ship", 19, 7),
    (
        "path: /orders/{digest(key)}",
        "path: orders",
        "string_pattern_mismatch",
        "/outbound/commands/book_pickup/path",
        19,
        13,
    ),
    ("digest(key)", "digest(id)", "unknown_name", "/outbound/commands/book_pickup/path", 19, 13),
    ("no {order}", "no {patient}", "unknown_name", "/outbound/commands/book_pickup/headers/X-Order", 20, 26),
    ("=details.to", "=details.sender", "unknown_name", "/outbound/commands/book_pickup/body/to", 21, 18),
    (
        "[=details.containers]",
        "[=details.bags]",
        "unknown_name",
        "/outbound/commands/book_pickup/body/pieces/0",
        21,
        40,
    ),
    (
        "reference: body.awb",
        "reference: answer.awb",
        "unknown_name",
        "/outbound/commands/book_pickup/reference",
        22,
        18,
    ),
    ("?key={key}", "?key={keys}", "unknown_name", "/outbound/commands/book_pickup/look_up/path", 23, 23),
    ("length(body.found)", "length(said)", "unknown_name", "/outbound/commands/book_pickup/look_up/found", 23, 51),
    ("[=details.containers]", "&all [*all]", "alias", "/outbound/commands/book_pickup/body/pieces/0", 21, 39),
]


def flaws(text: str) -> tuple[Flaw, ...]:
    with pytest.raises(ConnectorInvalid) as refused:
        read_connector(text)
    assert refused.value.code == "connector_invalid"
    return refused.value.errors


@pytest.mark.parametrize(("sound", "flawed", "code", "at", "line", "column"), FLAWS)
def test_a_flaw_is_told_with_its_place(sound: str, flawed: str, code: str, at: str, line: int, column: int) -> None:
    assert sound in SOUND
    found = flaws(SOUND.replace(sound, flawed, 1))
    assert (code, at, line, column) in [(each.code, each.pointer, each.line, each.column) for each in found]
    assert len(found) == 1


def test_a_sound_document_is_read_and_one_of_nothing_is_not() -> None:
    read = read_connector(SOUND)
    assert read_connector(yaml.safe_dump(read.model_dump(mode="json"))).hash == read.hash
    assert [each.code for each in flaws("connector: a\nversion: 1\ntitle: A\n")] == ["nothing_mapped"]


@pytest.mark.parametrize("text", ["", "- 1", "a: &a [*a]", "[" * 5_000, "a: 2020-99-99", "x" * 200_001])
def test_what_is_no_document_is_refused_and_never_a_defect(text: str) -> None:
    assert flaws(text)


def test_names_inside_what_an_expression_found_are_the_partners_own() -> None:
    for expression in ("message.a[?b == 'x'].c | [0]", "message.{x: a, y: b}.z", "sort_by(message.a, &b)[0].c", "@"):
        read_connector(SOUND.replace("each: message.scans", f'each: "{expression}"'))


def sent(**kinds: Any) -> list[tuple[str, set[str]]]:
    return [(each.command, set(each.details)) for each in therapy(**kinds).whole().journey.commands]


def test_the_details_that_are_known_are_told_to_partners() -> None:
    rows = re.findall(r"^\| (`.*?) \| .*? \| (.*?) \| .* \|$", PARTNERS, re.MULTILINE)
    told = {
        command: set(re.findall(r"`(\w+)`", row)) for names, row in rows for command in re.findall(r"`(\w+)`", names)
    }
    assert [(command, known - told[command]) for command, known in DETAILS.items() if known - told[command]] == []


def test_the_details_that_are_known_are_those_that_stages_send() -> None:
    fails = [("schedule_collection", 1), ("request_disposition", 1)]
    found = sent(fails=fails, batch_rejected="remake") + sent(protocol="til")
    assert set(DETAILS) == set(COMMANDS)
    assert [(command, said - DETAILS[command]) for command, said in found if said - DETAILS[command]] == []
    for command in {command for command, _ in found}:
        assert set().union(*(said for name, said in found if name == command)) == DETAILS[command]
