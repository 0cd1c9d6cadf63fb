"""The scribe: hears what arrives, and has every fact on the ledger before anyone acts on it."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy

from schemas.events import PartnerEvent
from schemas.facts import Appended, Batch, SignalQuarantined
from workflows import hearing, identity_holds
from workflows.aliases import forget
from workflows.notebook import Notebook
from workflows.ports import LedgerPort
from workflows.state import JourneyState

MOST_IN_ONE_APPEND = 100
"""Facts in one transaction: keeps the local activity well under its 100 ms."""

APPEND_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(minutes=1))
APPEND_TIMEOUT = timedelta(seconds=10)

_EVENT_NAME = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,40}")


class Scribe:
    """Drains arrivals and the notebook, one local activity a batch."""

    def __init__(self, state: JourneyState, notebook: Notebook) -> None:
        self._state = state
        self._notebook = notebook
        self._arrivals: list[tuple[str, Sequence[RawValue]]] = []
        self._writing = False
        self._waited_at = -1
        self._looks = self._looked = 0

    def arrived(self, name: str, arguments: Sequence[RawValue]) -> None:
        """Keep a signal for the next round."""
        self._arrivals.append((name, arguments))

    def look(self) -> None:
        """There may be news of an identity hold: ask the ledger before anything else is judged."""
        self._looks += 1

    @property
    def must_look(self) -> bool:
        """Whether there may be news that the journey has not seen yet."""
        return self._looked < self._looks

    @property
    def is_idle(self) -> bool:
        """Nothing has arrived that is not judged, and nothing is judged that is not on the ledger."""
        return not self._arrivals and not self._notebook and not self._writing and not self.must_look

    async def caught_up(self) -> None:
        """Wait until all that is known by now is on the ledger."""
        seq = self._state.seq
        await workflow.wait_condition(lambda: self._state.recorded >= seq)

    async def write_one_round(self) -> None:
        """Wait for something to write; judge it, append it."""
        await workflow.wait_condition(lambda: bool(self._arrivals or self._notebook or self.must_look))
        self._writing = True
        if self.must_look:
            await self._look()
        self._hear_arrivals()
        await self._others_react()
        # The time of a workflow task: the same for all of it, later for the one that does it again.
        batch = self._notebook.take(MOST_IN_ONE_APPEND, epoch=workflow.now())
        if batch.facts or batch.outcomes:
            self._learn(await self._append(batch))
        self._writing = False

    async def _look(self) -> None:
        looks = self._looks
        self._learn(await self._append(Batch(coi=self._state.start.coi, epoch=workflow.now())))
        self._looked = looks

    async def _others_react(self) -> None:
        """Let the stages take in what was heard, so that what they note of it goes on record with it; and hear what
        waited for a stage that has begun by that."""
        seq = -1
        while seq != self._state.seq:
            seq = self._state.seq
            await workflow.wait_condition(lambda: True)
            self._hear_waiting()

    def _hear_waiting(self) -> None:
        """Judge what waits once more, if anything has changed: every change is noted, so it shows in the numbers."""
        if self._waited_at != self._state.seq:
            hearing.hear_waiting(self._state, self._notebook, workflow.now())
            self._waited_at = self._state.seq

    def _hear_arrivals(self) -> None:
        arrivals, self._arrivals = self._arrivals, []
        # What a stage's beginning has made possible came before what arrives now.
        self._hear_waiting()
        for name, arguments in arrivals:
            for event in self._read(name, arguments):
                hearing.hear(self._state, self._notebook, event, workflow.now())

    def _read(self, name: str, arguments: Sequence[RawValue]) -> Iterator[PartnerEvent]:
        """The events that a signal carries; what cannot be read is quarantined and shown, never dropped."""
        if not arguments:
            self._quarantine(name, b"", "unreadable")
        for argument in arguments:
            try:
                event = _canonical(workflow.payload_converter().from_payload(argument.payload, PartnerEvent))
            except Exception as error:
                problem = "malformed" if isinstance(error, ValidationError) else "unreadable"
                self._quarantine(name, argument.payload.data, problem)
                continue
            if event.type == name:
                yield event
            else:
                self._quarantine(name, argument.payload.data, "type_is_not_the_signals")

    def _quarantine(self, name: str, content: bytes, problem: str) -> None:
        fact = SignalQuarantined(
            signal=name if _EVENT_NAME.fullmatch(name) else f"sha256:{_digest(name.encode())}",
            sha256=_digest(content),
            size=len(content),
            problem=problem,
        )
        self._notebook.note("signal.quarantined", fact, workflow.now())

    async def _append(self, batch: Batch) -> Appended:
        first, last = (batch.facts[0].type, len(batch.facts)) if batch.facts else ("outcomes", 0)
        return await workflow.execute_local_activity_method(
            LedgerPort.append_facts,
            batch,
            start_to_close_timeout=APPEND_TIMEOUT,
            retry_policy=APPEND_RETRY,
            summary=f"{first}, {last} facts",
        )

    def _learn(self, appended: Appended) -> None:
        self._state.recorded = max(self._state.recorded, appended.last_seq)
        self._state.offset = appended.offset
        forget(self._state, appended.taken)
        identity_holds.learn(self._state, self._notebook, appended, workflow.now())


def _canonical(event: PartnerEvent) -> PartnerEvent:
    """The event with only the fields that the catalogue knows: who signals directly could have sent anything."""
    return event.model_copy(update={"data": event.said().model_dump(mode="json", exclude_none=True)})


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
