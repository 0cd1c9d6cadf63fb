"""What may be labelled at this moment. Fails closed: a fresh label in doubt destroys what two people must compare.

Asked after a step's entry was written: its lock is held until the end, so nothing comes between.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger.crosswalk import belonging_elsewhere
from ledger.holds import refuse_while_held
from ledger.queries import identifiers_among
from ledger.tables import LabelRow, MaterialRow
from schemas.errors import Conflict, Flaw
from schemas.facts import MaterialStatus
from schemas.labels import LabelStatus

_THERE = (MaterialStatus.AVAILABLE, MaterialStatus.IN_TRANSIT, MaterialStatus.RETAINED)


async def refuse_labelling(session: AsyncSession, coi: str, where: dict[str, str]) -> None:
    """`where`: the containers and doses to be labelled, each with the JSON pointer to where it was named.

    Raises `Conflict`: `identity_held`; `identifier_in_use` for what is known to be another journey's, or has a label of
    one; `material_not_available` for what is put apart, rejected or gone. What nobody has reported yet may be labelled.
    """
    await refuse_while_held(session, coi)
    connection = await session.connection()
    taken = await connection.run_sync(belonging_elsewhere, coi, where)
    if taken:
        flaws = _flaws(where, taken, "identifier_in_use", "it is another journey's, or has a label of one")
        raise Conflict("identifier_in_use", "What is to be labelled belongs to another journey.", flaws)
    gone = await _not_there(session, coi, where)
    if gone:
        flaws = _flaws(where, gone, "material_not_available", "it is put apart, rejected or gone")
        raise Conflict("material_not_available", "What is put apart, rejected or gone gets no label.", flaws)


async def refuse_second_label(session: AsyncSession, number: str, container: str, reason: str | None) -> None:
    """Raises `Conflict` (`container_labelled`) where the container bears another label and no `reason` is given."""
    bears = select(col(LabelRow.number)).where(
        col(LabelRow.container) == container,
        col(LabelRow.status) == LabelStatus.APPLIED.value,
        col(LabelRow.number) != number,
    )
    others = (await session.execute(bears.order_by(col(LabelRow.number)))).scalars().all()
    if others and reason is None:
        flaws = [Flaw(pointer="/container", code="label", detail=f"{each}: it bears this one") for each in others]
        raise Conflict("container_labelled", "It bears a label already: say why it gets another one.", flaws)


async def _not_there(session: AsyncSession, coi: str, where: dict[str, str]) -> set[str]:
    """Those that cannot be used now, by whichever of their names they were called."""
    known = await identifiers_among(session, list(where))
    ours = {each.value: each.names or each.value for each in known}
    query = select(MaterialRow).where(
        col(MaterialRow.journey) == coi, col(MaterialRow.id).in_([*where, *ours.values()])
    )
    rows = (await session.execute(query)).scalars()
    not_there = {each.id for each in rows if each.quarantined or each.status not in _THERE}
    return {each for each in where if ours.get(each, each) in not_there}


def _flaws(where: dict[str, str], named: set[str], code: str, detail: str) -> list[Flaw]:
    return [Flaw(pointer=where[each], code=code, detail=detail) for each in sorted(named)]
