"""What handling changes: containers emptied and made, samples taken, material disposed of. Pure."""

from collections.abc import Callable, Iterable
from typing import cast

from schemas import event_data as said
from schemas.facts import Material, MaterialStatus
from schemas.materials import Amounts, Form, left_of
from schemas.stages import ManufactureStage
from workflows import handling
from workflows.steps import Hearing

Changed = Iterable[Material]


def _split(hearing: Hearing) -> Changed:
    split = cast(said.MaterialSplit, hearing.said)
    parent = hearing.state.materials[split.container]
    emptied = {"status": MaterialStatus.USED} if split.rest is None else {"amounts": split.rest}
    children = [_made_of(hearing, parent, Form.SPLIT, each) for each in split.into]
    return [parent.model_copy(update=emptied), *children]


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
    pool = _made_of(hearing, there[0][0], Form.POOL, pooled.into)
    return [*emptied, pool.model_copy(update={"expires_at": min(expiries, default=None)})]


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
            "shares": handling.shares(event, piece),
        }
    )


def _sampled(hearing: Hearing) -> Changed:
    sampled = cast(said.MaterialSampled, hearing.said)
    source, batch = hearing.state.materials.get(sampled.source), hearing.state.batches.get(sampled.source)
    place = hearing.state.protocol.by_id[batch.stage] if batch else None
    kept = sampled.form is Form.RETAINED_SAMPLE
    samples = [
        Material(
            id=each.id,
            kind="sample",
            status=MaterialStatus.RETAINED if kept else MaterialStatus.AVAILABLE,
            holder=source.holder if source else cast(ManufactureStage, place).at,
            parents=sampled.handled(),
            batch=source.batch if source else sampled.source,
            form=Form(sampled.form),
            since=hearing.event.occurred_at,
            amounts=each.amounts or (),
            shares=handling.shares(sampled, each),
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
