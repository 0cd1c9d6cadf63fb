"""The commands that talk to the API, while Temporal is away: what can be recorded is, the rest is refused by name."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from tests.cli.conftest import api_with_partners

Clew = Callable[..., Any]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an API whose partners are known and whose Temporal server is not there."""
    with api_with_partners(tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture
def clew(api: str, capfd: pytest.CaptureFixture[str]) -> Clew:
    """Runs a command against that API: what it answers, or what it says when it is refused."""

    def answer(*arguments: str, code: int = 0) -> Any:
        capfd.readouterr()
        ended = run([*arguments, "--api", api, "--json"])
        said = capfd.readouterr()
        assert ended == code, said.err
        return json.loads(said.out if code == 0 else said.err)

    return answer


@pytest.fixture
def published(clew: Clew) -> list[dict[str, Any]]:
    clew("protocol", "publish", "--shipped")
    found: list[dict[str, Any]] = clew("protocol", "list")
    return found


def test_the_shipped_protocols_are_published_once(clew: Clew, published: list[dict[str, Any]]) -> None:
    assert {(each["name"], each["version"]) for each in published} == {("autologous-car-t", 1), ("til", 1)}
    clew("protocol", "publish", "--shipped")
    assert clew("protocol", "list") == published


@pytest.mark.usefixtures("published")
def test_a_published_version_does_not_change(clew: Clew, tmp_path: Path) -> None:
    shipped = (Path(__file__).parents[2] / "protocols" / "til.yaml").read_text()
    (tmp_path / "til.yaml").write_text(shipped.replace("due: 10d", "due: 11d"))
    assert clew("protocol", "publish", str(tmp_path / "til.yaml"), code=1)["code"] == "protocol_exists"


@pytest.mark.usefixtures("published")
def test_a_journey_is_started_once_and_found_by_its_order(clew: Clew) -> None:
    started = clew("journey", "start", "ORD-77", "--protocol", "til@1")
    assert clew("journey", "start", "ORD-77", "--protocol", "til@1")["coi"] == started["coi"]

    (listed,) = clew("journey", "list", "--search", "ORD-77")
    shown = clew("journey", "show", started["coi"])
    assert listed["coi"] == shown["coi"] == started["coi"]
    assert (shown["status"], shown["protocol"], shown["version"]) == ("ordered", "til", 1)
    assert clew("journey", "start", "ORD-77", code=1)["code"] == "order_exists"


@pytest.mark.usefixtures("published")
def test_a_journey_is_exported_as_fhir(clew: Clew, tmp_path: Path, api: str) -> None:
    coi = clew("journey", "start", "ORD-76")["coi"]
    bundle = clew("fhir", "export", coi)
    assert (bundle["resourceType"], bundle["identifier"]["value"]) == ("Bundle", coi)
    assert [each["resource"]["identifier"][0]["value"] for each in bundle["entry"]] == ["ORD-76"]
    assert run(["fhir", "export", coi, "--output", str(tmp_path / "journey.json"), "--api", api]) == 0
    assert json.loads((tmp_path / "journey.json").read_text()) == bundle
    assert clew("fhir", "export", "CLEWYDWJ67KE69S6NHBXI", code=1)["code"] == "unknown_journey"


@pytest.mark.usefixtures("published")
def test_a_party_that_nobody_knows_is_refused_with_its_place(clew: Clew) -> None:
    refused = clew("journey", "start", "ORD-78", "--party", "courier=nobody", code=1)
    assert refused["code"] == "unknown_partner"
    assert [flaw["pointer"] for flaw in refused["errors"]] == ["/parties/courier"]


def test_an_event_that_nobody_waits_for_is_kept_as_unmatched(clew: Clew, tmp_path: Path) -> None:
    sent = clew("event", "send", "--type", "milestone.reached", "--subject", "X-1", "--data", '{"milestone": "a"}')
    assert sent["status"] == "unmatched"
    assert clew("event", "send", "--type", "milestone.reached", "--subject", "X-1", code=1)["code"] == "malformed"
    (tmp_path / "event.json").write_text('{"specversion": "1.0"}')
    assert clew("event", "send", str(tmp_path / "event.json"), code=1)["code"] == "malformed"


def test_the_feed_shows_who_gave_an_event_up(clew: Clew) -> None:
    sent = clew("event", "send", "--type", "milestone.reached", "--subject", "X-2", "--data", '{"milestone": "a"}')
    event = (sent["source"], sent["id"])
    decided = ("--by", "coordinator-4", "--reason", "wrong_number")
    assert clew("event", "release", *event, *decided, code=1)["code"] == "event_pending"
    clew("event", "dismiss", *event, *decided)
    entry = clew("feed", "--type", "event.dismissed")
    assert (entry["actor"], entry["data"]["event"]) == ("coordinator-4", sent["id"])
    assert clew("event", "show", *event)["decided_by"] == "coordinator-4"
    assert [each["id"] for each in clew("event", "list", "--reason", "wrong_number")] == [sent["id"]]
    assert clew("event", "list", "--status", "refused") == []


def test_the_list_of_events_shows_why_and_how_old(api: str, clew: Clew, capfd: pytest.CaptureFixture[str]) -> None:
    clew("event", "send", "--type", "milestone.reached", "--subject", "X-3", "--data", '{"milestone": "a"}')
    assert run(["event", "list", "--status", "unmatched", "--api", api]) == 0
    headings, newest = capfd.readouterr().out.splitlines()[:2]
    assert headings.split() == ["SOURCE", "ID", "TYPE", "SUBJECT", "STATUS", "REASON", "AGE"]
    assert newest.split()[2:6] == ["milestone.reached", "X-3", "unmatched", "-"]
    assert newest.split()[-1].removesuffix("s").isdecimal()


@pytest.mark.usefixtures("published")
def test_a_decision_waits_for_temporal_and_says_so(clew: Clew) -> None:
    coi = clew("journey", "start", "ORD-79")["coi"]
    refused = clew("journey", "decide", coi, "hold", "--by", "coordinator-7", "--reason", "slot_moved", code=3)
    assert refused["code"] == "temporal_unavailable"
    assert clew("task", "list") == []


def test_holds_are_listed_and_one_that_is_not_there_is_not_signed(clew: Clew) -> None:
    assert clew("hold", "list") == []
    nowhere = "hold-" + "0" * 20
    assert clew("hold", "show", nowhere, code=1)["code"] == "unknown_hold"
    signed = ("--by", "qa-07", "--reason", "labels_compared")
    assert clew("hold", "sign", nowhere, "crossed", *signed, code=1)["code"] == "unknown_hold"


def test_a_journey_that_is_not_there_is_refused(clew: Clew) -> None:
    assert clew("journey", "show", "CLEWYDWJ67KE69S6NHBXI", code=1)["code"] == "unknown_journey"


def test_a_subscription_is_created_shown_replayed_and_removed(clew: Clew) -> None:
    why = ("--by", "integrator-2", "--reason", "warehouse_load")
    created = clew("subscription", "create", "https://8.8.8.8/clew", "--type", "batch.released", "--after", "0", *why)
    assert created["secret"].startswith("whsec_")
    (listed,) = clew("subscription", "list")
    shown = clew("subscription", "show", created["id"])
    assert listed == shown == {name: value for name, value in created.items() if name != "secret"}
    assert clew("subscription", "enable", created["id"], *why, code=1)["code"] == "not_disabled"
    assert clew("subscription", "replay", created["id"], "--after", "0", *why)["revision"] == 2
    assert clew("subscription", "remove", created["id"], *why)["standing"] == "removed"
    assert clew("subscription", "create", "http://127.0.0.1/", *why, code=1)["code"] == "url_not_allowed"


@pytest.mark.usefixtures("published")
def test_of_a_print_that_cannot_be_written_nothing_is_noted(clew: Clew, api: str, tmp_path: Path) -> None:
    coi, why = clew("journey", "start", "ORD-80")["coi"], ("--by", "nurse-17", "--reason", "planned")
    issued = clew("label", "issue", coi, "collection", "--container", "BAG-80", *why)
    name, one = issued["set"], issued["labels"][0]["number"]
    prints = ["label", "print", name, "--by", "nurse-17", "--output"]
    assert run([*prints, str(tmp_path / "nowhere" / "labels.pdf"), "--api", api]) == 2
    assert run([*prints, str(tmp_path / "labels.doc"), "--api", api]) == 2
    assert clew("label", "show", name)["labels"][0]["prints"] == 0
    assert clew(*prints, str(tmp_path / "labels.zpl"))["labels"][0]["prints"] == 1
    assert (tmp_path / "labels.zpl").read_text().startswith("^XA")
    assert clew(*prints, str(tmp_path / "again.zpl"), code=1)["code"] == "reprint_reason_missing"
    assert clew(*prints, str(tmp_path / "again.zpl"), "--reason", "printer_jam")["labels"][0]["prints"] == 2
    assert clew("label", "return", name, one.lower(), *why)["account"]["returned"] == 1
    assert clew("label", "reconcile", name, "--by", "nurse-17", code=1)["code"] == "witness_missing"
    assert [each["status"] for each in clew("label", "list", coi)] == ["open"]
    assert [each["set"] for each in clew("label", "list")] == [name]


def test_how_it_stands_with_partners_and_what_operators_do(clew: Clew) -> None:
    assert clew("partner", "list") == []
    said = ("--by", "operator-3", "--reason", "maintenance")
    assert clew("partner", "pause", "swift-courier", *said)["paused_by"] == "operator-3"
    assert [each["partner"] for each in clew("partner", "list")] == ["swift-courier"]
    assert clew("partner", "resend", "swift-courier", *said)["resent"] == 0
    assert clew("partner", "resume", "swift-courier", *said)["paused_at"] is None
    assert clew("delivery", "list", "--status", "failing") == []
    assert clew("delivery", "give-up", "D0123456789abcdef", *said, code=1)["code"] == "unknown_delivery"
    assert clew("delivery", "show", "D0123456789abcdef", code=1)["code"] == "unknown_delivery"
