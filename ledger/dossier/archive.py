"""The dossier's file: a ZIP archive that has only one spelling, so that every byte of it is somebody's word.

Members are stored without compression in the order of their names, dated 1980-01-01, without comment or extra field.
Written out here (PKWARE's APPNOTE 4.3), as a library would read far more than that, and trust what a directory says.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from struct import pack as packed
from struct import unpack_from
from zlib import crc32

LARGEST = 64 * 1024 * 1024
"""Bytes of a dossier that are read."""

MOST = 32
"""Members of a dossier that are read."""

Parts = Mapping[str, bytes]
"""What each member holds, by its name."""

_LOCAL, _CENTRAL, _END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
_VERSION, _UNIX, _DATE = 20, 3 << 8, 0x21
_READABLE = 0o644 << 16
_SIZE_AT, _HEADER = 22, 30


def pack(parts: Parts) -> bytes:
    """The one archive of these parts, whose names are ASCII."""
    names = sorted(parts)
    return b"".join(
        [*(each for name in names for each in (_local(name, parts[name]), parts[name])), _directory(names, parts)]
    )


def unpack(archive: bytes) -> dict[str, bytes]:
    """The parts of an archive. Raises `ValueError` for one that `pack` did not make.

    Goes from member to member and takes each byte once: nothing can overlap, however the directory has it.
    """
    parts: dict[str, bytes] = {}
    at = 0
    for name, begin, end in _members(archive):
        parts[name] = archive[begin:end]
        if archive[at:begin] != _local(name, parts[name]):
            raise _none()
        at = end
    names = list(parts)
    if any(one >= other for one, other in pairwise(names)) or archive[at:] != _directory(names, parts):
        raise _none()
    return parts


def _members(archive: bytes) -> Iterator[tuple[str, int, int]]:
    """The name of each member in turn, and where its content begins and ends."""
    at = 0
    for _ in range(MOST + 1):
        if archive[at : at + 4] != _LOCAL:
            return
        if len(archive) < at + _HEADER:
            raise _none()
        size, length = unpack_from("<IH", archive, at + _SIZE_AT)
        begin = at + _HEADER + length
        at = begin + size
        if at > len(archive):
            raise _none()
        yield archive[begin - length : begin].decode("ascii"), begin, at
    raise _none()


def _local(name: str, content: bytes) -> bytes:
    """What stands before a member."""
    return packed("<4s2H", _LOCAL, _VERSION, 0) + _described(name, content) + name.encode("ascii")


def _described(name: str, content: bytes) -> bytes:
    """What both headers say of a member: how and when it was stored, its check sum and sizes; no extra field."""
    return packed("<3H3I2H", 0, 0, _DATE, crc32(content), len(content), len(content), len(name), 0)


def _directory(names: Sequence[str], parts: Parts) -> bytes:
    """What stands after the members."""
    at, headers = 0, []
    for name in names:
        head = packed("<4s3H", _CENTRAL, _UNIX | _VERSION, _VERSION, 0) + _described(name, parts[name])
        headers.append(head + packed("<3H2I", 0, 0, 0, _READABLE, at) + name.encode("ascii"))
        at += _HEADER + len(name) + len(parts[name])
    directory = b"".join(headers)
    return directory + packed("<4s4H2IH", _END, 0, 0, len(names), len(names), len(directory), at, 0)


def _none() -> ValueError:
    return ValueError("not an archive of a dossier")
