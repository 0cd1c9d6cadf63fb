"""Whole therapies on the ledger, and the EPCIS interface as a traceability system uses it."""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import httpx

from ledger.append import append
from ledger.database import Database
from schemas.facts import Batch, Fact
from schemas.identity import new_coi
from tests.api.clinic import NOON
from tests.standards.epcis.record import facts_of
from tests.standards.epcis.schema import known_flaws
from tests.workflows.neighbours import therapy

EVENTS = "/epcis/v2/events"
_NEXT = re.compile(r'<([^>]+)>; rel="next"')


def told(number: int = 1) -> list[Fact]:
    """The facts of a whole therapy; each number gives one with names of its own."""
    facts = facts_of(therapy().whole().journey)
    return [_own(fact.model_copy(update={"seq": seq}), number) for seq, fact in enumerate(facts, start=1)]


def _own(fact: Fact, number: int) -> Fact:
    text = fact.model_dump_json()
    for word in ("BAG-", "DOSE-", "DIN-", "LOT-", "SHIP-", "ORD-", "evt-"):
        text = text.replace(word, f"{word}{number}x")
    return Fact.model_validate_json(text)


async def put(database: Database, coi: str, facts: Sequence[Fact], at: datetime = NOON) -> None:
    """Append in one transaction."""
    async with database.writing() as session:
        await append(session, Batch(coi=coi, facts=tuple(facts)), at)


async def a_therapy(database: Database, number: int = 1) -> str:
    """A whole therapy on the ledger; its chain-of-identity id."""
    coi = new_coi()
    await put(database, coi, told(number))
    return coi


async def pages(http: httpx.AsyncClient, path: str = EVENTS, **query: Any) -> AsyncIterator[list[dict[str, Any]]]:
    """Page after page, by the header `Link`."""
    answer = await http.get(path, params=query)
    while True:
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert known_flaws(document) == []
        yield document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        following = _NEXT.search(answer.headers.get("link", ""))
        if following is None:
            return
        answer = await http.get(following[1])


async def events(http: httpx.AsyncClient, path: str = EVENTS, **query: Any) -> list[dict[str, Any]]:
    """Every event on every page."""
    return [event async for page in pages(http, path, **query) for event in page]
