"""Material, custody and readings on the command line, against an API that has a journey's record."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from ledger.append import append
from ledger.database import Database
from ledger.migrate import migrate
from ledger.registry import order_journey, publish, register_partner
from schemas.facts import Batch
from schemas.identity import new_coi
from schemas.orders import JourneyOrder
from schemas.partners import PartnerAddress
from schemas.protocols import read_protocol_yaml
from tests.api.clinic import NOON, PARTIES, PROTOCOL, order
from tests.api.lanes import booked, picked_up, rows
from tests.api.processes import api_process, free_port
from tests.databases import sqlite_url
from tests.waiting import until

Clew = Callable[..., Any]
COI = new_coi()


async def _recorded(url: str) -> None:
    """Ana's bag is with the courier."""
    await migrate(url)
    database = Database(url)
    async with database.writing() as session:
        await publish(session, read_protocol_yaml(PROTOCOL.read_text()), NOON)
        for name in PARTIES.values():
            await register_partner(session, name, PartnerAddress(url=f"http://{name}.example"), NOON)
        asked = JourneyOrder.model_validate(order())
        await order_journey(session, asked, coi=COI, key=None, traceparent=None, now=NOON)
        await append(session, Batch(coi=COI, facts=(*booked(), picked_up())), NOON)
    await database.close()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    asyncio.run(_recorded(sqlite_url(home / "clew.db")))
    with api_process(home, f"127.0.0.1:{free_port()}") as process:
        asyncio.run(until(process.is_ready, "the API", seconds=60))
        yield process.url


@pytest.fixture
def clew(api: str, capfd: pytest.CaptureFixture[str]) -> Clew:
    """Runs a command: what it says, decoded where a program would read it."""

    def say(*arguments: str, code: int = 0, as_json: bool = True) -> Any:
        capfd.readouterr()
        ended = run([*arguments, "--api", api, *(["--json"] if as_json else [])])
        said = capfd.readouterr()
        assert ended == code, said.err
        text = said.out if code == 0 else said.err
        return json.loads(text) if as_json else text

    return say


def test_a_loggers_file_is_imported_once_and_says_what_it_found(clew: Clew, tmp_path: Path) -> None:
    file = tmp_path / "logger-7.CSV"
    lines = [f"{each['device']},{each['at']},{each['value']},SHIP-1" for each in rows(5, 9.4, 9.5, 5)]
    file.write_text("\n".join(["device,at,value,shipment", *lines]))
    assert clew("reading", "import", str(file))["new"] == 4
    told = clew("reading", "import", str(file), as_json=False)
    assert "0 new, 4 on record before" in told and "excursion of SHIP-1: 9.5 Cel" in told
    assert clew("reading", "show", "SHIP-1")["summary"][0]["greatest"] == 9.5
    assert "excursion: 9.5 Cel" in clew("reading", "show", "SHIP-1", as_json=False)
    again = tmp_path / "again.json"
    again.write_text(json.dumps(rows(6)))
    assert clew("reading", "import", str(again), code=1)["code"] == "reading_conflict"


def test_who_had_a_bag_is_shown_now_and_then(clew: Clew) -> None:
    assert [each["role"] for each in clew("journey", "custody", COI)] == ["collection_centre", "courier"]
    (then,) = clew("journey", "custody", COI, "--at", "2026-03-02T10:00:00Z")
    assert then["party"] == "apheresis-east"
    assert "coldline" in clew("journey", "custody", COI, as_json=False)
    assert clew("journey", "custody", COI, "--at", "noon", code=1)["code"] == "malformed"


def test_where_a_bag_came_from_is_shown_both_ways(clew: Clew) -> None:
    up, down = clew("material", "ancestors", "BAG-1"), clew("material", "descendants", "DIN-1")
    assert up["edges"] == down["edges"] == clew("journey", "materials", COI)["edges"]
    assert "collected" in clew("journey", "materials", COI, as_json=False)
    assert clew("material", "ancestors", "NO/WHERE", code=1)["code"] == "unknown_material"
