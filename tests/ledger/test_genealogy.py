"""What came from this bag, and what went into this dose: against a brute-force oracle, on both databases."""

from random import Random
from typing import Any

import pytest

from ledger import genealogy
from ledger.database import Database
from ledger.genealogy import MOST_EDGES, Genealogy
from ledger.verify import verify
from schemas.errors import NotFound
from schemas.facts import Fact
from tests.ledger.scribe import Scribe, bag, put

TREES, HANDLINGS = 6, 40

Pairs = set[tuple[str, str]]
"""Child and parent."""


class Cellar:
    """Bags that are split and pooled at random, across two journeys; remembers what came from what."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.scribes = [Scribe(), Scribe()]
        self.bags: dict[str, list[str]] = {each.coi: [] for each in self.scribes}
        self.edges: Pairs = set()
        self.count = 0

    def facts(self, scribe: Scribe) -> list[Fact]:
        return [scribe.started(), *(self._next(scribe) for _ in range(HANDLINGS))]

    def _next(self, scribe: Scribe) -> Fact:
        here = self.bags[scribe.coi]
        kind = self.chance.choice(["collected", "split", "pooled", "made"]) if len(here) > 1 else "collected"
        return getattr(self, f"_{kind}")(scribe, here)  # type: ignore[no-any-return]

    def _collected(self, scribe: Scribe, here: list[str]) -> Fact:
        return self._made_of(scribe, here, [self._name("DIN")], "container", self.chance.randint(1, 3))

    def _split(self, scribe: Scribe, here: list[str]) -> Fact:
        return self._made_of(scribe, here, [self.chance.choice(here)], "split", self.chance.randint(1, 4))

    def _pooled(self, scribe: Scribe, here: list[str]) -> Fact:
        some = self.chance.sample(here, self.chance.randint(2, min(4, len(here))))
        # Donor material of the other journey can go into a pool too.
        others = [each for coi in self.bags for each in self.bags[coi] if coi != scribe.coi]
        more = [self.chance.choice(others)] if others and self.chance.random() < 0.5 else []
        return self._made_of(scribe, here, [*some, *more], "pool", 1)

    def _made(self, scribe: Scribe, here: list[str]) -> Fact:
        batch, used = self._name("LOT"), self.chance.choice(here)
        here.remove(used)
        dose = self._name("DOSE")
        self.edges |= {(batch, used), (dose, batch)}
        made = bag(dose, kind="product", batch=batch, parents=[used], form="dose")
        return scribe.fact("materials.settled", disposition="retained", materials=[bag(used, batch=batch), made])

    def _made_of(self, scribe: Scribe, here: list[str], parents: list[str], form: str, count: int) -> Fact:
        made = [self._name("BAG") for _ in range(count)]
        here += made
        self.edges |= {(child, parent) for child in made for parent in parents}
        materials = [bag(each, parents=parents, form=form) for each in made]
        return scribe.fact("materials.settled", disposition="retained", materials=materials)

    def _name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}-{self.count}"

    def reached(self, start: str, *, up: bool) -> Pairs:
        """By looking at every edge, again and again."""
        reached, found, before = {start}, set[tuple[str, str]](), -1
        while len(found) != before:
            before = len(found)
            for child, parent in self.edges:
                near, far = (child, parent) if up else (parent, child)
                if near in reached:
                    found.add((child, parent))
                    reached.add(far)
        return found


async def stored(database: Database, seed: int) -> Cellar:
    cellar = Cellar(seed)
    for scribe in cellar.scribes:
        facts = cellar.facts(scribe)
        for first in range(0, len(facts), 7):
            await put(database, scribe.batch(*facts[first : first + 7]))
    return cellar


def pairs(found: Genealogy) -> Pairs:
    return {(each.child, each.parent) for each in found.edges}


def names(found: Pairs, start: str) -> set[str]:
    return {start, *(each for pair in found for each in pair)}


@pytest.mark.parametrize("seed", range(TREES))
async def test_both_ways_lead_to_all_that_and_nothing_else(database: Database, seed: int) -> None:
    cellar = await stored(database, seed)
    everything = sorted({each for pair in cellar.edges for each in pair})
    async with database.reading() as session:
        for start in everything:
            up, down = await genealogy.ancestors(session, start), await genealogy.descendants(session, start)
            for found, expected in ((up, cellar.reached(start, up=True)), (down, cellar.reached(start, up=False))):
                assert pairs(found) == expected and found.complete
                assert {each.id for each in found.nodes} == names(expected, start)
    assert (await verify(database, projections=True)).ok


async def test_a_journeys_own_graph_is_shown_whole_with_what_each_thing_is(database: Database) -> None:
    ana = Scribe()
    collected = [bag("BAG-1", parents=["DIN-1"], form="container"), bag("BAG-2", parents=["DIN-1"], form="container")]
    amounts = [{"code": "tnc", "value": 1e10, "unit": "{cells}"}]
    shares = [{"parent": "BAG-1", "amounts": amounts}]
    half = bag("HALF-1", parents=["BAG-1"], form="split", amounts=amounts, shares=shares)
    dose = bag("DOSE-1", kind="product", parents=["HALF-1"], batch="LOT-1", form="dose")
    facts: list[list[dict[str, Any]]] = [collected, [half], [{**half, "batch": "LOT-1", "status": "used"}, dose]]
    first = ana.started()
    told = [ana.fact("materials.settled", disposition="retained", materials=each) for each in facts]
    await put(database, ana.batch(first, *told))
    async with database.reading() as session:
        found = await genealogy.whole(session, ana.coi)
    how = {(each.child, each.parent): each.how for each in found.edges}
    assert how == {
        ("BAG-1", "DIN-1"): "collected",
        ("BAG-2", "DIN-1"): "collected",
        ("HALF-1", "BAG-1"): "split",
        ("LOT-1", "HALF-1"): "made_from",
        ("DOSE-1", "LOT-1"): "filled",
    }
    (split,) = [each for each in found.edges if each.how == "split"]
    assert split.amounts == amounts
    forms = {each.id: each.form for each in found.nodes}
    assert (forms["DIN-1"], forms["LOT-1"], forms["HALF-1"]) == ("collection", "batch", "split")


async def test_what_was_recorded_before_there_were_forms_is_shown_too(database: Database) -> None:
    """The facts of earlier versions name parents and batches, and no forms."""
    ana = Scribe()
    first = ana.started()
    made = bag("DOSE-1", kind="product", parents=["BAG-1"], batch="LOT-1")
    used = bag("BAG-1", parents=["DIN-1"], batch="LOT-1", status="used")
    await put(
        database,
        ana.batch(first, ana.fact("materials.settled", disposition="retained", materials=[used, made])),
    )
    async with database.reading() as session:
        found = await genealogy.ancestors(session, "DOSE-1")
    assert pairs(found) == {("DOSE-1", "LOT-1"), ("LOT-1", "BAG-1"), ("BAG-1", "DIN-1")}


async def test_two_journeys_that_claim_one_bag_each_see_their_own(database: Database) -> None:
    """Identity is in doubt then; the page of one patient must not show what is another's."""
    ana, ben = Scribe(), Scribe()
    for scribe, holder, status in ((ana, "manufacturer", "available"), (ben, "collection_centre", "destroyed")):
        there = bag("BAG-1", parents=["DIN-1"], form="container", holder=holder, status=status)
        dose = bag(f"DOSE-{scribe.coi}", kind="product", parents=["BAG-1"], form="split", holder=holder)
        first = scribe.started()
        await put(
            database,
            scribe.batch(first, scribe.fact("materials.settled", disposition="retained", materials=[there, dose])),
        )
    async with database.reading() as session:
        pages = {scribe.coi: await genealogy.whole(session, scribe.coi) for scribe in (ana, ben)}
        both = await genealogy.ancestors(session, "BAG-1")
    for coi, page in pages.items():
        assert {each.journey for each in page.nodes if each.id != "DIN-1"} == {coi}
    shown = {
        coi: next((each.holder, each.status) for each in page.nodes if each.id == "BAG-1")
        for coi, page in pages.items()
    }
    assert shown == {ana.coi: ("manufacturer", "available"), ben.coi: ("collection_centre", "destroyed")}
    assert {(each.id, each.journey) for each in both.nodes} == {("BAG-1", ana.coi), ("BAG-1", ben.coi), ("DIN-1", None)}


