"""Equal things have equal hashes, on every machine and for ever."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.canonical import canonical_json, content_hash

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=6,
)


def test_the_spelling_is_pinned() -> None:
    value = {"b": [1, 2.5, None, True], "a": "Zürich", "c": {"z": 0, "y": "\u2028"}}
    assert canonical_json(value) == '{"a":"Zürich","b":[1,2.5,null,true],"c":{"y":"\u2028","z":0}}'.encode()
    assert content_hash({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@given(values)
def test_what_has_been_through_json_has_the_same_hash(value: Any) -> None:
    assert content_hash(json.loads(json.dumps(value))) == content_hash(value)


@given(st.dictionaries(texts, values, min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_keys_makes_no_difference(value: dict[str, Any], random: Any) -> None:
    keys = list(value)
    random.shuffle(keys)
    assert content_hash({key: value[key] for key in keys}) == content_hash(value)


@given(values, values)
def test_other_content_has_another_hash(one: Any, other: Any) -> None:
    assert (content_hash(one) == content_hash(other)) == (canonical_json(one) == canonical_json(other))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": float("-inf")}])
def test_what_is_no_json_has_no_hash(value: Any) -> None:
    with pytest.raises(ValueError):
        content_hash(value)
