"""Identity holds on the ledger: who is held by what, who may end it, and what is refused meanwhile."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from ledger import holds
from ledger.database import Database
from ledger.holds import Hold
from ledger.invariants import broken_invariants
from ledger.tables import EntryRow
from ledger.verify import verify
from schemas.errors import Conflict, NotFound
from schemas.facts import Appended, Batch, Fact
from schemas.holds import Signing
from schemas.identity import IdentifierKind
from tests.ledger.scribe import MORNING, Scribe, bag, collected, known, put

LATER = MORNING + timedelta(days=1)


def has_collected(patient: Scribe, *bags: str) -> Fact:
    """These bags are the patient's from now on."""
    lines = [known(IdentifierKind.CONTAINER, each) for each in bags]
    materials = [bag(each) for each in bags]
    return patient.heard(collected(f"e-{bags[0]}", patient.order), identifiers=lines, materials=materials)


def refused(patient: Scribe, **said: Any) -> Fact:
    data = {"event_type": "shipment.picked_up", "subject": patient.order, "reason": "identity_mismatch", "said": said}
    return patient.fact("event.refused", actor="swift", event_id=f"r-{patient.seq}", **data)


def mismatch(patient: Scribe, *about: str, code: str = "identity_mismatch") -> Fact:
    return patient.fact("deviation.opened", deviation=f"D{patient.seq}", code=code, about=list(about), blocks=True)


async def admitted(database: Database, *bags: str) -> Scribe:
    """A patient whose cells were collected."""
    patient = Scribe()
    await put(database, patient.batch(patient.started(), has_collected(patient, *bags)))
    return patient


async def doubted(database: Database) -> tuple[Scribe, Scribe, str]:
    """Ben's bag was scanned as Ana's."""
    ana, ben = await admitted(database, "BAG-A"), await admitted(database, "BAG-B")
    found = await put(database, ana.batch(refused(ana, containers=["BAG-B"]), mismatch(ana, "BAG-A", "BAG-B")))
    return ana, ben, found.holds[0].id


async def signs(database: Database, hold: str, by: str, finding: str = "not_crossed") -> Hold:
    signing = Signing.model_validate({"by": by, "reason": "labels_compared", "finding": finding})
    async with database.writing() as session:
        return await holds.sign(session, hold, signing, LATER)


async def is_refused(database: Database, patient: Scribe, fact: Fact) -> bool:
    patient.seq -= 1
    try:
        await put(database, patient.batch(fact))
    except Conflict as refusal:
        return refusal.code == "identity_held"
    patient.seq += 1
    return False


def judged(batch: Batch, epoch: datetime) -> Batch:
    """A batch of the workflow task that began then."""
    return batch.model_copy(update={"epoch": epoch})


async def looks(database: Database, patient: Scribe) -> Appended:
    return await put(database, patient.batch())


async def of_chain(database: Database, hold: str) -> list[EntryRow]:
    async with database.reading() as session:
        rows = select(EntryRow).where(col(EntryRow.journey) == f"operations/identity_hold/{hold}")
        return list((await session.execute(rows.order_by(col(EntryRow.seq)))).scalars())


async def test_a_mismatch_holds_every_journey_whose_name_was_scanned(database: Database) -> None:
    ana, ben, hold = await doubted(database)
    (of_ana,), (of_ben,) = (await looks(database, ana)).holds, (await looks(database, ben)).holds
    assert (of_ana.id, of_ana.ours, of_ana.is_open) == (hold, True, True)
    assert (of_ben.id, of_ben.ours, of_ben.is_open) == (hold, False, True)
    assert of_ana.about == of_ben.about == ("BAG-A", "BAG-B")
    (opened,) = await of_chain(database, hold)
    assert (opened.type, opened.actor, opened.data["sides"]) == (
        "identity_hold.opened",
        "clew",
        sorted([ana.coi, ben.coi]),
    )
    assert (await verify(database, projections=True)).ok


@pytest.mark.parametrize(
    "said",
    [
        {"containers": ["BAG-B"]},
        {"parents": ["BAG-B"]},
        {"doses": ["BAG-B"]},
        {"dose": "BAG-B"},
        {"containers": [{"id": "BAG-B"}]},
    ],
    ids=str,
)
async def test_whatever_was_scanned_counts_also_what_the_deviation_does_not_name(
    database: Database, said: dict[str, Any]
) -> None:
    ana, ben = await admitted(database, "BAG-A"), await admitted(database, "BAG-B")
    found = await put(database, ana.batch(refused(ana, **said), mismatch(ana, "BAG-A")))
    assert [each.about for each in found.holds] == [("BAG-A", "BAG-B")]
    assert len((await looks(database, ben)).holds) == 1


async def test_another_patients_label_holds_that_patient(database: Database) -> None:
    ana, ben = await admitted(database, "BAG-A"), await admitted(database, "BAG-B")
    await put(database, ana.batch(refused(ana, coi=ben.coi), mismatch(ana, ben.coi)))
    assert len((await looks(database, ben)).holds) == 1


