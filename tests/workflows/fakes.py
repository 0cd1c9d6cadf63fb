"""The edges of a journey, in memory: a ledger that is as strict as the real one, and neighbours who note orders."""

from dataclasses import dataclass, field
from datetime import datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError

from schemas.commands import Acknowledgement, PartnerCommand
from schemas.facts import Appended, Batch, EventOutcome, Fact
from schemas.identity import KnownAs
from workflows.ports import LedgerPort, PartnerPort


@dataclass
class FakeLedger(LedgerPort):
    """Refuses gaps and contradictions, and can be told that an identifier belongs to somebody else."""

    facts: dict[str, list[Fact]] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], EventOutcome] = field(default_factory=dict)
    belongs_elsewhere: set[str] = field(default_factory=set)
    epochs: dict[str, datetime | None] = field(default_factory=dict)
    down: bool = False

    @activity.defn(name="append_facts")
    async def append_facts(self, batch: Batch) -> Appended:
        if self.down:
            raise ApplicationError("the database is away", type="ledger_unavailable")
        record = self.facts.setdefault(batch.coi, [])
        taken: list[KnownAs] = []
        for fact in batch.facts:
            if fact.seq <= len(record) and record[fact.seq - 1] != fact:
                self._supersede(batch, fact.seq)
            if fact.seq <= len(record):
                continue
            assert fact.seq == len(record) + 1, "the journey left a gap"
            record.append(fact)
            known = [KnownAs.model_validate(each) for each in fact.data.get("identifiers", ())]
            taken += [each for each in known if each.value in self.belongs_elsewhere]
        self.epochs[batch.coi] = batch.epoch
        for outcome in batch.outcomes:
            self.outcomes[outcome.source, outcome.id] = outcome
        return Appended(last_seq=len(record), taken=tuple(taken))

    def _supersede(self, batch: Batch, first: int) -> None:
        """A workflow task was lost after its append and done again: what it wrote from there on does not count."""
        epoch = self.epochs.get(batch.coi)
        assert batch.epoch and epoch and batch.epoch > epoch, "the journey contradicts itself"
        del self.facts[batch.coi][first - 1 :]

    def types(self, coi: str) -> list[str]:
        """The types of a journey's facts, in order."""
        return [fact.type for fact in self.facts.get(coi, [])]


@dataclass
class FakePartners(PartnerPort):
    """Takes every command, by key, and refuses those that it is told to refuse."""

    taken: dict[str, PartnerCommand] = field(default_factory=dict)
    refuse: set[str] = field(default_factory=set)
    down: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)

    @activity.defn(name="tell_partner")
    async def tell_partner(self, command: PartnerCommand) -> Acknowledgement:
        self.tried.add(command.key)
        if command.command in self.down:
            raise ApplicationError("away", type="partner_unavailable")
        if command.command in self.refuse:
            raise ApplicationError("no", type="partner_refused", non_retryable=True)
        self.taken.setdefault(command.key, command)
        return Acknowledgement(reference=reference(command))


def reference(command: PartnerCommand) -> str:
    """The name that a fake partner gives to what it was told."""
    return f"{command.command}-{command.order}-{command.stage}-{command.visit}"
