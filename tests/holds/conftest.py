import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.holds.ward import Ward


@pytest.fixture
def ward(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Ward]:
    """One ledger for all patients."""
    opened = Ward(Path(shutil.copy(migrated_sqlite, tmp_path / "clew.db")))
    yield opened
    opened.closes()