async def test_what_names_nobody_else_holds_its_own_journey(database: Database) -> None:
    ana = await admitted(database, "BAG-A")
    found = await put(database, ana.batch(mismatch(ana)))
    assert [(each.ours, each.about) for each in found.holds] == [(True, ())]


async def test_other_deviations_hold_nobody_else(database: Database) -> None:
    ana = await admitted(database, "BAG-A")
    assert (await put(database, ana.batch(mismatch(ana, code="temperature_excursion")))).holds == ()


async def test_whoever_claims_what_is_anothers_is_held_with_them_from_that_moment(database: Database) -> None:
    ana, ben = await admitted(database, "BAG-A"), Scribe()
    claims = ben.batch(ben.started(), has_collected(ben, "BAG-A"))
    found = await put(database, claims)
    assert [(each.ours, each.about) for each in found.holds] == [(True, ("BAG-A",))]
    assert len((await looks(database, ana)).holds) == 1
    # The deviation that follows from it, and the same batch again, are no other doubt.
    assert await put(database, claims) == found
    assert (await put(database, ben.batch(mismatch(ben, "BAG-A", code="identifier_in_use")))).holds == found.holds


async def test_whoever_claims_a_name_that_is_in_doubt_is_held_too(database: Database) -> None:
    """A bag was scanned as Ana's that nobody knew: it turns out to be Ben's."""
    ana = await admitted(database, "BAG-A")
    (hold,) = (await put(database, ana.batch(refused(ana, containers=["BAG-B"]), mismatch(ana, "BAG-B")))).holds
    ben = Scribe()
    claims = ben.batch(ben.started(), has_collected(ben, "BAG-B"))
    found = await put(database, claims)
    assert [(each.id, each.ours) for each in found.holds] == [(hold.id, False)]
    assert await put(database, claims) == found
    opened, joined = await of_chain(database, hold.id)
    assert (opened.data["sides"], joined.type, joined.data["journey"]) == (
        [ana.coi],
        "identity_hold.joined",
        ben.coi,
    )


async def test_nobody_joins_a_hold_that_is_closed(database: Database) -> None:
    ana = await admitted(database, "BAG-A")
    (hold,) = (await put(database, ana.batch(mismatch(ana, "BAG-B")))).holds
    await signs(database, hold.id, "qa-07")
    await signs(database, hold.id, "qp-02")
    ben = Scribe()
    assert (await put(database, ben.batch(ben.started(), has_collected(ben, "BAG-B")))).holds == ()


async def test_a_held_journeys_material_is_not_moved_on_record(database: Database) -> None:
    _, ben, hold = await doubted(database)
    event = collected("e-more", ben.order)
    assert await is_refused(database, ben, ben.heard(event, stage="to_manufacturer"))
    assert await is_refused(database, ben, ben.fact("materials.settled", disposition="destroyed"))
    assert await is_refused(database, ben, ben.fact("task.decided", task="T1", choice="continue", reason="x"))
    assert await is_refused(database, ben, ben.fact("hold.lifted", reason="x"))
    # What a patient decides, what is put apart and what becomes late is heard all the same.
    left = ben.fact("patient.withdrawn", actor="ward", event_id="w-1", subject=ben.order, said={"reason": "x"})
    assert not await is_refused(database, ben, left)
    assert not await is_refused(database, ben, ben.fact("journey.leaving", reason="patient_withdrew"))

    await signs(database, hold, "qa-07")
    assert await is_refused(database, ben, ben.heard(event, stage="to_manufacturer"))
    await signs(database, hold, "qp-02")
    assert not await is_refused(database, ben, ben.heard(event, stage="to_manufacturer"))


async def test_a_held_journey_gets_no_other_name_on_record(database: Database) -> None:
    """Its workflow has not heard yet: otherwise what is strange could be called its own, and the doubt be gone."""
    _, ben, hold = await doubted(database)
    said = {"kind": "container", "value": "LAB-1", "names": "BAG-B"}

    def named() -> Fact:
        return ben.fact(
            "identifier.assigned", actor="lab", event_id="n-1", subject=ben.order, said=said, identifiers=[said]
        )

    assert await is_refused(database, ben, named())
    await signs(database, hold, "qa-07")
    await signs(database, hold, "qp-02")
    assert not await is_refused(database, ben, named())


async def test_what_was_on_record_before_the_hold_can_be_repeated(database: Database) -> None:
    """An answer that was lost is asked for again: that moves nothing."""
    ana, ben = await admitted(database, "BAG-A"), await admitted(database, "BAG-B")
    moved = ben.batch(ben.heard(collected("e-2", ben.order), stage="to_manufacturer"))
    await put(database, moved)
    await put(database, ana.batch(mismatch(ana, "BAG-B")))
    assert len((await put(database, moved)).holds) == 1


