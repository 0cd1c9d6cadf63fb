"""A therapy protocol: which stages, in which order, under which limits. Data, immutable, pinned by its hash."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Annotated, Any, TypeVar
from weakref import WeakValueDictionary

import yaml
from pydantic import Field, PositiveInt, StringConstraints, ValidationError

from schemas.base import Strict
from schemas.canonical import content_hash
from schemas.errors import Flaw, ProtocolInvalid, flaws_of
from schemas.forms import form
from schemas.identity import Role
from schemas.stages import (
    CollectionStage,
    ConditioningStage,
    InfusionStage,
    ManufactureStage,
    ReleaseStage,
    ShipmentStage,
    Stage,
)

Kind = TypeVar("Kind")
ProtocolName = Annotated[str, form(r"^[a-z][a-z0-9-]{0,63}$", "a name in small letters, digits and -")]


class Protocol(Strict):
    """A protocol as it was published. Read one with `read_protocol`: it also checks what no single field shows."""

    protocol: ProtocolName
    version: PositiveInt
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    stages: Annotated[tuple[Stage, ...], Field(max_length=50)]

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON: the protocol's identity."""
        return content_hash(self.model_dump(mode="json", by_alias=True))

    @cached_property
    def by_id(self) -> dict[str, Stage]:
        return {stage.id: stage for stage in self.stages}

    def roles(self) -> set[Role]:
        """Every role that a journey under this protocol binds to an organisation."""
        return set().union(*(stage.roles() for stage in self.stages))

    def ancestors(self, stage_id: str) -> set[str]:
        """The ids of all stages that must be done before this one begins."""
        found: set[str] = set()
        ahead = list(self.by_id[stage_id].after)
        while ahead:
            each = ahead.pop()
            if each not in found and each in self.by_id:
                found.add(each)
                ahead.extend(self.by_id[each].after)
        return found

    def downstream(self, stage_id: str) -> list[str]:
        """This stage and all that come after it, in the protocol's order."""
        return [each.id for each in self.stages if each.id == stage_id or stage_id in self.ancestors(each.id)]

    def nearest_before(self, stage_id: str, kind: type[Kind]) -> Kind | None:
        """The last stage of a kind, in the protocol's order, that must be done before this one begins."""
        ancestors = self.ancestors(stage_id)
        found = [stage for stage in self.stages if stage.id in ancestors and isinstance(stage, kind)]
        return found[-1] if found else None

    def ships_product(self, stage: ShipmentStage) -> bool:
        """Whether a shipment carries the medicine; before any manufacture it carries starting material."""
        return self.nearest_before(stage.id, ManufactureStage) is not None

    def in_time_lapse(self, factor: float) -> "Protocol":
        """The same protocol with every duration divided by `factor`."""
        stages = tuple(stage.faster(factor) for stage in self.stages)
        return Protocol(protocol=self.protocol, version=self.version, title=self.title, stages=stages)


_known: WeakValueDictionary[str, Protocol] = WeakValueDictionary()


def as_one(protocol: Protocol) -> Protocol:
    """The same protocol as the one object that everyone here shares: a worker holds thousands of journeys."""
    return _known.setdefault(protocol.hash, protocol)


def read_protocol(document: Any) -> Protocol:
    """Check a decoded document. Raises `ProtocolInvalid` with the path to every flaw found."""
    try:
        protocol = Protocol.model_validate(document)
    except ValidationError as error:
        flaws = tuple(_in_document_terms(flaw, document) for flaw in flaws_of(error))
        raise _invalid(flaws) from None
    flaws = tuple(_flaws(protocol))
    if flaws:
        raise _invalid(flaws)
    return protocol


def read_protocol_yaml(text: str) -> Protocol:
    """Check a YAML document (JSON is YAML). Raises `ProtocolInvalid`."""
    try:
        document = yaml.safe_load(text)
    # Beside its own errors the parser lets through a date that is none, and nesting without end.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise _invalid([Flaw(pointer="", code="not_yaml", detail=f"not YAML{place}")]) from None
    return read_protocol(document)


def _invalid(flaws: Iterable[Flaw]) -> ProtocolInvalid:
    found = tuple(flaws)
    told = "; ".join(f"{flaw.pointer or '/'}: {flaw.detail}" for flaw in found)
    return ProtocolInvalid("protocol_invalid", f"The document cannot be a protocol. {told}", found)


