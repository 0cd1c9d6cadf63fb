"""Material, custody and readings on the command line, against an API that has a journey's record."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import Headers

from api.reading_bodies import read_measurements
from cli.main import run
from cli.reading_pieces import MOST_BYTES, pieces
from ledger.append import append
from ledger.database import Database
from ledger.migrate import migrate
from ledger.registry import order_journey, publish, register_partner
from schemas.facts import Batch
from schemas.identity import new_coi
from schemas.orders import JourneyOrder
from schemas.partners import PartnerAddress
from schemas.protocols import read_protocol_yaml
from schemas.readings import MOST_MEASUREMENTS, Measurement
from tests.api.clinic import NOON, PARTIES, PROTOCOL, order
from tests.api.lanes import PICKED_UP, booked, picked_up, rows
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


def test_a_loggers_long_file_goes_in_pieces(clew: Clew, tmp_path: Path) -> None:
    """One reading a minute for ten days; a degree too warm where one piece ends and the next begins."""
    count, warm = 10 * 24 * 60, range(MOST_MEASUREMENTS - 60, MOST_MEASUREMENTS + 60)
    moments = [(PICKED_UP + timedelta(minutes=number)).isoformat() for number in range(count)]
    told = [f"LONG-1,{at},{9 if number in warm else 5},SHIP-1" for number, at in enumerate(moments)]
    file = tmp_path / "long.csv"
    file.write_text("\n".join(["device,at,value,shipment", *told]))
    found = clew("reading", "import", str(file))
    assert (found["new"], found["repeated"]) == (count, 0)
    (excursion,) = [each for each in found["excursions"] if each["device"] == "LONG-1"]
    assert [excursion[name][:16] for name in ("started_at", "ended_at")] == [
        moments[warm[0]][:16],
        moments[warm[-1] + 1][:16],
    ]
    assert [each for each in found["notices"] if each["device"] == "LONG-1"] == []
    assert clew("reading", "import", str(file))["repeated"] == count
    told[-1] = told[-1].replace(",5,", ",warm,")
    file.write_text("\n".join(["device,at,value,shipment", *told]))
    refused = clew("reading", "import", str(file), code=1)
    (flaw,) = refused["errors"]
    assert (flaw["pointer"], flaw["line"]) == (f"/{count - 1}/value", count + 1)
    assert "are on record" in refused["detail"]


def test_a_file_is_cut_between_its_readings() -> None:
    """Whatever its form; a cell in quotes may have several lines, and an empty line is no reading."""
    told = [{**each, "note": "a\nb"} for each in rows(*[5.0] * (MOST_MEASUREMENTS + 5))]
    forms = {
        "application/json": json.dumps(told),
        "application/x-ndjson": "\n\n".join(map(json.dumps, told)),
        "text/csv": "device,at,value,shipment,note\n"
        + "".join(f'{each["device"]},{each["at"]},5,SHIP-1,"a\nb"\n' for each in told),
    }
    whole = [Measurement.model_validate(each) for each in told]
    for media, text in forms.items():
        parts = pieces(text.encode(), media)
        read = [read_measurements(Headers({"content-type": media}), each.body) for each in parts]
        assert len(parts) > 1 and [each for some in read for each in some] == whole
        assert [each.readings for each in parts] == [sum(map(len, read[:number])) for number in range(len(parts))]
        assert max(len(each.body) for each in parts) <= MOST_BYTES + 200
    for broken in (b"[", b"{}", b""):
        assert [each.body for each in pieces(broken, "application/json")] == [broken]


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
