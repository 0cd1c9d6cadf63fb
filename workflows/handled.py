"""What handling changes: containers emptied and made, samples taken, material disposed of. Pure."""

from collections.abc import Callable, Iterable
from typing import cast

from schemas import event_data as said
from schemas.facts import Material, MaterialStatus
from schemas.materials import Amounts, Form, Share, left_of, not_more_than
from schemas.stages import ManufactureStage
from workflows import checks
from workflows.steps import Hearing

Changed = Iterable[Material]


def shares(event: said.MaterialEvent, made: said.Piece) -> tuple[Share, ...]:
    """How much of each parent went into a new container, as far as that is told."""
    if isinstance(event, said.MaterialPooled):
        return tuple(Share(parent=each.id, amounts=each.amounts) for each in event.parts if each.amounts is not None)
    if made.amounts is None:
        return ()
    return tuple(Share(parent=each, amounts=made.amounts) for each in event.handled())


def _split(hearing: Hearing) -> Changed:
    split = cast(said.MaterialSplit, hearing.said)
    parent = hearing.state.materials[split.container]
    emptied = {"status": MaterialStatus.USED} if emptied_by(split) else {"amounts": _rest(parent, split)}
    children = [_made_of(hearing, parent, Form.SPLIT, each) for each in split.into]
    return [parent.model_copy(update=emptied), *children]


def _rest(parent: Material, split: said.MaterialSplit) -> Amounts:
    """What stays, as it is told; but never more than the parts leave: counted anew, it cannot have grown."""
    drawn = [*(each.amounts for each in split.into), *([split.loss] if split.loss is not None else [])]
    return not_more_than(left_of(parent.amounts, drawn), split.rest or ())


def _pooled(hearing: Hearing) -> Changed:
    pooled = cast(said.MaterialPooled, hearing.said)
    there = [(hearing.state.materials[each.id], each.amounts) for each in pooled.parts]
    emptied = [
        each.model_copy(
            update={"status": MaterialStatus.USED} if went is None else {"amounts": left_of(each.amounts, [went])}
        )
        for each, went in there
    ]
    expiries = [each.expires_at for each, _ in there if each.expires_at is not None]
    apart = any(each.quarantined for each, _ in there)
    pool = _made_of(hearing, there[0][0], Form.POOL, pooled.into)
    return [*emptied, pool.model_copy(update={"expires_at": min(expiries, default=None), "quarantined": apart})]


def _made_of(hearing: Hearing, parent: Material, form: Form, piece: said.Piece) -> Material:
    """A new container beside its parent, of the same kind and age."""
    event = cast(said.MaterialEvent, hearing.said)
    return parent.model_copy(
        update={
            "id": piece.id,
            "parents": event.handled(),
            "form": form,
            "since": hearing.event.occurred_at,
            "amounts": piece.amounts or (),
            "shares": shares(event, piece),
        }
    )


def _sampled(hearing: Hearing) -> Changed:
    sampled = cast(said.MaterialSampled, hearing.said)
    source, batch = hearing.state.materials.get(sampled.source), hearing.state.batches.get(sampled.source)
    place = hearing.state.protocol.by_id[batch.stage] if batch else None
    kept = sampled.form is Form.RETAINED_SAMPLE
    origin = [source] if source else checks.doses_of(hearing.state, sampled.source)
    samples = [
        Material(
            id=each.id,
            kind="sample",
            status=MaterialStatus.RETAINED if kept else MaterialStatus.AVAILABLE,
            holder=source.holder if source else cast(ManufactureStage, place).at,
            parents=sampled.handled(),
            batch=source.batch if source else sampled.source,
            quarantined=any(each.quarantined for each in origin),
            form=Form(sampled.form),
            since=hearing.event.occurred_at,
            amounts=each.amounts or (),
            shares=shares(sampled, each),
        )
        for each in sampled.samples
    ]
    left = [source.model_copy(update={"amounts": _left(source, sampled)})] if source else []
    return [*left, *samples]


def _left(source: Material, sampled: said.MaterialSampled) -> Amounts:
    return left_of(source.amounts, [each.amounts for each in sampled.samples])


def _disposed(hearing: Hearing) -> Changed:
    disposed = cast(said.MaterialDisposed, hearing.said)
    status = MaterialStatus(disposed.disposition)
    return [hearing.state.materials[each].model_copy(update={"status": status}) for each in disposed.containers]


EFFECTS: dict[str, Callable[[Hearing], Changed]] = {
    "material.split": _split,
    "material.pooled": _pooled,
    "material.sampled": _sampled,
    "material.disposed": _disposed,
}


def emptied_by(event: said.MaterialEvent) -> list[str]:
    """The containers that nothing is in any more after they were divided or joined."""
    if isinstance(event, said.MaterialSplit):
        return [event.container] if event.rest is None else []
    return [each.id for each in event.parts if each.amounts is None] if isinstance(event, said.MaterialPooled) else []
