"""The hash of an entry can be made by anyone, from its columns, with SHA-256 and JSON."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.chain import data_text, entry_hash, genesis, line_hash, line_of, plain
from ledger.tables import EntryRow

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
NUMBERS = st.integers(-(10**300), 10**300) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT
DATA = st.dictionaries(TEXT, st.recursive(SCALARS, lambda each: st.lists(each) | st.dictionaries(TEXT, each)))


def entry(data: dict[str, Any], **other: Any) -> EntryRow:
    columns: dict[str, Any] = {
        "position": 7,
        "journey": "CLEW1",
        "seq": 3,
        "type": "sample.collected",
        "occurred_at": datetime(2026, 3, 2, 8, 0, tzinfo=UTC),
        "recorded_at": datetime(2026, 3, 2, 8, 0, 1, 5, tzinfo=UTC),
        "actor": "north",
        "source": "north",
        "event_id": "e1",
        "data": data,
        "previous_hash": genesis("CLEW1"),
        "hash": "",
    }
    return EntryRow(**(columns | other))


def test_the_documented_recipe_gives_the_hash() -> None:
    recipe = [
        7,
        "CLEW1",
        3,
        "sample.collected",
        "2026-03-02T08:00:00.000000Z",
        "2026-03-02T08:00:01.000005Z",
        "north",
        "north",
        "e1",
        {"a": "ü", "b": [1, 2.5]},
        hashlib.sha256(b'["clew.ledger.1","CLEW1"]').hexdigest(),
    ]
    said = json.dumps(recipe, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert entry_hash(entry({"b": [1.0, 2.5], "a": "ü"})) == hashlib.sha256(said.encode()).hexdigest()


@given(DATA)
def test_all_spellings_of_the_same_data_hash_alike(data: dict[str, Any]) -> None:
    again = json.loads(data_text(data))
    assert data_text(again) == data_text(data)
    assert plain(plain(data)) == plain(data)
    assert entry_hash(entry(again)) == entry_hash(entry(data))


@given(TEXT, TEXT, TEXT | st.none(), DATA)
def test_no_text_can_reach_over_into_another_column(
    actor: str, source: str, event_id: str | None, data: dict[str, Any]
) -> None:
    line = line_of(entry(data, actor=actor, source=source, event_id=event_id))
    columns = [*line[:9], json.loads(line.data), line.previous_hash]
    said = json.dumps(columns, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert line_hash(line) == hashlib.sha256(said.encode()).hexdigest()


def test_every_column_counts() -> None:
    plainly = entry({"a": 1})
    others: dict[str, Any] = {
        "position": 8,
        "journey": "CLEW2",
        "seq": 4,
        "type": "sample.lost",
        "occurred_at": datetime(2026, 3, 2, 8, 0, 0, 1, tzinfo=UTC),
        "recorded_at": datetime(2026, 3, 2, 8, 0, tzinfo=UTC),
        "actor": "south",
        "source": "south",
        "event_id": None,
        "data": {"a": 2},
        "previous_hash": genesis("CLEW2"),
    }
    assert others.keys() == EntryRow.model_fields.keys() - {"hash"}
    hashes = {entry_hash(entry(**{"data": {"a": 1}, name: value})) for name, value in others.items()}
    assert len(hashes | {entry_hash(plainly)}) == len(others) + 1
