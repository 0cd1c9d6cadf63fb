"""The feed over HTTP: page by page, waiting for news, and pushed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.database import Database
from ledger.migrate import migrate
from tests.api.clinic import Clinic, fact, started
from tests.api.processes import api_process, free_port
from tests.databases import sqlite_url
from tests.ledger.scribe import Scribe, put
from tests.waiting import until

SOON = 30
"""Seconds until whoever waits for news has given up: far more than news takes."""


def note(seq: int) -> Any:
    return fact(seq, "hold.placed" if seq % 2 else "hold.lifted", reason="label_query")


async def feed(ward: Clinic, **query: Any) -> dict[str, Any]:
    answer = await ward.http.get("/v1/feed", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_feed_is_read_to_its_end(ward: Clinic) -> None:
    ana = await ward.patient()
    await ward.record(ana, started(), note(2), note(3))
    first = await feed(ward, limit=2)
    rest = await feed(ward, after=first["next"])
    assert [each["type"] for each in (*first["items"], *rest["items"])] == [
        "journey.started",
        "hold.lifted",
        "hold.placed",
    ]
    assert {each["journey"] for each in first["items"]} == {ana}
    assert await feed(ward, after=rest["next"]) == {"items": [], "next": 3}
    assert [each["seq"] for each in (await feed(ward, type="hold.placed"))["items"]] == [3]
    assert (await feed(ward, party="nobody", journey=ana)) == {"items": [], "next": 3}


async def test_whoever_waits_is_answered_when_something_is_appended(ward: Clinic) -> None:
    ana = await ward.patient()
    await ward.record(ana, started())
    waiting = asyncio.create_task(feed(ward, after=1, wait=SOON))
    await until(ward.tail_is_watched, "a look at the ledger's end")
    assert not waiting.done()
    await ward.record(ana, note(2))
    async with asyncio.timeout(SOON / 2):
        assert [each["position"] for each in (await waiting)["items"]] == [2]
    await until(lambda: not ward.tail_is_watched(), "an end of the looks at a ledger that nobody waits for")


async def test_whoever_waits_for_one_type_is_not_answered_for_another(ward: Clinic) -> None:
    ana = await ward.patient()
    await ward.record(ana, started())
    waiting = asyncio.create_task(feed(ward, after=1, wait=SOON, type="hold.placed"))
    await until(ward.tail_is_watched, "a look at the ledger's end")
    of_any_type = asyncio.create_task(feed(ward, after=1, wait=SOON))
    await ward.record(ana, note(2))
    assert [each["position"] for each in (await of_any_type)["items"]] == [2]
    # Both were woken together; what takes several turns of the loop shows that the other has had its own.
    for _ in range(5):
        await feed(ward)
    assert not waiting.done()
    await ward.record(ana, note(3))
    async with asyncio.timeout(SOON / 2):
        assert [each["position"] for each in (await waiting)["items"]] == [3]


async def test_who_has_waited_long_enough_is_told_that_there_is_nothing(ward: Clinic) -> None:
    await ward.record(await ward.patient(), started())
    assert await feed(ward, after=1, wait=0.05) == {"items": [], "next": 1}


@pytest.mark.parametrize(
    "query",
    [{"after": -1}, {"after": "x"}, {"limit": 0}, {"limit": 5_001}, {"wait": 61}, {"type": "Ana"}, {"party": "Ana B"}],
)
async def test_what_cannot_be_asked_is_refused_with_a_pointer(desk: Clinic, query: dict[str, Any]) -> None:
    answer = await desk.http.get("/v1/feed", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    (name,) = query
    assert answer.json()["errors"][0]["pointer"].startswith(f"/query/{name}")


@pytest.mark.parametrize(
    ("query", "headers"),
    [({"after": "x"}, {}), ({"type": "Ana"}, {}), ({}, {"Last-Event-ID": "x"}), ({}, {"Last-Event-ID": "-1"})],
)
async def test_a_stream_that_cannot_be_is_refused_before_it_begins(
    desk: Clinic, query: dict[str, str], headers: dict[str, str]
) -> None:
    answer = await desk.http.get("/v1/feed/stream", params=query, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


@asynccontextmanager
async def events(url: str, **options: Any) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The stream's events, as a browser would take them apart."""
    async with (
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=SOON) as http,
        http.stream("GET", "/v1/feed/stream", **options) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _events(answer)


async def _events(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if not line and event:
            yield event
            event = {}
        elif name in ("id", "event", "data"):
            event[name] = value


async def test_a_reader_of_the_stream_misses_nothing_when_the_api_is_killed(tmp_path: Path) -> None:
    """It connects to the next process with the id of the last event that it has."""
    await migrate(sqlite_url(tmp_path / "clew.db"))
    database, ana = Database(sqlite_url(tmp_path / "clew.db")), Scribe()
    await put(database, ana.batch(ana.started(), ana.began("enrolment")))
    seen: list[dict[str, Any]] = []
    with api_process(tmp_path, f"127.0.0.1:{free_port()}") as first:
        await until(first.is_ready, "the first process", seconds=60)
        async with events(first.url) as stream:
            seen += [await anext(stream), await anext(stream)]
            await put(database, ana.batch(ana.completed("enrolment")))
            seen.append(await anext(stream))
        first.kill()
    await put(database, ana.batch(ana.began("collection")))
    with api_process(tmp_path, f"127.0.0.1:{free_port()}") as second:
        await until(second.is_ready, "the second process", seconds=60)
        async with events(second.url, headers={"Last-Event-ID": seen[-1]["id"]}) as stream:
            seen.append(await anext(stream))
            await put(database, ana.batch(ana.completed("collection")))
            seen.append(await anext(stream))
    await database.close()
    assert [each["id"] for each in seen] == ["1", "2", "3", "4", "5"]
    assert [json.loads(each["data"])["type"] for each in seen] == [each["event"] for each in seen]


async def test_a_stream_comes_to_its_proper_end_when_the_api_is_told_to_stop(tmp_path: Path) -> None:
    """Cut off in the middle it would be an error at the reader's, and the process would wait for it in vain."""
    await migrate(sqlite_url(tmp_path / "clew.db"))
    database, ana = Database(sqlite_url(tmp_path / "clew.db")), Scribe()
    await put(database, ana.batch(ana.started()))
    await database.close()
    with api_process(tmp_path, f"127.0.0.1:{free_port()}") as api:
        await until(api.is_ready, "the process", seconds=60)
        async with events(api.url) as stream:
            assert (await anext(stream))["id"] == "1"
            stopping = asyncio.create_task(asyncio.to_thread(api.stop))
            assert [each async for each in stream] == []
        await stopping


async def test_the_stream_is_filtered_too(tmp_path: Path) -> None:
    await migrate(sqlite_url(tmp_path / "clew.db"))
    database, ana = Database(sqlite_url(tmp_path / "clew.db")), Scribe()
    await put(database, ana.batch(ana.started(), ana.began("enrolment")))
    with api_process(tmp_path, f"127.0.0.1:{free_port()}") as api:
        await until(api.is_ready, "the process", seconds=60)
        async with events(api.url, params={"type": "stage.completed", "party": "swift"}) as stream:
            await put(database, ana.batch(ana.completed("enrolment")))
            assert (await anext(stream))["id"] == "3"
    await database.close()
