"""A partner holds us to our word: with a checkpoint, a proof, and the keys."""

import json
from datetime import UTC, datetime

import pytest

from ledger.checkpoints import read_checkpoint
from ledger.database import Database
from ledger.dossier.check import check_bytes
from ledger.merkle import includes, is_consistent, leaf_hash
from ledger.notary import Notary
from ledger.notes import read_key
from ledger.operations import put_operation
from schemas.facts import Fact
from schemas.operations import OnEvent
from tests.api.clinic import NOON, Clinic, collected, fact, started
from tests.ledger.tampering import run, unlock


async def sign(clinic: Clinic) -> None:
    """The notary's next turn, at once."""
    await notary(clinic).make()


def notary(clinic: Clinic) -> Notary:
    assert clinic.app is not None, "the API runs in another process"
    found: Notary = clinic.app.state.services.notary
    return found


async def grow(database: Database, count: int) -> None:
    """So many more entries."""
    async with database.writing() as session:
        for number in range(count):
            said = OnEvent(source="//a", event=f"e-{number}", reason="practice")
            await put_operation(session, "inbox", "event.dismissed", said, "operator-1", datetime.now(UTC))


async def test_an_entry_is_proven_under_every_checkpoint_that_a_partner_may_have_kept(ward: Clinic) -> None:
    sizes = [3, 300, 700]
    for size in sizes:
        await grow(ward.database, size - (await newest(ward)))
        await sign(ward)
    for size in sizes:
        for position in (1, 3, 255, 256, 257, 300, 512, 700):
            answer = await ward.http.get(f"/v1/ledger/{position}/proof", params={"size": size})
            assert (answer.status_code == 200) == (position <= size), answer.text
            if answer.status_code == 200:
                proof = answer.json()
                kept = read_checkpoint(proof["checkpoint"]["note"])
                path = [bytes.fromhex(each) for each in proof["path"]]
                assert includes(leaf_hash(proof["hash"]), position - 1, size, path, kept.root)
    assert (await ward.http.get("/v1/ledger/701/proof")).json()["code"] == "unknown_entry"
    assert (await ward.http.get("/v1/ledger/1/proof?size=4")).json()["code"] == "unknown_checkpoint"


async def newest(clinic: Clinic) -> int:
    answer = await clinic.http.get("/v1/checkpoints/latest")
    return int(answer.json()["size"]) if answer.status_code == 200 else 0


async def test_a_later_checkpoint_is_proven_to_continue_an_earlier_one(ward: Clinic) -> None:
    for count in (5, 260, 300):
        await grow(ward.database, count)
        await sign(ward)
    kept = (await ward.http.get("/v1/checkpoints")).json()["items"]
    assert [each["size"] for each in kept] == [5, 265, 565]
    for old, new in ((kept[0], kept[1]), (kept[0], kept[2]), (kept[1], kept[2]), (kept[2], kept[2])):
        asked = {"from": old["size"], "to": new["size"]}
        proof = (await ward.http.get("/v1/checkpoints/consistency", params=asked)).json()
        assert (proof["from_root"], proof["to_root"]) == (old["root"], new["root"])
        roots = bytes.fromhex(old["root"]), bytes.fromhex(new["root"])
        assert is_consistent(old["size"], new["size"], *roots, [bytes.fromhex(each) for each in proof["path"]])
    for asked in ({"from": 5, "to": 566}, {"from": 6, "to": 5}):
        refused = await ward.http.get("/v1/checkpoints/consistency", params=asked)
        assert refused.json()["code"] == "unknown_checkpoint"


async def test_checkpoints_come_in_pages_and_from_the_first_that_covers_an_entry(desk: Clinic) -> None:
    for _ in range(5):
        await grow(desk.database, 2)
        await sign(desk)
    first = (await desk.http.get("/v1/checkpoints?limit=2&size=3")).json()
    assert [each["size"] for each in first["items"]] == [4, 6]
    rest = (await desk.http.get("/v1/checkpoints", params={"limit": 2, "cursor": first["next"]})).json()
    assert ([each["size"] for each in rest["items"]], rest["next"]) == ([8, 10], None)
    (key,) = (await desk.http.get("/v1/checkpoints/keys")).json()["items"]
    assert key["current"] and all(
        read_checkpoint(each["note"]).note.is_signed_by(read_key(key["key"])) for each in first["items"]
    )


