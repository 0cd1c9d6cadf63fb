"""What still counts once a journey is closed: what becomes of material that it kept. Nothing vanishes then either."""

from typing import cast

from sqlalchemy import Connection

from ledger.identity import holds_of
from ledger.view import Row, load
from schemas.event_data import MaterialDisposed
from schemas.events import PartnerEvent
from schemas.facts import EventFact, Fact, Material, MaterialStatus, event_fact

DISPOSED = "material.disposed"


def disposal(connection: Connection, coi: str, seq: int, event: PartnerEvent) -> Fact | None:
    """The fact that all of these containers, kept till now, are disposed of; None where it is about anything else.

    Nothing moves while identity is in doubt, also after the end (invariant 3), and a dose is used in a patient only.
    """
    if event.type != DISPOSED or any(each.is_open for each in holds_of(connection, coi)):
        return None
    disposed = cast(MaterialDisposed, event.said())
    there = load(connection, coi, shape=False, materials=True).materials
    kept = [_read(there[each]) for each in dict.fromkeys(disposed.containers) if each in there]
    if len(kept) != len(disposed.containers) or not all(_may_be(each, disposed) for each in kept):
        return None
    status = MaterialStatus(disposed.disposition)
    materials = tuple(each.model_copy(update={"status": status}) for each in kept)
    return event_fact(seq, event, DISPOSED, EventFact(subject=event.subject, said=event.data, materials=materials))


def _may_be(material: Material, disposed: MaterialDisposed) -> bool:
    used = disposed.disposition == "used"
    used_wrongly = used and (material.kind == "product" or material.quarantined)
    return material.status is MaterialStatus.RETAINED and not used_wrongly


def _read(row: Row) -> Material:
    return Material.model_validate({name: row[name] for name in Material.model_fields})
