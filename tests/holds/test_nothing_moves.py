"""No API, signal or decision can move held material: with Clew as it runs, Temporal and all."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from api.hold_news import HoldNews
from ledger.append import append_alone
from ledger.holds import News
from schemas.errors import Conflict
from schemas.events import PartnerEvent, write_event
from tests.holds.hospital import PATIENCE, Hospital, Patient
from tests.holds.ward import with_labels_of
from tests.waiting import until


async def swapped(clew: Hospital, at: str) -> tuple[Patient, Patient, PartnerEvent, PartnerEvent]:
    """Ana and Ben at the same hand-over, and Ana's was told with Ben's containers; with what was honest of both."""
    ana, ben = await clew.admits("ANA"), await clew.admits("BEN")
    honest, other = await ana.before(at), await ben.before(at)
    assert await ana.says(with_labels_of(honest, other)) == ("refused", "identity_mismatch")
    await until(ana.is_held_and_apart, "Ana is held, and what she has is put apart", PATIENCE)
    await until(ben.is_held_and_apart, "Ben too, who has said nothing", PATIENCE)
    return ana, ben, honest, other


def where(page: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(each["id"], each["status"], each["holder"]) for each in page["materials"]]


@pytest.mark.parametrize("at", ["shipment.picked_up", "material.received", "infusion.completed"])
async def test_nothing_moves_held_material_until_two_people_have_signed(clew: Hospital, at: str) -> None:
    ana, ben, honest, other = await swapped(clew, at)
    hold = await clew.hold()
    assert sorted(hold["sides"]) == sorted([ana.coi, ben.coi])
    assert {each["code"] for each in (await ana.page())["deviations"]} == {"identity_mismatch"}
    assert {each["code"] for each in (await ben.page())["deviations"]} == {"identity_held"}
    assert [each["id"] for each in (await ben.page())["identity_holds"]] == [hold["id"]]
    was = where(await ana.page()), where(await ben.page())
    told = len(clew.doors.tried)

    # Not by an event, not by a signal straight to Temporal, forged or not.
    assert await ana.says(honest) == ("held", "journey_held")
    await ben.handle.signal(other.type, other)
    await ben.handle.signal("identity.cleared", hold["id"])
    assert await ben.says(other.model_copy(update={"id": "again"})) == ("held", "journey_held")

    # Not by a decision, by the API or past it.
    task = await ana.task()
    for patient, decision in (
        (ana, {"kind": "task", "task": task, "choice": "continue"}),
        (ana, {"kind": "lift_hold"}),
        (ben, {"kind": "lift_hold"}),
    ):
        assert (await patient.decides(**decision)).json()["code"] == "identity_held"
        assert await patient.decides_straight(**decision) == "identity_held"

    # Not by having heard once more what was refused.
    wrong = with_labels_of(honest, other)
    again = {"source": wrong.source, "id": wrong.id, "by": "operator-3", "reason": "looked_into"}
    assert (await ana.http.post("/v1/events/release", json=again)).json()["code"] == "identity_held"

    # Not by one person, however often.
    assert (await clew.signs(hold["id"], "qa-07")).json()["finding"] is None
    assert (await clew.signs(hold["id"], "QA-07")).json()["code"] == "already_signed"
    assert (where(await ana.page()), where(await ben.page())) == was
    assert len(clew.doors.tried) == told

    assert (await clew.signs(hold["id"], "qp-02")).json()["finding"] == "not_crossed"
    await until(lambda: is_free(ben), "Ben's journey goes on", PATIENCE)
    await until(lambda: applied(ben, other), "what was said of Ben meanwhile", PATIENCE)
    assert (await ana.decides(kind="task", task=task, choice="continue")).status_code == 200
    await until(lambda: applied(ana, honest), "what was said of Ana meanwhile", PATIENCE)
    assert not any(each["quarantined"] for each in (await ana.page())["materials"])
    await ana.replays()
    await ben.replays()


async def is_free(patient: Patient) -> bool:
    page = await patient.page()
    return page["status"] != "held" and not any(each["quarantined"] for each in page["materials"])


async def applied(patient: Patient, event: PartnerEvent) -> bool:
    entries = (await patient.http.get(f"/v1/journeys/{patient.coi}/ledger", params={"limit": 200})).json()["items"]
    return any(each["type"] == event.type and each["event_id"] == event.id for each in entries)


async def test_after_it_was_crossed_each_patients_people_are_asked_what_is_still_possible(clew: Hospital) -> None:
    ana, ben, *_ = await swapped(clew, "shipment.picked_up")
    hold, old = await clew.hold(), await ana.task()
    for person in ("qa-07", "qp-02"):
        await clew.signs(hold["id"], person, "crossed")
    for patient in (ana, ben):
        await until(partial(offers, patient, ["recollect", "stop"]), "what is still possible", PATIENCE)
        task = await patient.task()
        assert (patient, task) != (ana, old)
        assert (await patient.decides(kind="task", task=task, choice="recollect")).status_code == 200
        again = f"{patient.coi}/collection/schedule_collection/2"
        await until(partial(clew.doors.taken.get, again), "another collection", PATIENCE)
        materials = (await patient.page())["materials"]
        assert materials and all(each["quarantined"] for each in materials)
        await patient.replays()


async def offers(patient: Patient, choices: list[str]) -> bool:
    tasks = (await patient.page())["tasks"]
    return [[each["choice"] for each in task["choices"]] for task in tasks] == [choices]


async def test_what_waits_to_be_sent_for_crossed_cells_is_given_up_and_the_question_is_asked(clew: Hospital) -> None:
    """The receiver could not be reached when Ben's bags were announced: they are never announced."""
    clew.doors.away.add("announce_delivery")
    ana, ben = await clew.admits("ANA"), await clew.admits("BEN")
    honest, other = await ana.before("shipment.picked_up"), await ben.before("shipment.picked_up")
    await until(lambda: failing(clew, ben, "announce_delivery"), "a command that was not taken", PATIENCE)
    assert await ana.says(with_labels_of(honest, other)) == ("refused", "identity_mismatch")
    hold = await clew.hold()
    for person in ("qa-07", "qp-02"):
        await clew.signs(hold["id"], person, "crossed")
    clew.doors.away.clear()
    for patient in (ana, ben):
        await until(partial(offers, patient, ["recollect", "stop"]), "what is still possible", PATIENCE)
        assert not told(clew, patient, "announce_delivery")


