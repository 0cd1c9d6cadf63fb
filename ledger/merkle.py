"""The Merkle tree over the whole ledger, as RFC 9162 (section 2.1) defines it. Pure: no database, no clock.

    leaf  = SHA-256(0x00 || the entry's hash, 32 bytes)      leaf number = position - 1
    node  = SHA-256(0x01 || left || right)
    root  of no entry at all = SHA-256("")

One root stands for every entry before it and for their order. An inclusion proof shows that an entry is below a root;
a consistency proof that a larger tree begins with all of a smaller one. Each is a handful of hashes.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

Node = Callable[[int, int], bytes]
"""`node(level, number)`: the hash over the complete subtree of 2**level leaves from leaf number * 2**level on."""

Tile = tuple[int, int, bytes]
"""A complete tile: level, number, hash."""

EMPTY = sha256(b"").digest()
HEIGHT = 8
WIDTH = 1 << HEIGHT
"""A tile: so many leaves, or so many tiles of the level below."""


def leaf_hash(entry_hash: str) -> bytes:
    """The leaf of an entry. Raises `ValueError` for what is not hexadecimal."""
    return sha256(b"\0" + bytes.fromhex(entry_hash)).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """What stands above two subtrees."""
    return sha256(b"\1" + left + right).digest()


def root_of(row: Sequence[bytes]) -> bytes:
    """The root over complete subtrees of one height, from left to right; their number is a power of two."""
    while len(row) > 1:
        each = iter(row)
        row = [sha256(b"\1" + left + right).digest() for left, right in zip(each, each, strict=True)]
    return row[0]


class Growing:
    """The right edge of a tree that grows: all that its root and its next tiles need, however large it is."""

    def __init__(self) -> None:
        self.size = 0
        self._open: list[list[bytes]] = [[]]

    def add(self, leaves: Sequence[bytes]) -> list[Tile]:
        """Add leaves; the tiles that became complete, in the order in which they did."""
        made: list[Tile] = []
        begin = 0
        while begin < len(leaves):
            end = begin + WIDTH - len(self._open[0])
            some = leaves[begin:end]
            self._open[0] += some
            self.size += len(some)
            begin = end
            if len(self._open[0]) == WIDTH:
                made += self._close(1)
        return made

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        below: bytes | None = None
        for row in self._open:
            end = len(row)
            while end:
                count = end & -end
                peak = root_of(row[end - count : end])
                below = peak if below is None else node_hash(peak, below)
                end -= count
        return EMPTY if below is None else below

    def _close(self, level: int) -> Iterator[Tile]:
        made = root_of(self._open[level - 1])
        self._open[level - 1] = []
        if len(self._open) == level:
            self._open.append([])
        self._open[level].append(made)
        yield level, (self.size >> HEIGHT * level) - 1, made
        if len(self._open[level]) == WIDTH:
            yield from self._close(level + 1)


def root(node: Node, size: int) -> bytes:
    """The root of the tree as it was when it had so many leaves."""
    return _span(node, 0, size) if size else EMPTY


def inclusion(node: Node, number: int, size: int) -> list[bytes]:
    """The proof that a leaf is in the tree of that size, from its neighbour up to below the root."""
    if not 0 <= number < size:
        raise ValueError("the leaf is not in the tree")
    return _path(node, number, 0, size)


def consistency(node: Node, old: int, new: int) -> list[bytes]:
    """The proof that the tree of size `new` begins with that of size `old`; empty where there is nothing to prove."""
    if not 0 <= old <= new:
        raise ValueError("the older tree is the larger one")
    return _subproof(node, old, 0, new, whole=True) if 0 < old < new else []


def includes(leaf: bytes, number: int, size: int, path: Sequence[bytes], expected: bytes) -> bool:
    """Whether a proof leads from the leaf to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= number < size:
        return False
    first, last, reached = number, size - 1, leaf
    for beside in path:
        if last == 0:
            return False
        if first & 1 or first == last:
            reached = node_hash(beside, reached)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            reached = node_hash(reached, beside)
        first, last = first >> 1, last >> 1
    return last == 0 and reached == expected


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether a proof shows that the larger tree begins with the smaller one (RFC 9162, 2.1.4.2)."""
    if old in (0, new):
        return not path and (old_root == EMPTY if old == 0 else old_root == new_root)
    if not 0 < old < new or not path:
        return False
    rest = list(path)
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    below_old = below_new = old_root if first == 0 else rest.pop(0)
    for beside in rest:
        if last == 0:
            return False
        if first & 1 or first == last:
            below_old, below_new = node_hash(beside, below_old), node_hash(beside, below_new)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            below_new = node_hash(below_new, beside)
        first, last = first >> 1, last >> 1
    return last == 0 and below_old == old_root and below_new == new_root


def _split(count: int) -> int:
    """The largest power of two below a count."""
    return 1 << ((count - 1).bit_length() - 1)


def _span(node: Node, begin: int, end: int) -> bytes:
    count = end - begin
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return node(level, begin >> level)
    middle = begin + _split(count)
    return node_hash(_span(node, begin, middle), _span(node, middle, end))


def _path(node: Node, number: int, begin: int, end: int) -> list[bytes]:
    if end - begin == 1:
        return []
    middle = begin + _split(end - begin)
    if number < middle:
        return [*_path(node, number, begin, middle), _span(node, middle, end)]
    return [*_path(node, number, middle, end), _span(node, begin, middle)]


def _subproof(node: Node, old: int, begin: int, end: int, *, whole: bool) -> list[bytes]:
    if old == end:
        return [] if whole else [_span(node, begin, end)]
    middle = begin + _split(end - begin)
    if old <= middle:
        return [*_subproof(node, old, begin, middle, whole=whole), _span(node, middle, end)]
    return [*_subproof(node, old, middle, end, whole=False), _span(node, begin, middle)]