async def test_receipts_carry_the_newest_checkpoint_and_where_the_entry_stands(ward: Clinic) -> None:
    coi = await ward.patient()
    assert "checkpoint" not in (await ward.say(collected(coi))).json()
    await grow(ward.database, 3)
    await sign(ward)
    kept = (await ward.http.get("/v1/checkpoints/latest")).json()["note"]
    event = collected(coi, "evt-9")
    assert (await ward.say(event)).json()["checkpoint"] == kept
    assert (await ward.say([event])).json()["checkpoint"] == kept
    assert (await ward.order("ORD-2")).json()["checkpoint"] == kept
    looked_up = (await ward.http.get("/v1/events/%2F%2Fhospital.example%2Fapheresis/evt-9")).json()
    assert (looked_up["checkpoint"], looked_up["position"]) == (kept, None)
    said = {"subject": coi, "said": event["data"]}
    sender = "//hospital.example/apheresis"
    heard = Fact(
        seq=2, type="sample.collected", occurred_at=NOON, actor=sender, source=sender, event_id="evt-9", data=said
    )
    await ward.record(coi, started(), heard)
    looked_up = (await ward.http.get("/v1/events/%2F%2Fhospital.example%2Fapheresis/evt-9")).json()
    assert looked_up["position"] == 5
    await sign(ward)
    assert (await ward.http.get(f"/v1/ledger/{looked_up['position']}/proof")).json()["journey"] == coi


async def test_before_the_first_checkpoint_there_is_none(desk: Clinic) -> None:
    for path in ("/v1/checkpoints/latest", "/v1/ledger/1/proof"):
        assert (await desk.http.get(path)).json()["code"] == "unknown_checkpoint"
    assert (await desk.http.get("/v1/checkpoints")).json() == {"items": [], "next": None}


@pytest.mark.parametrize("line", ["{", json.dumps("no note"), "5"])
async def test_a_damaged_file_of_checkpoints_is_a_refusal(desk: Clinic, line: str) -> None:
    await grow(desk.database, 1)
    await sign(desk)
    path = notary(desk).kept.path
    path.write_text(path.read_text() + line + "\n")
    for route in ("/v1/checkpoints", "/v1/checkpoints/latest", "/v1/ledger/1/proof"):
        assert (await desk.http.get(route)).json()["code"] == "checkpoints_damaged"


async def test_a_dossier_is_handed_out_as_it_is_now_or_as_it_was(ward: Clinic) -> None:
    coi = await ward.patient()
    assert (await ward.http.get(f"/v1/journeys/{coi}/dossier")).json()["code"] == "unknown_checkpoint"
    await ward.record(coi, started())
    now = await ward.http.get(f"/v1/journeys/{coi}/dossier")
    assert (now.status_code, now.headers["content-type"]) == (200, "application/zip")
    assert f'"{coi}.zip"' in now.headers["content-disposition"]
    note = (await ward.http.get("/v1/checkpoints/latest")).json()["note"]
    await ward.record(coi, fact(2, "hold.placed", reason="audit"))
    found = check_bytes(now.content, note=note, trusted=notary(ward).keys.all())
    assert (found.problems, found.entries) == ((), 1)
    later = await ward.http.get(f"/v1/journeys/{coi}/dossier")
    assert check_bytes(later.content).entries == 2
    as_it_was = await ward.http.get(f"/v1/journeys/{coi}/dossier", params={"size": 1})
    assert check_bytes(as_it_was.content, note=note).entries == 1
    assert (await ward.http.get(f"/v1/journeys/{coi}/dossier?size=7")).json()["code"] == "unknown_checkpoint"
    assert (await ward.http.get("/v1/journeys/CLEWNOBODY/dossier")).json()["code"] == "unknown_journey"
    other = await ward.patient("ORD-2")
    assert (await ward.http.get(f"/v1/journeys/{other}/dossier")).json()["code"] == "unknown_journey", (
        "not on record yet"
    )


async def test_over_a_ledger_that_was_changed_nothing_is_signed_and_no_dossier_is_made(ward: Clinic) -> None:
    coi = await ward.patient()
    await ward.record(coi, started())
    await sign(ward)
    await ward.record(coi, fact(2, "hold.placed", reason="audit"))
    await unlock(ward.database)
    await run(ward.database, "UPDATE entry SET actor = 'someone' WHERE position = 2")
    assert (await ward.http.get(f"/v1/journeys/{coi}/dossier")).json()["code"] == "ledger_inconsistent"
    await run(ward.database, "UPDATE entry SET hash = previous_hash WHERE position = 1")
    await ward.record(coi, fact(3, "hold.lifted", reason="audit"))
    assert (await ward.http.get(f"/v1/journeys/{coi}/dossier")).json()["code"] == "ledger_inconsistent"
