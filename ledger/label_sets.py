"""What a new set of labels says: from what was asked, and from what is known of its journey."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger.registry import find_journey, find_protocol
from ledger.tables import JourneyRow, StageRow
from schemas.canonical import content_hash
from schemas.errors import Conflict, Flaw, Invalid
from schemas.facts import JourneyStatus
from schemas.label_desk import NewLabelSet
from schemas.labels import LabelContent, LabelFor, ThingKind, label_number, new_set, set_of_key
from schemas.operations import LabelSetIssued
from schemas.protocols import Protocol
from schemas.stages import CollectionStage, ManufactureStage, ShipmentStage, Stage, Temperature
from standards.labels.drawing import draw

_CLOSED = (JourneyStatus.COMPLETED, JourneyStatus.CANCELLED)


async def new_labels(
    session: AsyncSession, coi: str, asked: NewLabelSet, gs1_prefix: str | None, key: str | None
) -> LabelSetIssued:
    """The set that was asked for, with a number for each label. Raises as `ledger.labels.issue` does."""
    journey = await find_journey(session, coi)
    _goes_on(journey)
    published = await find_protocol(session, journey.protocol, journey.version)
    protocol = Protocol.model_validate(published.document)
    stage = protocol.by_id.get(asked.stage)
    if stage is None:
        flaw = Flaw(pointer="/stage", code="not_in_protocol", detail="the journey's protocol has no such stage")
        raise Invalid("malformed", "The journey's protocol has no such stage.", [flaw])
    await _is_to_come(session, coi, asked.stage)
    said = LabelSetIssued(
        reason=asked.reason,
        set=(name := set_of_key(coi, key) if key is not None else new_set()),
        journey=coi,
        stage=asked.stage,
        content=_content(journey, protocol, stage, asked, gs1_prefix),
        labels=_labels(name, asked),
        two_people=asked.two_people,
        request=request_hash(coi, asked) if key is not None else None,
    )
    for each in said.labels:
        draw(said.content, each, len(said.labels))
    return said


def request_hash(coi: str, asked: NewLabelSet) -> str:
    """What tells one request for labels from another."""
    return content_hash([coi, asked.model_dump(mode="json")])


def _goes_on(journey: JourneyRow) -> None:
    if journey.status in _CLOSED:
        raise Conflict("journey_closed", "The journey is closed; it needs no labels.")
    if journey.status == JourneyStatus.LEAVING:
        raise Conflict("journey_leaving", "The journey is being wound up; it needs no labels.")


async def _is_to_come(session: AsyncSession, coi: str, stage: str) -> None:
    query = select(col(StageRow.status)).where(col(StageRow.journey) == coi, col(StageRow.stage) == stage)
    if (await session.execute(query)).scalar_one_or_none() == "done":
        raise Conflict("stage_done", "The stage is done; it needs no labels.")


def _labels(name: str, asked: NewLabelSet) -> tuple[LabelFor, ...]:
    things: list[tuple[ThingKind, str | None]] = [("container", each) for each in asked.containers]
    things += [("dose", each) for each in asked.doses]
    things += [("blank", None)] * asked.blank
    return tuple(
        LabelFor(number=label_number(name, place), kind=kind, id=thing)
        for place, (kind, thing) in enumerate(things, start=1)
    )


def _content(
    journey: JourneyRow, protocol: Protocol, stage: Stage, asked: NewLabelSet, gs1_prefix: str | None
) -> LabelContent:
    return LabelContent(
        coi=journey.coi,
        title=protocol.title,
        product=asked.product or _product(protocol, stage),
        expires_at=asked.expires_at,
        storage=asked.storage or _on_the_next_way(protocol, stage),
        statements=asked.statements,
        size=asked.size,
        gs1_prefix=gs1_prefix,
    )


def _product(protocol: Protocol, stage: Stage) -> str:
    """The material that was collected, until something is made of it."""
    made = protocol.nearest_before(stage.id, ManufactureStage)
    if made is not None or isinstance(stage, ManufactureStage):
        return "product"
    collected = stage if isinstance(stage, CollectionStage) else protocol.nearest_before(stage.id, CollectionStage)
    return collected.material if collected else "material"


def _on_the_next_way(protocol: Protocol, stage: Stage) -> Temperature | None:
    """The limits of the first shipment from here on, this stage's own where it is one."""
    ways = [protocol.by_id[each] for each in protocol.downstream(stage.id)]
    return next((each.temperature for each in ways if isinstance(each, ShipmentStage)), None)
