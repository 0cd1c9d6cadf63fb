"""Answers on custody and conditions, which take more than one row to make."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from api.custody_answers import CustodyView, ExcursionView, NoticeView
from ledger.conditions import Condition, conditions_of, limits_of
from ledger.excursions import worst_of
from ledger.tables import CustodyRow, JourneyRow
from schemas.stages import Temperature


async def custody_views(session: AsyncSession, journey: JourneyRow, rows: Sequence[CustodyRow]) -> list[CustodyView]:
    """Custodians with the temperatures of their time."""
    seen = await conditions_of(session, rows)
    measured = {row.shipment for row in rows if row.shipment and (row.material, row.number) in seen}
    limits = {each: await limits_of(session, journey, each) for each in sorted(measured)}
    return [_view(row, seen.get((row.material, row.number)), limits.get(row.shipment or "")) for row in rows]


def excursion_views(condition: Condition) -> list[ExcursionView]:
    """A shipment's excursions."""
    return [
        ExcursionView.model_validate({**vars(each), "shipment": condition.shipment}) for each in condition.excursions
    ]


def notice_views(condition: Condition) -> list[NoticeView]:
    """Where a shipment's loggers have said nothing for long."""
    told = {"code": "logger_gap", "shipment": condition.shipment}
    return [NoticeView.model_validate({**vars(each), **told}) for each in condition.gaps]


def _view(row: CustodyRow, seen: list[float] | None, limits: Temperature | None) -> CustodyView:
    view = CustodyView.model_validate(row)
    if seen is None:
        return view
    worst = worst_of(limits, seen) if limits is not None else None
    return view.model_copy(update={"coldest": seen[0], "warmest": seen[1], "worst": worst})
