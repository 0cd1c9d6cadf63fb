"""The record of a therapy whose bags were split, pooled and sampled holds; a record that was bent does not."""

from collections.abc import Callable
from functools import cache

import pytest

from ledger.invariants import broken_in
from ledger.material_invariants import nothing_appears
from ledger.tables import EntryRow
from schemas.facts import Fact
from tests.workflows.neighbours import Therapy
from tests.workflows.test_material import BAG, SPARE, cells, collected, say
from workflows import course

Bend = Callable[[EntryRow], None]


@cache
def facts() -> tuple[Fact, ...]:
    """Two bags are pooled, the pool is split and sampled; then all goes as planned."""
    ana = collected(tnc=2e10)
    parts = [{"id": BAG, "amounts": cells(1e10)}, {"id": SPARE}]
    say(ana, "material.pooled", parts=parts, into={"id": "POOL-1", "amounts": cells(3e10)})
    halves = [{"id": "HALF-1", "amounts": cells(2e10)}, {"id": "HALF-2", "amounts": cells(1e10)}]
    say(ana, "material.split", container="POOL-1", into=halves)
    say(ana, "material.sampled", source="HALF-2", samples=[{"id": "QC-1", "amounts": cells(1e8)}])
    for event_type in ("shipment.picked_up", "shipment.delivered", "material.received"):
        _carry(ana, event_type, [BAG, "HALF-1", "HALF-2"])
    ana.after("manufacture.started")
    say(ana, "material.sampled", source="LOT-1", samples=[{"id": "QC-2", "amounts": cells(1e8)}])
    ana.whole()
    return _closed(ana)


def _carry(ana: Therapy, event_type: str, cargo: list[str]) -> None:
    told = ana.before(event_type)
    ana.unheard[0] = told.model_copy(update={"data": {**told.data, "containers": cargo}})
    ana.after(event_type)


def _closed(ana: Therapy) -> tuple[Fact, ...]:
    """What is left is kept before the journey closes."""
    *before, last = ana.journey.facts
    course.settle_what_is_left(ana.journey.state, ana.journey.notebook, ana.journey.now)
    (settled,) = ana.journey.notebook.take(1, ana.journey.now).facts
    return (*before, settled.model_copy(update={"seq": last.seq}), last.model_copy(update={"seq": last.seq + 1}))


def record() -> list[EntryRow]:
    return [
        EntryRow(**fact.model_dump(), position=fact.seq, journey="COI", previous_hash="", hash="") for fact in facts()
    ]


def test_the_record_of_a_whole_therapy_holds() -> None:
    # The rules alone were asked, so nobody has put the journey's own start on record.
    assert broken_in(record()) == ["invariant 7: the journey was started 0 times"]


def appears(entry: EntryRow) -> None:
    entry.data["materials"][-1]["amounts"][0]["value"] *= 2


def dwindles(entry: EntryRow) -> None:
    entry.data["materials"][-1]["amounts"][0]["value"] /= 2


def appears_beside_a_silent_part(entry: EntryRow) -> None:
    entry.data["materials"][-1]["amounts"] = []
    entry.data["materials"][-2]["amounts"][0]["value"] = 4e10


def vanishes(entry: EntryRow) -> None:
    entry.data["materials"] = entry.data["materials"][1:]


def from_nothing(entry: EntryRow) -> None:
    entry.data["materials"][-1]["parents"] = ["BENS-BAG"]


def by_itself(entry: EntryRow) -> None:
    entry.data["materials"][0]["holder"] = "manufacturer"


@pytest.mark.parametrize(
    ("event_type", "bend", "said"),
    [
        ("material.split", appears, "there is more tnc than before"),
        ("material.split", appears_beside_a_silent_part, "there is more tnc than before"),
        ("material.split", dwindles, "there is less tnc than before"),
        ("material.pooled", dwindles, "there is less tnc than before"),
        ("material.pooled", appears, "there is more tnc than before"),
        ("material.pooled", from_nothing, "POOL-1 came from what was not there"),
        ("material.sampled", from_nothing, "QC-1 came from what was not there"),
        ("material.sampled", by_itself, "HALF-2 changed hands without a hand-over"),
        ("materials.settled", vanishes, "is available, and the journey has ended"),
    ],
)
def test_a_record_that_was_bent_is_found(event_type: str, bend: Bend, said: str) -> None:
    entries = record()
    bend(next(each for each in entries if each.type == event_type))
    assert [each for each in broken_in(entries) if said in each], broken_in(entries)


def test_what_was_lost_and_what_nobody_told_is_not_missed() -> None:
    """The record agrees with the journey: a loss is told, an untold sample took some, and the rest is divided."""
    ana = collected(tnc=2e10)
    tenth = {"id": "QC-2", "amounts": cells(2e9)}
    for event_type, said in (
        ("material.sampled", {"source": BAG, "samples": [tenth]}),
        ("material.sampled", {"source": BAG, "samples": [{"id": "QC-1"}]}),
        ("material.split", {"container": BAG, "into": [{"id": "HALF-1", "amounts": cells(1e10)}]}),
        ("material.split", {"container": "HALF-1", "into": [{"id": "X", "amounts": cells(8e9)}], "loss": cells(2e9)}),
        ("material.split", {"container": SPARE, "into": [{"id": "Y", "amounts": cells(5e9)}, {"id": "Z"}]}),
        ("material.split", {"container": "Y", "into": [{"id": "W", "amounts": cells(2e9)}], "rest": cells(3e9)}),
    ):
        assert say(ana, event_type, **said)[0] == "applied", said
    entries = [
        EntryRow(**each.model_dump(), position=each.seq, journey="COI", previous_hash="", hash="")
        for each in ana.journey.facts
    ]
    assert list(nothing_appears(entries)) == []
