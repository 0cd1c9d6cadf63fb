"""The label desk: every label has a number, and every one is accounted for."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ledger import label_sets, labels
from ledger.database import Database
from ledger.label_pages import label_differences
from ledger.verify import verify
from schemas.errors import ClewError
from schemas.events import LABEL_DESK, wire_type
from schemas.label_desk import ApplyLabel, NewLabelSet, PrintLabels, ReconcileLabels, SettleLabels
from schemas.labels import label_number
from tests.api.clinic import Clinic, collected, fact, started
from tests.schemas.examples import EXAMPLES

BY: dict[str, Any] = {"by": "nurse-17", "reason": "collection_planned"}
SIGNED = {"by": "nurse-17", "witnessed_by": "nurse-23"}


async def issued(ward: Clinic, coi: str, **asked: Any) -> dict[str, Any]:
    """Labels for two bags and one to be written in, for the collection."""
    wanted = {"stage": "collection", "containers": ["BAG-1", "BAG-2"], "blank": 1, **BY, **asked}
    answer = await ward.http.post(f"/v1/journeys/{coi}/labels", json=wanted)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def does(ward: Clinic, label_set: dict[str, Any], what: str, **said: Any) -> tuple[int, dict[str, Any]]:
    answer = await ward.http.post(f"/v1/labels/{label_set['set']}/{what}", json=said)
    return answer.status_code, answer.json()


async def refused(ward: Clinic, label_set: dict[str, Any], what: str, **said: Any) -> str:
    status, problem = await does(ward, label_set, what, **said)
    assert 400 <= status < 500, problem
    return str(problem["code"])


def number(label_set: dict[str, Any], place: int) -> str:
    return str(label_set["labels"][place - 1]["number"])


async def all_settled(ward: Clinic, found: dict[str, Any]) -> None:
    """Two bags labelled, the third label destroyed."""
    assert (await does(ward, found, "print", by="nurse-17"))[0] == 200
    for place in (1, 2):
        said = {
            "by": "nurse-17",
            "verified_by": "nurse-23",
            "number": number(found, place),
            "container": f"BAG-{place}",
        }
        assert (await does(ward, found, "apply", **said))[0] == 200
    assert (await does(ward, found, "destroy", numbers=[number(found, 3)], **BY))[0] == 200


async def told(ward: Clinic, event_type: str) -> list[dict[str, Any]]:
    """What the desk has told journeys, as their inbox has it."""
    answer = await ward.http.get("/v1/events", params={"type": event_type})
    return [each for each in answer.json()["items"] if each["source"] == LABEL_DESK]


async def test_the_whole_way_of_a_set(ward: Clinic) -> None:
    coi = await ward.patient()
    found = await issued(ward, coi)
    assert [each["thing"] for each in found["labels"]] == ["BAG-1", "BAG-2", None]
    assert [each["number"] for each in found["labels"]] == [label_number(found["set"], place) for place in (1, 2, 3)]
    assert found["content"]["product"] == "leukapheresis"
    assert found["content"]["storage"] == {"min": 2.0, "max": 8.0}
    assert [(each["subject"], each["status"]) for each in await told(ward, "labels.issued")] == [(coi, "received")]
    await all_settled(ward, found)
    assert await told(ward, "labels.reconciled") == []
    status, done = await does(ward, found, "reconcile", **SIGNED)
    assert (status, done["status"]) == (200, "reconciled")
    assert done["account"] == {"issued": 3, "used": 2, "destroyed": 1, "returned": 0, "open": 0}
    assert len(await told(ward, "labels.reconciled")) == 1
    listed = (await ward.http.get(f"/v1/journeys/{coi}/labels")).json()["items"]
    assert [(each["set"], each["account"]) for each in listed] == [(found["set"], done["account"])]


async def test_what_is_open_anywhere_is_found_page_by_page(ward: Clinic) -> None:
    ana, ben = await ward.patient("ORD-ANA"), await ward.patient("ORD-BEN")
    done = await issued(ward, ana, containers=[], blank=1, two_people=False)
    await does(ward, done, "void", numbers=[number(done, 1)], **BY)
    await does(ward, done, "reconcile", by="nurse-17")
    still = [await issued(ward, coi, containers=[], blank=1) for coi in (ana, ben)]
    first = (await ward.http.get("/v1/labels", params={"status": "open", "limit": 1})).json()
    rest = (await ward.http.get("/v1/labels", params={"status": "open", "cursor": first["next"]})).json()
    assert [each["set"] for each in first["items"] + rest["items"]] == [each["set"] for each in still]
    ended = (await ward.http.get("/v1/labels", params={"status": "reconciled"})).json()["items"]
    assert [each["set"] for each in ended] == [done["set"]]
    wrong = await ward.http.get(f"/v1/journeys/{ana}/labels", params={"cursor": first["next"]})
    assert wrong.json()["code"] == "invalid_cursor"


async def test_every_step_is_on_the_record_with_who_did_it(ward: Clinic) -> None:
    found = await issued(ward, await ward.patient())
    await all_settled(ward, found)
    await does(ward, found, "reconcile", **SIGNED)
    entries = (await ward.http.get("/v1/feed")).json()["items"]
    of_set = [each for each in entries if each["journey"] == f"operations/labels/{found['set']}"]
    assert [each["type"] for each in of_set] == [
        "label_set.issued",
        "labels.printed",
        "label.applied",
        "label.applied",
        "labels.destroyed",
        "label_set.reconciled",
    ]
    assert {each["actor"] for each in of_set} == {"nurse-17"}
    assert of_set[-1]["data"]["witnessed_by"] == "nurse-23"
    assert (await verify(ward.database, projections=True)).ok


async def test_a_label_that_is_missing_is_named(ward: Clinic) -> None:
    found = await issued(ward, await ward.patient())
    await does(ward, found, "print", by="nurse-17")
    await does(ward, found, "apply", by="nurse-17", verified_by="nurse-23", number=number(found, 1), container="BAG-1")
    status, problem = await does(ward, found, "reconcile", **SIGNED)
    assert (status, problem["code"]) == (409, "labels_unaccounted")
    named = {each["detail"].split(":")[0] for each in problem["errors"]}
    assert named == {number(found, 2), number(found, 3)}
    assert await told(ward, "labels.reconciled") == []


async def test_an_account_is_signed_by_two_people_unless_the_set_says_otherwise(ward: Clinic) -> None:
    coi = await ward.patient()
    found = await issued(ward, coi)
    await all_settled(ward, found)
    assert await refused(ward, found, "reconcile", by="nurse-17") == "witness_missing"
    assert await refused(ward, found, "reconcile", by="nurse-17", witnessed_by="nurse-17") == "malformed"
    alone = await issued(ward, coi, containers=[], blank=1, two_people=False)
    await does(ward, alone, "void", numbers=[number(alone, 1)], **BY)
    assert (await does(ward, alone, "reconcile", by="nurse-17"))[0] == 200


async def test_a_reprint_needs_a_reason_and_is_counted(ward: Clinic) -> None:
    found = await issued(ward, await ward.patient())
    await does(ward, found, "print", by="nurse-17")
    assert await refused(ward, found, "print", by="nurse-17", numbers=[number(found, 1)]) == "reprint_reason_missing"
    again = {"by": "nurse-17", "reason": "printer_jam", "numbers": [number(found, 1)]}
    status, now = await does(ward, found, "print", **again)
    assert (status, [each["prints"] for each in now["labels"]]) == (200, [2, 1, 1])


async def test_a_label_goes_on_its_own_container_only(ward: Clinic) -> None:
    found = await issued(ward, await ward.patient())
    first = {"by": "nurse-17", "number": number(found, 1)}
    assert await refused(ward, found, "apply", container="BAG-1", **first) == "label_not_printed"
    await does(ward, found, "print", by="nurse-17")
    assert await refused(ward, found, "apply", container="BAG-2", **first) == "label_mismatch"
    assert await refused(ward, found, "apply", container="BAG-1", verified_by="nurse-17", **first) == "malformed"
    assert (await does(ward, found, "apply", container="BAG-1", verified_by="nurse-23", **first))[0] == 200


async def test_what_is_another_patients_gets_no_label_of_this_one(ward: Clinic) -> None:
    ana, ben = await ward.patient("ORD-ANA"), await ward.patient("ORD-BEN")
    known = [{"kind": "container", "value": "BAG-OF-BEN"}]
    await ward.record(ben, started(number="ORD-BEN"), fact(2, "hold.placed", reason="x", identifiers=known))
    wanted = {"stage": "collection", "containers": ["BAG-OF-BEN"], **BY}
    answer = await ward.http.post(f"/v1/journeys/{ana}/labels", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (409, "identifier_in_use")
    found = await issued(ward, ana)
    await does(ward, found, "print", by="nurse-17")
    blank = {"by": "nurse-17", "verified_by": "nurse-23", "number": number(found, 3), "container": "BAG-OF-BEN"}
    assert await refused(ward, found, "apply", **blank) == "identifier_in_use"


async def test_what_bears_a_label_of_another_patient_gets_none_of_this_one(ward: Clinic) -> None:
    """Nobody has collected anything yet: the labels alone say that two were mixed up."""
    ana, ben = await ward.patient("ORD-ANA"), await ward.patient("ORD-BEN")
    hers = await issued(ward, ana, containers=[], blank=1)
    await does(ward, hers, "print", by="nurse-17")
    await does(ward, hers, "apply", by="nurse-17", verified_by="nurse-23", number=number(hers, 1), container="BAG-7")
    his = await issued(ward, ben, containers=["BAG-8"], blank=1)
    await does(ward, his, "print", by="nurse-17")
    blank = {"by": "nurse-17", "verified_by": "nurse-23", "number": number(his, 2), "container": "BAG-7"}
    assert await refused(ward, his, "apply", **blank) == "identifier_in_use"
    for taken in ("BAG-7", "BAG-8"):
        wanted = {"stage": "collection", "containers": [taken], **BY}
        answers = [await ward.http.post(f"/v1/journeys/{each}/labels", json=wanted) for each in (ana, ben)]
        assert sorted(each.status_code for each in answers) == [201, 409], taken
    await does(ward, his, "void", numbers=[number(his, 1), number(his, 2)], **BY)
    assert (await verify(ward.database, projections=True)).ok


@pytest.mark.parametrize("thing", ["BAG-7", "BAG-8"], ids=["bears it", "it was made for"])
async def test_what_comes_with_another_patients_label_holds_both(ward: Clinic, thing: str) -> None:
    """Ben's labels are all that is known of the bags when Ana's partner names one."""
    ana, ben = await ward.patient("ORD-ANA"), await ward.patient("ORD-BEN")
    his = await issued(ward, ben, containers=["BAG-8"], blank=1)
    await does(ward, his, "print", by="nurse-17")
    await does(ward, his, "apply", by="nurse-17", verified_by="nurse-23", number=number(his, 2), container="BAG-7")
    names = [{"kind": "container", "value": thing}]
    await ward.record(ana, started(number="ORD-ANA"), fact(2, "hold.placed", reason="x", identifiers=names))
    (hold,) = (await ward.http.get("/v1/holds")).json()["items"]
    assert (hold["reason"], hold["about"]) == ("identifier_in_use", [thing])
    assert set(hold["sides"]) == {ana, ben}


async def test_a_label_that_was_voided_claims_nothing(ward: Clinic) -> None:
    ana, ben = await ward.patient("ORD-ANA"), await ward.patient("ORD-BEN")
    his = await issued(ward, ben, containers=["BAG-8"], blank=0)
    await does(ward, his, "void", numbers=[number(his, 1)], **BY)
    names = [{"kind": "container", "value": "BAG-8"}]
    await ward.record(ana, started(number="ORD-ANA"), fact(2, "hold.placed", reason="x", identifiers=names))
    assert (await ward.http.get("/v1/holds")).json()["items"] == []


async def test_of_two_journeys_that_claim_one_bag_at_the_same_moment_one_gets_it(ward: Clinic) -> None:
    journeys = await ward.patient("ORD-ANA"), await ward.patient("ORD-BEN")
    other = Database(ward.database.url)
    asked = NewLabelSet(stage="collection", containers=("BAG-1",), **BY)

    async def issues(database: Database, coi: str) -> str:
        try:
            async with database.writing() as session:
                await labels.issue(session, coi, asked, None, datetime.now(UTC))
        except ClewError as error:
            return error.code
        return "issued"

    outcomes = await asyncio.gather(*map(issues, (ward.database, other), journeys))
    await other.close()
    assert sorted(outcomes) == ["identifier_in_use", "issued"]


async def test_a_name_that_was_given_before_is_not_given_again(ward: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    coi = await ward.patient()
    names = iter(["LSAAAAAAAAAA", "LSAAAAAAAAAA", "LSBBBBBBBBBB"])
    monkeypatch.setattr(label_sets, "new_set", lambda: next(names))
    first, second = await issued(ward, coi), await issued(ward, coi)
    assert [first["set"], second["set"]] == ["LSAAAAAAAAAA", "LSBBBBBBBBBB"]
    assert (await verify(ward.database, projections=True)).ok


async def test_what_was_settled_is_not_settled_again_but_the_same_word_twice_changes_nothing(ward: Clinic) -> None:
    found = await issued(ward, await ward.patient())
    await all_settled(ward, found)
    used, gone = number(found, 1), number(found, 3)
    for what, said in (
        ("print", {"by": "nurse-17", "reason": "again", "numbers": [gone]}),
        ("print", {"by": "nurse-17", "reason": "again"}),
        ("destroy", {"numbers": [used], **BY}),
        ("return", {"numbers": [gone], **BY}),
        ("void", {"numbers": [gone], **BY}),
        ("apply", {"by": "nurse-17", "verified_by": "nurse-23", "number": gone, "container": "BAG-3"}),
        ("apply", {"by": "nurse-99", "number": used, "container": "BAG-1"}),
    ):
        assert await refused(ward, found, what, **said) == "label_settled", what
    before = (await ward.http.get("/v1/feed")).json()["next"]
    assert (await does(ward, found, "destroy", numbers=[gone], **BY))[0] == 200
    assert (await does(ward, found, "apply", by="nurse-17", verified_by="nurse-23", number=used, container="BAG-1"))[
        0
    ] == 200
    await does(ward, found, "reconcile", **SIGNED)
    assert (await does(ward, found, "reconcile", **SIGNED))[0] == 200
    assert await refused(ward, found, "reconcile", by="nurse-17", witnessed_by="nurse-99") == "labels_reconciled"
    assert (await ward.http.get("/v1/feed")).json()["next"] == before + 1


async def test_what_was_never_printed_can_only_be_voided(ward: Clinic) -> None:
    found = await issued(ward, await ward.patient())
    for what in ("destroy", "return"):
        assert await refused(ward, found, what, numbers=[number(found, 1)], **BY) == "label_not_printed"
    status, now = await does(ward, found, "void", numbers=[number(found, 1)], **BY)
    assert (status, now["account"]["destroyed"]) == (200, 1)


async def test_no_labels_for_what_is_over(ward: Clinic) -> None:
    coi = await ward.patient()
    began = {"stage": "collection", "kind": "collection", "visit": 1, "due_at": "2026-03-20T00:00:00Z"}
    await ward.record(coi, started(), fact(2, "stage.began", **began))
    await ward.record(coi, fact(3, "stage.completed", stage="collection", visit=1))
    wanted = {"stage": "collection", "blank": 1, **BY}
    answer = await ward.http.post(f"/v1/journeys/{coi}/labels", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (409, "stage_done")
    await ward.record(coi, fact(4, "journey.leaving", reason="patient_withdrew"))
    answer = await ward.http.post(f"/v1/journeys/{coi}/labels", json={**wanted, "stage": "infusion"})
    assert (answer.status_code, answer.json()["code"]) == (409, "journey_leaving")
    await ward.record(coi, fact(5, "journey.cancelled", outcome="cancelled", reason="patient_withdrew"))
    answer = await ward.http.post(f"/v1/journeys/{coi}/labels", json={**wanted, "stage": "infusion"})
    assert (answer.status_code, answer.json()["code"]) == (409, "journey_closed")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"stage": "nowhere"}, "malformed"),
        ({"blank": 0, "containers": []}, "malformed"),
        ({"blank": 501}, "malformed"),
        ({"containers": ["Ana Smith"]}, "malformed"),
        ({"statements": ["autologous_use_only", "autologous_use_only"]}, "malformed"),
        ({"statements": ["keep away from children"]}, "malformed"),
        ({"patient": "Ana Smith"}, "malformed"),
        ({"size": "vial", "statements": ["investigational"]}, "label_text_too_long"),
    ],
)
async def test_what_no_label_can_say_is_refused_and_nothing_is_issued(
    desk: Clinic, wrong: dict[str, Any], code: str
) -> None:
    coi = await desk.patient()
    answer = await desk.http.post(f"/v1/journeys/{coi}/labels", json={"stage": "collection", "blank": 1, **BY, **wrong})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert "Ana" not in answer.text
    assert (await desk.http.get(f"/v1/journeys/{coi}/labels")).json()["items"] == []


async def test_what_is_not_there_is_not_found(desk: Clinic) -> None:
    found = await issued(desk, await desk.patient())
    other = label_number("LSAAAAAAAAAA", 1)
    assert await refused(desk, found, "void", numbers=[other], **BY) == "unknown_label"
    assert (
        await refused(desk, found, "apply", by="nurse-17", verified_by="nurse-23", number=other, container="BAG-1")
        == "unknown_label"
    )
    assert (await desk.http.get("/v1/labels/LSAAAAAAAAAA")).json()["code"] == "unknown_label_set"
    assert await refused(desk, found, "void", numbers=[number(found, 1)] * 2, **BY) == "malformed"
    misread = number(found, 1)[:-2] + ("0" if number(found, 1)[-2] != "0" else "9") + number(found, 1)[-1]
    assert await refused(desk, found, "void", numbers=[misread], **BY) == "malformed"


async def test_the_sheet_has_the_open_labels_and_drawing_notes_nothing(desk: Clinic) -> None:
    found = await issued(desk, await desk.patient())
    sheet = f"/v1/labels/{found['set']}/sheet"
    drawn = await desk.http.get(sheet)
    assert (drawn.headers["content-type"], drawn.content[:5]) == ("application/pdf", b"%PDF-")
    zpl = await desk.http.get(sheet, params={"format": "zpl", "dpi": 300})
    assert zpl.text.count("^XA") == 3
    twice = await desk.http.get(sheet, params={"format": "svg", "label": [number(found, 2), number(found, 2)]})
    assert (twice.status_code, twice.json()["code"]) == (422, "malformed"), "a label has one copy"
    svg = await desk.http.get(sheet, params={"format": "svg", "label": [number(found, 2)]})
    assert "BAG-2" in svg.text and "BAG-1" not in svg.text
    assert {each["status"] for each in (await desk.http.get(f"/v1/labels/{found['set']}")).json()["labels"]} == {
        "issued"
    }
    await all_settled(desk, found)
    assert (await desk.http.get(sheet)).json()["code"] == "label_settled"


@pytest.mark.parametrize("event_type", ["labels.issued", "labels.reconciled"])
async def test_no_partner_speaks_for_the_label_desk(desk: Clinic, event_type: str) -> None:
    coi = await desk.patient()
    forged = collected(coi, type=wire_type(event_type), data=EXAMPLES[event_type])
    for source in ("//hospital.example/lab", LABEL_DESK):
        answer = await desk.say({**forged, "source": source})
        assert (answer.status_code, answer.json()["code"]) == (422, "source_reserved")
    other = await desk.say(collected(coi, source="//clew/custody"))
    assert (other.status_code, other.json()["code"]) == (422, "source_reserved")
    assert (await desk.say([forged, collected(coi)])).status_code == 422
    assert (await desk.http.get("/v1/events")).json()["items"] == []


async def test_of_two_who_apply_the_same_label_one_does(ward: Clinic) -> None:
    """Two processes, each with its own connections."""
    found = await issued(ward, await ward.patient(), containers=[], blank=1)
    await does(ward, found, "print", by="nurse-17")
    other = Database(ward.database.url)

    async def puts(database: Database, by: str, bag: str) -> str:
        asked = ApplyLabel(by=by, verified_by="nurse-9", number=number(found, 1), container=bag)
        try:
            async with database.writing() as session:
                await labels.apply_label(session, found["set"], asked, datetime.now(UTC))
        except ClewError as error:
            return error.code
        return "done"

    outcomes = await asyncio.gather(puts(ward.database, "nurse-1", "BAG-1"), puts(other, "nurse-2", "BAG-2"))
    await other.close()
    assert sorted(outcomes) == ["done", "label_settled"]


async def test_a_page_of_labels_that_was_changed_behind_our_back_is_shown(database: Database) -> None:
    from tests.api.clinic import away, clinic

    async with clinic(database, connect=away) as ward:
        await ward.ready()
        found = await issued(ward, await ward.patient())
        for change in (
            f"UPDATE label SET status = 'applied' WHERE number = '{number(found, 1)}'",
            f"DELETE FROM label WHERE number = '{number(found, 2)}'",
            "UPDATE label_set SET two_people = false",
            "DELETE FROM label_set",
        ):
            async with database.writing() as session:
                await session.execute(text(change))
                assert await label_differences(session) != [], change
                await session.rollback()
        assert (await verify(database, projections=True)).ok
        async with database.writing() as session:
            await session.execute(text("UPDATE label SET prints = 1"))
        assert not (await verify(database, projections=True)).ok


STEPS = st.lists(
    st.tuples(st.sampled_from(["print", "apply", "destroyed", "returned", "voided", "reconcile"]), st.integers(1, 4)),
    max_size=14,
)


@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
async def test_whatever_is_done_the_account_adds_up(desk: Clinic, steps: list[tuple[str, int]]) -> None:
    """Issued = used + destroyed + returned + open after every step; and an account is signed only with none open."""
    coi = (await desk.order(idempotency_key="the-same-journey")).json()["coi"]
    now = datetime.now(UTC)
    async with desk.database.writing() as session:
        asked = NewLabelSet(stage="collection", blank=4, **BY)
        pages = await labels.issue(session, coi, asked, None, now)
    assert pages.row is not None
    name = pages.row["id"]
    for what, place in steps:
        one = label_number(name, place)
        try:
            async with desk.database.writing() as session:
                if what == "print":
                    await labels.print_(session, name, PrintLabels(by="n-1", numbers=(one,), reason="jam"), now)
                elif what == "apply":
                    await labels.apply_label(
                        session,
                        name,
                        ApplyLabel(by="n-1", verified_by="n-2", number=one, container=one),
                        now,
                    )
                elif what == "reconcile":
                    await labels.reconcile(session, name, ReconcileLabels(by="n-1", witnessed_by="n-2"), now)
                else:
                    await labels.settle(session, name, f"labels.{what}", SettleLabels(numbers=(one,), **BY), now)
        except ClewError as error:
            assert error.code in {"label_settled", "label_not_printed", "labels_unaccounted"}
        shown = (await desk.http.get(f"/v1/labels/{name}")).json()
        account = shown["account"]
        assert account["issued"] == 4 == sum(account[each] for each in ("used", "destroyed", "returned", "open"))
        assert shown["status"] == "open" or account["open"] == 0
    async with desk.database.reading() as session:
        assert await label_differences(session) == []


async def test_who_puts_a_label_on_is_looked_on_by_somebody_unless_the_set_says_otherwise(desk: Clinic) -> None:
    coi = await desk.patient()
    found, alone = await issued(desk, coi), await issued(desk, coi, containers=["BAG-9"], blank=0, two_people=False)
    for each, bag, expected in ((found, "BAG-1", (409, "witness_missing")), (alone, "BAG-9", (200, None))):
        await does(desk, each, "print", by="nurse-17")
        status, answer = await does(desk, each, "apply", by="nurse-17", number=number(each, 1), container=bag)
        assert (status, answer.get("code")) == expected


async def test_what_bears_a_label_gets_another_one_for_a_reason_only(ward: Clinic) -> None:
    """Whichever set the second one is of; the reason is on record."""
    coi = await ward.patient()
    first, second = await issued(ward, coi), await issued(ward, coi)
    said = {"by": "nurse-17", "verified_by": "nurse-23", "container": "BAG-1"}
    for each in (first, second):
        await does(ward, each, "print", by="nurse-17")
    assert (await does(ward, first, "apply", number=number(first, 1), **said))[0] == 200
    for each, place in ((first, 3), (second, 1), (second, 3)):
        status, problem = await does(ward, each, "apply", number=number(each, place), **said)
        assert (status, problem["code"]) == (409, "container_labelled")
        assert number(first, 1) in problem["errors"][0]["detail"]
    again = {"number": number(second, 1), "reason": "label_damaged", **said}
    assert (await does(ward, second, "apply", **again))[0] == 200
    status, now = await does(ward, second, "apply", **again)
    assert (status, now["labels"][0]["reason"]) == (200, "label_damaged")
