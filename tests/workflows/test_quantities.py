"""Cells neither appear nor vanish: not at once, not little by little, and not where somebody says nothing."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.material_invariants import nothing_appears
from ledger.tables import EntryRow
from schemas.facts import EventStatus
from tests.workflows.neighbours import Therapy
from tests.workflows.test_material import BAG, SPARE, bag, cells, collected, count, say

REFUSED = (EventStatus.REFUSED, "quantities_do_not_reconcile")
APPLIED = (EventStatus.APPLIED, None)


def halves(*told: float | None) -> list[dict[str, Any]]:
    """New containers; what is in each, where it is told."""
    return [
        {"id": f"HALF-{number}"} | ({} if each is None else {"amounts": cells(each)})
        for number, each in enumerate(told, start=1)
    ]


def test_one_silent_part_hides_nothing() -> None:
    ana = collected(tnc=2e10)
    assert say(ana, "material.split", container=BAG, into=halves(9e10, None)) == REFUSED


def test_a_part_that_was_silent_speaks_of_no_more_than_its_bag_had() -> None:
    ana = collected(tnc=2e10)
    assert say(ana, "material.split", container=BAG, into=halves(1e10, None)) == APPLIED
    into = [{"id": "QUARTER-1", "amounts": cells(1.2e10)}]
    assert say(ana, "material.split", container="HALF-2", into=into) == REFUSED


def test_what_stays_is_never_more_than_the_parts_leave() -> None:
    ana = collected(tnc=1e10)
    outcomes = [
        say(
            ana,
            "material.split",
            container=BAG,
            rest=cells(1e10),
            into=[{"id": f"PART-{n}", "amounts": cells(0.05e10)}],
        )
        for n in range(40)
    ]
    assert outcomes[:2] == [APPLIED, REFUSED] and count(ana, BAG) == 0.95e10


def test_what_is_left_is_counted_anew_and_may_be_less() -> None:
    ana = collected(tnc=1e10)
    say(ana, "material.split", container=BAG, rest=cells(0.88e10), into=halves(0.1e10))
    assert count(ana, BAG) == 0.88e10


def test_what_only_the_parts_tell_of_what_stays_is_kept() -> None:
    ana = collected(tnc=1e10, cd3=4e9)
    into = [{"id": "HALF-1", "amounts": [*cells(0.5e10), {"code": "cd3", "value": 1e9, "unit": "{cells}"}]}]
    say(ana, "material.split", container=BAG, rest=cells(0.5e10), into=into)
    assert {each.code: each.value for each in bag(ana, BAG).amounts} == {"tnc": 0.5e10, "cd3": 3e9}


def test_after_an_untold_sample_there_was_so_much_at_the_most() -> None:
    ana = collected(tnc=2e10)
    say(ana, "material.sampled", source=BAG, samples=[{"id": "QC-1"}])
    assert count(ana, BAG) == 2e10
    assert say(ana, "material.split", container=BAG, into=halves(2e10, 1e10)) == REFUSED


def test_what_an_untold_sample_took_is_not_missed() -> None:
    ana = collected(tnc=2e10)
    say(ana, "material.sampled", source=BAG, samples=[{"id": "QC-1"}])
    assert say(ana, "material.split", container=BAG, into=halves(0.8e10, 0.8e10)) == APPLIED


def test_an_untold_part_of_a_pool_is_at_most_what_there_was() -> None:
    ana = collected(tnc=2e10)
    parts = [{"id": BAG}, {"id": SPARE, "amounts": [{"code": "volume", "value": 10, "unit": "mL"}]}]
    assert say(ana, "material.pooled", parts=parts, into={"id": "POOL-1", "amounts": cells(5e10)}) == REFUSED


def test_little_by_little_nothing_grows_beyond_what_was_collected() -> None:
    ana = collected(tnc=1e10)
    assert say(ana, "material.split", container=BAG, into=[{"id": "ONCE", "amounts": cells(1.04e10)}]) == APPLIED
    assert say(ana, "material.split", container="ONCE", into=[{"id": "TWICE", "amounts": cells(1.08e10)}]) == REFUSED


def test_what_was_used_and_not_emptied_still_counts() -> None:
    ana = collected(tnc=1e10)
    say(ana, "material.split", container=BAG, rest=cells(0.5e10), into=halves(0.5e10))
    assert say(ana, "material.disposed", containers=[BAG], disposition="used", by="technician-3") == APPLIED
    say(ana, "material.split", container="HALF-1", into=[{"id": "ONCE", "amounts": cells(0.52e10)}])
    assert say(ana, "material.split", container="ONCE", into=[{"id": "TWICE", "amounts": cells(0.54e10)}]) == APPLIED
    assert say(ana, "material.split", container="TWICE", into=[{"id": "AGAIN", "amounts": cells(0.56e10)}]) == REFUSED


def in_all(ana: Therapy) -> float:
    """The cells that the record has in any container that was not emptied: counted from the facts alone."""
    contents: dict[str, dict[str, Any]] = {}
    emptied: set[str] = set()
    for fact in ana.journey.facts:
        contents |= {each["id"]: each for each in fact.data.get("materials", ())}
        said = fact.data.get("said", {})
        if fact.type == "material.split" and "rest" not in said:
            emptied.add(said["container"])
        if fact.type == "material.pooled":
            emptied |= {each["id"] for each in said["parts"] if "amounts" not in each}
    held = [each for name, each in contents.items() if name not in emptied and each["kind"] != "product"]
    return float(sum(one["value"] for each in held for one in each.get("amounts", ())))


told = st.one_of(st.none(), st.floats(0, 1.3))
deeds = st.lists(
    st.tuples(st.sampled_from(["split", "rest", "pool", "sample"]), st.integers(0, 30), told, told, told), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(deeds)
def test_whatever_is_told_a_tree_holds_no_more_than_was_collected(deeds: list[Any]) -> None:
    ana = collected(tnc=1e10)
    for number, (deed, *chosen) in enumerate(deeds):
        do(ana, number, deed, *chosen)
        hold_nothing(ana)
    assert in_all(ana) <= 2e10 * 1.05 * (1 + 1e-9)
    # The record alone, checked by other code, has nothing to say against what the journey took.
    assert list(nothing_appears(entries_of(ana))) == []


def entries_of(ana: Therapy) -> list[EntryRow]:
    facts = [each.model_dump() for each in ana.journey.facts]
    return [EntryRow(**each, position=each["seq"], journey="COI", previous_hash="", hash="") for each in facts]


def do(ana: Therapy, number: int, deed: str, which: int, *shares: float | None) -> None:
    """Somebody divides, joins or samples one of the containers that are there, and tells so much of it."""
    live = [each for each in ana.journey.state.materials.values() if each.status == "available"]
    source, other = live[which % len(live)], live[(which + 1) % len(live)]
    here = next((each.value for each in source.amounts if each.code == "tnc"), 1e10)
    amounts = [{} if share is None else {"amounts": cells(here * share)} for share in shares]
    pieces = [{"id": f"P{number}-{at}", **each} for at, each in enumerate(amounts[:2])]
    if deed == "sample":
        say(ana, "material.sampled", source=source.id, samples=pieces)
    elif deed == "pool":
        say(ana, "material.pooled", parts=[{"id": source.id}, {"id": other.id, **amounts[2]}], into=pieces[0])
    else:
        rest = {"rest": cells(here * (shares[2] or 0))} if deed == "rest" else {}
        say(ana, "material.split", container=source.id, into=pieces, **rest)


def hold_nothing(ana: Therapy) -> None:
    """A person has decided whatever there was to decide."""
    ana.journey.state.deviations.clear()
    for stage in ana.journey.state.active():
        stage.impasse = None