@dataclass
class Refusals:
    """Appends that the ledger refused because of a hold, and whether journeys are told of holds."""

    count: int = 0
    told: bool = False


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> Refusals:
    """Nobody tells a journey of a hold before the test says so; what the ledger refuses until then is counted."""
    seen = Refusals()
    tell = HoldNews._tell

    async def tell_when_said(teller: HoldNews, news: News) -> None:
        if seen.told:
            await tell(teller, news)

    async def counted(*arguments: Any) -> Any:
        try:
            return await append_alone(*arguments)
        except Conflict as refused:
            seen.count += refused.code == "identity_held"
            raise

    monkeypatch.setattr(HoldNews, "_tell", tell_when_said)
    monkeypatch.setattr("activities.ledger.append_alone", counted)
    return seen


async def test_what_a_journey_judged_before_it_knew_is_not_put_on_record(clew: Hospital, refusals: Refusals) -> None:
    """The courier has Ben's bags in his hands at the moment in which Ana's are found to be wrong."""
    ana, ben = await clew.admits("ANA"), await clew.admits("BEN")
    honest, other = await ana.before("shipment.picked_up"), await ben.before("shipment.picked_up")
    await until(lambda: has_nothing_to_write(ben), "the receiver of Ben's bags has been told", PATIENCE)
    assert await ana.says(with_labels_of(honest, other)) == ("refused", "identity_mismatch")
    was = where(await ben.page())
    assert (await clew.clinic.say(write_event(other))).status_code == 202
    await until(lambda: refusals.count > 0, "a refusal of the ledger", PATIENCE)
    assert (await ben.outcome_of(other), where(await ben.page())) == (("received", None), was)

    refusals.told = True
    await until(ben.is_held_and_apart, "Ben's journey knows", PATIENCE)
    await until(lambda: is_waiting(ben, other), "what it judged too early waits now", PATIENCE)
    hold = await clew.hold()
    for person in ("qa-07", "qp-02"):
        await clew.signs(hold["id"], person)
    await until(lambda: applied(ben, other), "the pick-up", PATIENCE)
    await ben.replays()


async def test_a_decision_that_a_journey_took_before_it_knew_is_refused(clew: Hospital, refusals: Refusals) -> None:
    ana, ben = await clew.admits("ANA"), await clew.admits("BEN")
    honest, other = await ana.before("shipment.picked_up"), await ben.before("shipment.picked_up")
    await until(lambda: has_nothing_to_write(ben), "the receiver of Ben's bags has been told", PATIENCE)
    assert (await ben.decides(kind="hold")).status_code == 200
    assert await ana.says(with_labels_of(honest, other)) == ("refused", "identity_mismatch")
    decided = asyncio.create_task(ben.decides_straight(kind="lift_hold"))
    await until(lambda: refusals.count > 0, "a refusal of the ledger", PATIENCE)
    refusals.told = True
    assert await decided == "identity_held"
    assert (await ben.page())["status"] == "held"
    await ben.replays()