@pytest.mark.parametrize("name", ["NOWHERE", "nul\x00", ""])
async def test_what_nobody_knows_is_said_to_be_unknown(database: Database, name: str) -> None:
    async with database.reading() as session:
        for asked in (genealogy.ancestors, genealogy.descendants):
            with pytest.raises(NotFound) as refused:
                await asked(session, name)
            assert refused.value.code == "unknown_material"


async def test_an_answer_has_an_end_and_says_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(genealogy, "MOST_EDGES", 3)
    ana = Scribe()
    first = ana.started()
    bags = [bag(f"BAG-{number}", parents=["DIN-1"], form="container") for number in range(5)]
    await put(database, ana.batch(first, ana.fact("materials.settled", disposition="retained", materials=bags)))
    async with database.reading() as session:
        found = await genealogy.descendants(session, "DIN-1")
    assert (len(found.edges), found.complete, MOST_EDGES > 3) == (3, False, True)


async def test_a_circle_is_walked_once(database: Database) -> None:
    """No journey records one; a forged page must not keep the database busy for ever."""
    ana = Scribe()
    first = ana.started()
    circle = [bag("A", parents=["B"], form="pool"), bag("B", parents=["A"], form="pool")]
    await put(database, ana.batch(first, ana.fact("materials.settled", disposition="retained", materials=circle)))
    async with database.reading() as session:
        assert pairs(await genealogy.ancestors(session, "A")) == {("A", "B"), ("B", "A")}
