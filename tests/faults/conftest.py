"""One site for all drills on SQLite: each drill brings its own patients, partners and trouble."""

from collections.abc import AsyncIterator

import pytest

pytest.register_assert_rewrite("tests.faults.afterwards", "tests.faults.ward", "tests.faults.neighbourhood")

from tests.faults.site import Site, running_site  # noqa: E402 - after what makes its asserts speak


@pytest.fixture(scope="package")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
async def site(running: Site) -> Site:
    """Clew, with all its processes up, whatever the drill before did to them."""
    await running.made_whole()
    return running