async def test_a_worker_that_judges_again_moves_a_held_journey_no_more_than_the_first(database: Database) -> None:
    """What the lost worker wrote is set aside only for what may stand in its place."""
    _, ben, _ = await doubted(database)
    put_apart = ben.fact("journey.leaving", reason="patient_withdrew")
    await put(database, judged(ben.batch(put_apart), MORNING))
    ben.seq -= 1
    moves = ben.heard(collected("e-2", ben.order), stage="to_manufacturer")
    with pytest.raises(Conflict, match="identity_held"):
        await put(database, judged(ben.batch(moves), LATER))
    ben.seq -= 1
    other = ben.fact("journey.leaving", reason="patient_died")
    assert (await put(database, judged(ben.batch(other), LATER))).offset == 2


async def test_two_different_people_who_found_the_same_end_a_hold(database: Database) -> None:
    ana, ben, hold = await doubted(database)
    once = await signs(database, hold, "qa-07")
    assert (once.finding, [each.by for each in once.signatures]) == (None, ["qa-07"])
    with pytest.raises(Conflict, match="already_signed"):
        await signs(database, hold, "QA-07")
    twice = await signs(database, hold, "qp-02")
    assert (twice.finding, twice.closed_at) == ("not_crossed", LATER)
    with pytest.raises(Conflict, match="hold_closed"):
        await signs(database, hold, "qp-03")
    for patient in (ana, ben):
        assert [each.finding for each in (await looks(database, patient)).holds] == ["not_crossed"]
    assert [each.type.partition(".")[2] for each in await of_chain(database, hold)] == [
        "opened",
        "signed",
        "signed",
        "closed",
    ]
    assert (await of_chain(database, hold))[-1].data["signed_by"] == ["qa-07", "qp-02"]
    assert (await verify(database, projections=True)).ok


async def test_doubt_wins_over_a_signature_and_only_who_doubts_can_end_that(database: Database) -> None:
    *_, hold = await doubted(database)
    await signs(database, hold, "qa-07")
    assert (await signs(database, hold, "qp-02", "crossed")).finding is None
    with pytest.raises(Conflict, match="finding_differs"):
        await signs(database, hold, "qa-09")
    # One of them changes what they found: then two have signed the same.
    assert (await signs(database, hold, "qp-02")).finding == "not_crossed"


async def test_two_who_found_that_it_was_crossed_end_it_so(database: Database) -> None:
    *_, hold = await doubted(database)
    await signs(database, hold, "qa-07", "not_crossed")
    await signs(database, hold, "qp-02", "crossed")
    assert (await signs(database, hold, "qa-07", "crossed")).finding == "crossed"


async def test_a_hold_that_is_not_there_is_not_signed(database: Database) -> None:
    with pytest.raises(NotFound, match="unknown_hold"):
        await signs(database, "hold-" + "0" * 20, "qa-07")


async def test_every_side_is_told_once_of_the_beginning_and_once_of_the_end(database: Database) -> None:
    ana, ben, hold = await doubted(database)

    async def untold() -> list[tuple[str, bool]]:
        async with database.writing() as session:
            found = await holds.untold(session, 10)
            for each in found:
                await holds.mark_told(session, each)
        return sorted((each.journey, each.held) for each in found)

    assert await untold() == sorted([(ana.coi, True), (ben.coi, True)])
    assert await untold() == []
    await signs(database, hold, "qa-07")
    assert await untold() == []
    await signs(database, hold, "qp-02")
    assert await untold() == sorted([(ana.coi, False), (ben.coi, False)])


async def test_news_that_came_while_others_were_told_is_not_lost(database: Database) -> None:
    """It is signed between the look and the note of who was told."""
    _, ben, hold = await doubted(database)
    async with database.reading() as session:
        found = await holds.untold(session, 10)
    await signs(database, hold, "qa-07")
    await signs(database, hold, "qp-02")
    async with database.writing() as session:
        for each in found:
            await holds.mark_told(session, each)
        assert ben.coi in {each.journey for each in await holds.untold(session, 10)}


async def test_a_record_that_moved_while_it_was_in_doubt_breaks_the_invariant(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By other code than what refuses it: here nothing does."""
    _, ben, hold = await doubted(database)
    assert await broken_invariants(database) == []
    monkeypatch.setattr("ledger.append.refuse_while_held", lambda *_: None)
    await put(database, ben.batch(ben.heard(collected("e-9", ben.order), stage="to_manufacturer")))
    moved = f"{ben.coi}: invariant 3: entry 3, sample.collected, moved the journey while its identity was in doubt"
    assert await broken_invariants(database) == [moved]
    await signs(database, hold, "qa-07")
    await signs(database, hold, "qp-02")
    await put(database, ben.batch(ben.heard(collected("e-10", ben.order), stage="to_manufacturer")))
    assert await broken_invariants(database) == [moved]
