"""Files that outlive the process and the power: written whole or not at all."""

import os
import tempfile
from pathlib import Path


def put_once(path: Path, content: bytes) -> None:
    """Write a file for its owner alone unless there is one; of several who try at once, one file is left, whole."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name that no process had before: what one left behind that was killed here must not stop the next.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        keep_name(path.parent)
    finally:
        draft.unlink()


def keep_name(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