def _in_document_terms(flaw: Flaw, document: Any) -> Flaw:
    """pydantic names the union's member in the path (`/stages/1/shipment/to`); the document has no such key."""
    parts = flaw.pointer.split("/")
    if len(parts) > 3 and parts[1] == "stages":
        kind = _kind_at(document, parts[2])
        if kind is not None and parts[3] == kind:
            del parts[3]
    if flaw.code == "union_tag_invalid":
        return Flaw(pointer="/".join([*parts, "kind"]), code="unknown_stage_kind", detail=flaw.detail)
    if parts[-1] in {"at", "from", "to"} and flaw.code == "enum":
        return Flaw(pointer="/".join(parts), code="unknown_role", detail=flaw.detail)
    return Flaw(pointer="/".join(parts), code=flaw.code, detail=flaw.detail)


def _kind_at(document: Any, index: str) -> str | None:
    try:
        return str(document["stages"][int(index)]["kind"])
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _flaws(protocol: Protocol) -> Iterator[Flaw]:
    """What is wrong between stages. Cycles first: the other checks walk the graph and trust it."""
    if not protocol.stages:
        yield Flaw(pointer="/stages", code="no_stages", detail="a protocol has at least one stage")
        return
    graph = [*_repeated_ids(protocol), *_unknown_references(protocol), *_cycles(protocol)]
    yield from graph
    if not graph:
        yield from _unreachable(protocol)
        yield from _unsafe(protocol)
        yield from _impossible_limits(protocol)


def _flaw(protocol: Protocol, stage: Stage, field: str, code: str, detail: str) -> Flaw:
    return Flaw(pointer=f"/stages/{protocol.stages.index(stage)}/{field}", code=code, detail=detail)


def _repeated_ids(protocol: Protocol) -> Iterator[Flaw]:
    seen: set[str] = set()
    for index, stage in enumerate(protocol.stages):
        if stage.id in seen:
            yield Flaw(pointer=f"/stages/{index}/id", code="repeated_id", detail=f"{stage.id} is used before")
        seen.add(stage.id)


def _unknown_references(protocol: Protocol) -> Iterator[Flaw]:
    for index, stage in enumerate(protocol.stages):
        for place, name in enumerate(stage.after):
            if name not in protocol.by_id:
                where = f"/stages/{index}/after/{place}"
                yield Flaw(pointer=where, code="unknown_stage", detail=f"there is no stage {name}")


def _cycles(protocol: Protocol) -> Iterator[Flaw]:
    for stage in protocol.stages:
        if stage.id in protocol.ancestors(stage.id):
            yield _flaw(protocol, stage, "after", "cycle", f"{stage.id} comes after itself")


def _unreachable(protocol: Protocol) -> Iterator[Flaw]:
    first = protocol.stages[0]
    for stage in protocol.stages:
        if stage is not first and first.id not in protocol.ancestors(stage.id):
            detail = f"nothing leads from {first.id}, where the journey starts, to {stage.id}"
            yield _flaw(protocol, stage, "after", "unreachable_stage", detail)


def _unsafe(protocol: Protocol) -> Iterator[Flaw]:
    """Nothing goes to a patient, and no patient is conditioned, without a release (invariant 4)."""
    for stage in protocol.stages:
        needs_release = isinstance(stage, ConditioningStage | InfusionStage) or (
            isinstance(stage, ShipmentStage) and protocol.ships_product(stage)
        )
        if needs_release and protocol.nearest_before(stage.id, ReleaseStage) is None:
            detail = f"{stage.id} must come after a release"
            yield _flaw(protocol, stage, "after", "release_missing", detail)
        if isinstance(stage, ReleaseStage) and protocol.nearest_before(stage.id, ManufactureStage) is None:
            yield _flaw(protocol, stage, "after", "nothing_to_release", f"{stage.id} must come after a manufacture")
        if isinstance(stage, ManufactureStage) and protocol.nearest_before(stage.id, CollectionStage) is None:
            yield _flaw(protocol, stage, "after", "nothing_to_make_from", f"{stage.id} must come after a collection")


def _impossible_limits(protocol: Protocol) -> Iterator[Flaw]:
    for stage in protocol.stages:
        if isinstance(stage, InfusionStage) and stage.thaw_limit is not None and stage.thaw_limit > stage.due:
            yield _flaw(protocol, stage, "thaw_limit", "impossible_limit", "longer than the stage itself may take")
        if isinstance(stage, ShipmentStage):
            fresh = protocol.nearest_before(stage.id, CollectionStage)
            if fresh is None or fresh.expires is None or protocol.ships_product(stage):
                continue
            if stage.due >= fresh.expires:
                detail = f"may take as long as the material of {fresh.id} lives"
                yield _flaw(protocol, stage, "due", "impossible_limit", detail)
