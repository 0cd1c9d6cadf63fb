"""The dossier's file: a ZIP archive that has only one spelling, so that every byte of it is somebody's word.

Members are stored without compression in the order of their names, dated 1980-01-01, without comment or extra field.
"""

from collections.abc import Mapping
from io import BytesIO
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

LARGEST = 512 * 1024 * 1024
"""Bytes of a dossier that are read."""

Parts = Mapping[str, bytes]
"""What each member holds, by its name."""

_UNIX = 3
_READABLE = 0o644 << 16


def pack(parts: Parts) -> bytes:
    """The one archive of these parts."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_STORED) as archive:
        for name in sorted(parts):
            member = ZipInfo(name)
            member.create_system, member.external_attr = _UNIX, _READABLE
            archive.writestr(member, parts[name])
    return file.getvalue()


def unpack(archive: bytes) -> dict[str, bytes]:
    """The parts of an archive. Raises `ValueError` for one that `pack` did not make."""
    try:
        with ZipFile(BytesIO(archive)) as opened:
            members = opened.infolist()
            # Before anything is read: what is compressed could be larger than any memory.
            if any(each.compress_type != ZIP_STORED for each in members):
                raise ValueError("not an archive of a dossier")
            parts = {each.filename: opened.read(each) for each in members}
    # Whatever it trips over, and it is a rich format, the file is none of ours.
    except (BadZipFile, ValueError, LookupError, OSError, EOFError, RuntimeError, NotImplementedError, OverflowError):
        raise ValueError("not an archive of a dossier") from None
    if pack(parts) != archive:
        raise ValueError("not an archive of a dossier")
    return parts
