"""Whatever its own description allows, or does not: the API takes it or refuses it by name, and never breaks."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from api.app import create_app
from ledger.migrate import migrate
from schemas.settings import Settings
from tests.api.processes import Api, api_process, free_port
from tests.databases import now, sqlite_url
from tests.waiting import until

EXAMPLES_A_ROUTE = 8

ENDLESS = "/v1/feed/stream"
"""Goes on until either side ends it: what it refuses is in `test_feed`."""

WAITS = "/v1/feed"
"""Can be asked to wait a minute for news, and here there is none."""


@schemathesis.serializer("application/x-ndjson", "text/csv")
def as_it_is(_context: Any, value: Any) -> bytes:
    """Whatever was drawn, as text: what is no table must be refused too."""
    return str(value).encode(errors="replace")


description = schemathesis.openapi.from_dict(create_app(Settings()).openapi()).exclude(path=ENDLESS)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API in a process of its own; nothing listens where its Temporal should be."""
    home = tmp_path_factory.mktemp("fuzzed")
    now(migrate(sqlite_url(home / "clew.db")))
    with api_process(home, f"127.0.0.1:{free_port()}") as api:
        now(until(api.is_ready, "the process", seconds=60))
        yield api


@description.parametrize()
@settings(max_examples=EXAMPLES_A_ROUTE, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_breaks_it(case: schemathesis.Case[Any], serving: Api) -> None:
    if case.path == WAITS and case.query:
        case.query.pop("wait", None)
    answer = case.call(base_url=serving.url)
    if answer.status_code >= 400:
        fhir = case.path.startswith("/fhir/")
        assert answer.headers["content-type"] == [f"application/{'fhir' if fhir else 'problem'}+json"]
        # Temporal is away, so decisions on real journeys may say so; nothing else may fail.
        assert answer.status_code < 500 or answer.json().get("code") == "temporal_unavailable", answer.text