async def test_no_command_goes_out_for_a_held_journey_by_whatever_door(clew: Hospital) -> None:
    """The courier is away when Ben's pick-up is asked for; he is back when identity is in doubt."""
    clew.doors.away.add("announce_delivery")
    ana, ben = await clew.admits("ANA"), await clew.admits("BEN")
    honest, other = await ana.before("shipment.picked_up"), await ben.before("shipment.picked_up")
    await until(lambda: failing(clew, ben, "announce_delivery"), "a command that was not taken", PATIENCE)
    assert await ana.says(with_labels_of(honest, other)) == ("refused", "identity_mismatch")
    hold = await clew.hold()
    (row,) = [each for each in await deliveries(clew, ben) if each["command"] == "announce_delivery"]
    assert row["held"]
    tried = list(clew.doors.tried)
    clew.doors.away.clear()

    by = {"by": "operator-3", "reason": "courier_back"}
    http = clew.clinic.http
    assert (await http.post(f"/v1/deliveries/{row['id']}/resend", json=by)).json()["code"] == "identity_held"
    assert (await http.post(f"/v1/partners/{row['partner']}/resend", json=by)).status_code == 200
    await until(ben.is_held_and_apart, "Ben's journey knows", PATIENCE)
    # The dispatcher has looked again by the time that another journey's command has gone out by the same door.
    cora = await clew.admits("CORA")
    await cora.before("shipment.picked_up")
    await until(lambda: told(clew, cora, "announce_delivery"), "Cora's command", PATIENCE)
    assert [key for key in clew.doors.tried if not key.startswith(cora.coi)] == tried

    for person in ("qa-07", "qp-02"):
        await clew.signs(hold["id"], person)
    await until(lambda: told(clew, ben, "announce_delivery"), "Ben's command", PATIENCE)


async def test_a_patient_who_withdraws_is_heard_and_nothing_is_settled_before_two_have_signed(clew: Hospital) -> None:
    _ana, ben, *_ = await swapped(clew, "shipment.picked_up")
    hold = await clew.hold()
    await ben.says(ben.neighbours.event("patient.withdrawn", ben.coi, {"reason": "patient_request"}))
    await until(lambda: leaves(ben), "Ben's journey winds up", PATIENCE)
    recalled = f"{ben.coi}/to_manufacturer/recall_pickup/1"
    await until(lambda: recalled in clew.doors.tried, "what takes back goes out", PATIENCE)
    await until(lambda: is_asked(ben), "the question what becomes of the bags", PATIENCE)
    settles = {"kind": "task", "task": await ben.task(), "choice": "destroy"}
    assert (await ben.decides(**settles)).json()["code"] == "identity_held"
    assert await ben.decides_straight(**settles) == "identity_held"

    for person in ("qa-07", "qp-02"):
        await clew.signs(hold["id"], person)
    await until(lambda: is_settled(ben, settles), "the bags are settled", PATIENCE)
    assert (await ben.page())["status"] == "cancelled"


async def has_nothing_to_write(patient: Patient) -> bool:
    """Whatever a journey appends tells it of its holds; these tests are about one that does not know."""
    told = [each["data"] for each in (await patient.page())["latest"] if each["type"] == "partner.told"]
    return any(each["command"] == "announce_delivery" for each in told)


async def is_settled(patient: Patient, decision: dict[str, str]) -> bool:
    if (await patient.page())["tasks"]:
        await patient.decides(**decision)
    return str((await patient.page())["status"]) == "cancelled"


async def leaves(patient: Patient) -> bool:
    return str((await patient.page())["status"]) == "leaving"


async def is_asked(patient: Patient) -> bool:
    return bool((await patient.page())["tasks"])


async def is_waiting(patient: Patient, event: PartnerEvent) -> bool:
    return await patient.outcome_of(event) == ("held", "journey_held")


async def deliveries(clew: Hospital, patient: Patient) -> list[dict[str, Any]]:
    answer = await clew.clinic.http.get("/v1/deliveries", params={"journey": patient.coi})
    found: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return found


async def failing(clew: Hospital, patient: Patient, command: str) -> bool:
    rows = [each for each in await deliveries(clew, patient) if each["command"] == command]
    return [each["status"] for each in rows] == ["failing"]


def told(clew: Hospital, patient: Patient, command: str) -> bool:
    return command in {each.command for each in clew.doors.told(patient.coi)}
