"""The tree against one that is built by hand, as RFC 9162 words it; and every wrong proof is refused."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle import EMPTY, consistency, includes, inclusion, is_consistent, leaf_hash, root, root_of

MOST = 70
LEAVES = [leaf_hash(sha256(str(number).encode()).hexdigest()) for number in range(MOST)]


def by_hand(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + by_hand(leaves[:split]) + by_hand(leaves[split:])).digest()


def node(level: int, number: int) -> bytes:
    return root_of(LEAVES[number << level : (number + 1) << level])


def test_a_leaf_and_a_node_can_never_be_taken_for_each_other() -> None:
    assert leaf_hash("00" * 32) == sha256(b"\x00" + bytes(32)).digest()
    assert EMPTY == by_hand([]) == root(node, 0)


def test_the_root_is_the_one_that_is_built_by_hand_at_every_size() -> None:
    assert [root(node, size) for size in range(MOST)] == [by_hand(LEAVES[:size]) for size in range(MOST)]


def test_every_leaf_is_proven_in_every_tree() -> None:
    for size in range(1, MOST):
        for number in range(size):
            path = inclusion(node, number, size)
            assert len(path) <= (size - 1).bit_length()
            assert includes(LEAVES[number], number, size, path, by_hand(LEAVES[:size]))


def test_every_tree_is_proven_to_begin_with_every_smaller_one() -> None:
    for new in range(MOST):
        for old in range(new + 1):
            path = consistency(node, old, new)
            assert is_consistent(old, new, by_hand(LEAVES[:old]), by_hand(LEAVES[:new]), path)


@given(st.data())
def test_a_proof_proves_nothing_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, MOST - 1))
    number = data.draw(st.integers(0, size - 1))
    path, top = inclusion(node, number, size), by_hand(LEAVES[:size])
    other = data.draw(st.integers(0, MOST - 1).filter(lambda each: each != number))
    assert not includes(LEAVES[other], number, size, path, top)
    assert not includes(LEAVES[number], other, size, path, top)
    assert not includes(LEAVES[number], number, size, [*path, EMPTY], top)
    assert not includes(LEAVES[number], number, size, path, by_hand(LEAVES[: size + 1]))
    if path:
        assert not includes(LEAVES[number], number, size, path[:-1], top)
        at = data.draw(st.integers(0, len(path) - 1))
        assert not includes(LEAVES[number], number, size, [*path[:at], EMPTY, *path[at + 1 :]], top)


@given(st.data())
def test_a_tree_that_was_rewritten_has_no_proof(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, MOST - 1))
    old = data.draw(st.integers(1, new - 1))
    changed = data.draw(st.integers(0, old - 1))
    rewritten = [*LEAVES[:changed], EMPTY, *LEAVES[changed + 1 :]]

    def other(level: int, number: int) -> bytes:
        return root_of(rewritten[number << level : (number + 1) << level])

    before, after = by_hand(LEAVES[:old]), by_hand(rewritten[:new])
    for path in (consistency(node, old, new), consistency(other, old, new), []):
        assert not is_consistent(old, new, before, after, path)
    assert not is_consistent(old, new, before, by_hand(LEAVES[:new]), [*consistency(node, old, new), EMPTY])
    assert not is_consistent(old, old, before, after, [])
    assert not is_consistent(0, new, before, after, [])


@pytest.mark.parametrize(("number", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_a_leaf_that_is_not_there_cannot_be_asked_for(number: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in the tree"):
        inclusion(node, number, size)
    assert not includes(LEAVES[0], number, size, [], LEAVES[0])


@pytest.mark.parametrize(("old", "new"), [(3, 2), (-1, 2)])
def test_a_tree_does_not_shrink(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="larger"):
        consistency(node, old, new)
    assert not is_consistent(old, new, LEAVES[0], LEAVES[0], [EMPTY])
