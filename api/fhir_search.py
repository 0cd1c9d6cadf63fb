"""A search, page by page: journey after journey, as the record has each now.

What names a journey (an id, an identifier, a patient) is looked up; without that, journeys are gone through from the
newest on, at most `LOOKED_INTO` for one page. So a page can hold less than was asked for, and still have a next one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import NonNegativeInt, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from api.cursors import LARGEST_PAGE, decode, encode
from api.fhir_records import told
from api.fhir_refusals import ignored
from ledger.finding import journeys_in_turn, journeys_known_as
from ledger.tables import JourneyRow
from schemas.base import Instant
from schemas.errors import Flaw, Invalid
from standards.fhir.search import Query, read_query
from standards.fhir.systems import Element
from standards.fhir.told import full_url

LOOKED_INTO = 50
"""Journeys for one page."""

USUAL_PAGE = 50

_CURSOR = TypeAdapter(tuple[Instant, str, Annotated[NonNegativeInt, "given"]])
_JOURNEY_STATUSES = {
    "active": ("ordered", "running"),
    "on-hold": ("held",),
    "revoked": ("leaving", "cancelled"),
    "completed": ("completed",),
}
_TASK_STATUSES = {"requested": ("open",), "completed": ("decided",), "cancelled": ("closed",)}


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was sent. `count`: the most resources of a page."""

    query: Query
    count: int
    cursor: str | None
    base: str

    @property
    def route(self) -> str:
        return f"fhir/{self.query.kind}"

    def url(self, cursor: str | None) -> str:
        """The search that was understood, from a place on."""
        given = [*self.query.used, ("_count", str(self.count)), *([("_cursor", cursor)] if cursor else [])]
        return f"{self.base}/{self.query.kind}?{urlencode(given)}"


def read_search(kind: str, given: Iterable[tuple[str, str]], base: str, *, strict: bool) -> Asked:
    """Raises `Invalid`: `malformed`, and `unknown_search_parameter` where the sender wants to be told."""
    of_page: dict[str, str] = {}
    of_query: list[tuple[str, str]] = []
    for name, value in given:
        if name in ("_count", "_cursor", "_format"):
            of_page[name] = value
        else:
            of_query.append((name, value))
    if "json" not in of_page.get("_format", "json"):
        raise _wrong("_format", "malformed", "json is the only format")
    query = read_query(kind, of_query, base)
    if query.unknown and strict:
        flaws = [_flaw(name, "unknown_search_parameter", "the type has no such parameter") for name in query.unknown]
        raise Invalid("unknown_search_parameter", "The search has parameters that the type does not have.", flaws)
    return Asked(query, _count(of_page.get("_count")), of_page.get("_cursor"), base)


async def search(session: AsyncSession, asked: Asked) -> Element:
    """A Bundle of the type `searchset`. Raises `Invalid` (`invalid_cursor`)."""
    place = decode(asked.route, _CURSOR, asked.cursor)
    among = await _among(session, asked.query)
    journeys = await _journeys(session, asked.query, among, place)
    found: list[Element] = []
    given = place[2] if place and journeys and journeys[0].coi == place[1] else 0
    following = None
    for number, journey in enumerate(journeys):
        fitting = [each for each in await told(session, journey, asked.query.kind) if asked.query.fits(each)]
        room = asked.count - len(found)
        found += fitting[given : given + room]
        more = len(fitting) > given + room or number + 1 < len(journeys)
        if more and (len(found) == asked.count or number + 1 == LOOKED_INTO):
            following = encode(asked.route, (journey.ordered_at, journey.coi, min(given + room, len(fitting))))
            break
        given = 0
    return _page(asked, found, following)


async def _journeys(
    session: AsyncSession, query: Query, among: set[str] | None, place: tuple[Any, str, int] | None
) -> Sequence[JourneyRow]:
    """One more than a page looks into, if there is one."""
    if among is not None and not among:
        return []
    statuses = query.statuses()
    return await journeys_in_turn(
        session,
        limit=LOOKED_INTO + 1,
        start_at=place[:2] if place else None,
        among=among,
        statuses=_ours(statuses, _JOURNEY_STATUSES) if query.kind == "ServiceRequest" else None,
        with_tasks=_ours(statuses, _TASK_STATUSES) if query.kind == "Task" else None,
    )


async def _among(session: AsyncSession, query: Query) -> set[str] | None:
    """The journeys that the query names; None where it names none."""
    named = query.journeys()
    for values in query.identifiers():
        known = await journeys_known_as(session, values)
        named = known if named is None else named & known
    return named


def _ours(statuses: set[str] | None, table: Mapping[str, tuple[str, ...]]) -> set[str] | None:
    return None if statuses is None else {ours for each in statuses for ours in table.get(each, ())}


def _page(asked: Asked, found: Sequence[Element], following: str | None) -> Element:
    links = [{"relation": "self", "url": asked.url(asked.cursor)}]
    if following is not None:
        links.append({"relation": "next", "url": asked.url(following)})
    entries: list[Element] = [
        {"fullUrl": full_url(asked.base, each), "resource": each, "search": {"mode": "match"}} for each in found
    ]
    if asked.query.unknown:
        entries.append({"resource": ignored(asked.query.unknown), "search": {"mode": "outcome"}})
    bundle: Element = {"resourceType": "Bundle", "type": "searchset", "link": links}
    if following is None and asked.cursor is None:
        bundle["total"] = len(found)
    return bundle | ({"entry": entries} if entries else {})


def _count(given: str | None) -> int:
    if given is None:
        return USUAL_PAGE
    if not given.isascii() or not given.isdecimal() or len(given) > 9 or int(given) < 1:
        raise _wrong("_count", "malformed", f"a number from 1 on; a page holds at most {LARGEST_PAGE}")
    return min(int(given), LARGEST_PAGE)


def _wrong(name: str, code: str, detail: str) -> Invalid:
    return Invalid(code, "A search parameter's value cannot be read.", [_flaw(name, code, detail)])


def _flaw(name: str, code: str, detail: str) -> Flaw:
    return Flaw(pointer=f"/query/{name}", code=code, detail=detail)
