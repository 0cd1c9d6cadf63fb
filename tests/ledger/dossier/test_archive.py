"""The archive of a dossier has one spelling, and what claims to be one costs no more than its own bytes."""

import tracemalloc
from io import BytesIO
from struct import pack as packed
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo
from zlib import crc32

import pytest

from ledger.dossier.archive import MOST, pack, unpack

PARTS = {"b.txt": b"second", "a.txt": b"first", "empty.txt": b""}


def by_a_library(*members: tuple[str, bytes], how: int = ZIP_STORED) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        for name, content in members:
            member = ZipInfo(name)
            member.create_system, member.external_attr, member.compress_type = 3, 0o644 << 16, how
            archive.writestr(member, content)
    return file.getvalue()


def test_it_is_what_a_library_would_write_and_read() -> None:
    file = pack(PARTS)
    assert file == by_a_library(*sorted(PARTS.items()))
    assert unpack(file) == PARTS
    with ZipFile(BytesIO(file)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == PARTS


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "file",
    [
        by_a_library(("a", b"1"), ("a", b"2")),
        by_a_library(("a", b"1"), ("a", b"1")),
        by_a_library(("b", b"1"), ("a", b"2")),
        by_a_library(("a", b"1" * 1000), how=ZIP_DEFLATED),
        by_a_library(("é", b"1")),
        by_a_library(*((f"{number:03}", b"") for number in range(MOST + 1))),
        by_a_library(("a", b"1")) + b"more",
        b"before" + by_a_library(("a", b"1")),
        by_a_library(("a", b"1"))[:20],
        b"",
    ],
    ids=["twice", "twice the same", "order", "compressed", "name", "too many", "after", "before", "cut", "nothing"],
)
def test_any_other_spelling_is_refused(file: bytes) -> None:
    with pytest.raises(ValueError, match=r"not an archive of a dossier|ascii"):
        unpack(file)


def test_members_that_overlap_are_refused_before_they_are_read() -> None:
    """Each member holds all that come after it: a directory of thirty would make thirty times as much of the file."""
    body, directory = b"\0" * 100_000, b""
    found: list[tuple[bytes, int, int, int]] = []
    for number in range(30, 0, -1):
        name = b"%05d" % number
        described = (crc32(body), len(body))
        head = packed("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0x21, *described, len(body), len(name), 0) + name
        body = head + body
        found.append((name, *described, len(body)))
    for name, check_sum, size, from_end in reversed(found):
        head = packed("<4s6H3I", b"PK\1\2", 20 | 3 << 8, 20, 0, 0, 0, 0x21, check_sum, size, size)
        directory += head + packed("<5H2I", len(name), 0, 0, 0, 0, 0o644 << 16, len(body) - from_end) + name
    file = body + directory + packed("<4s4H2IH", b"PK\5\6", 0, 0, 30, 30, len(directory), len(body), 0)
    with ZipFile(BytesIO(file)) as archive:
        assert sum(each.file_size for each in archive.infolist()) > 29 * 100_000, "a library takes it"
    tracemalloc.start()
    with pytest.raises(ValueError, match="not an archive"):
        unpack(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * len(file)
