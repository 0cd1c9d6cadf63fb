"""The desk: what a stage's coroutine can do, in words of the clinic. Whatever it waits for is looked up in the state
first, so a stage can be carried on from any point: after a decision, or after continue-as-new."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast

from temporalio import workflow

from schemas.commands import PartnerCommand
from schemas.identity import Role
from schemas.stages import StageBase
from workflows.decisions import GoBack
from workflows.state import Heard, Impasse, JourneyState, StageState

if TYPE_CHECKING:
    from workflows.stage_work import StageWork

Spec = TypeVar("Spec", bound=StageBase)


class Stuck(Exception):
    """The stage cannot go on before a person has decided."""

    def __init__(self, impasse: Impasse) -> None:
        super().__init__(impasse.code)
        self.impasse = impasse


class Desk(Generic[Spec]):
    """One stage's view of its journey."""

    def __init__(self, work: "StageWork", stage: StageState) -> None:
        self._work = work
        self.stage = stage
        self.spec = cast(Spec, work.state.protocol.by_id[stage.id])

    @property
    def state(self) -> JourneyState:
        return self._work.state

    def party(self, role: Role) -> str:
        """The organisation in a role."""
        return self.state.start.party(role)

    def command(self, name: str) -> PartnerCommand:
        """A command that this visit has sent."""
        return self.stage.asked[name]

    async def tell(self, role: Role, command: str, details: Callable[[], dict[str, Any]]) -> None:
        """Have a partner take a command, once in a visit. Never while the journey is held.

        `details` is asked for once, at the first call: events that waited for this stage may change what it would say
        before the command is sent, and what it would say after is not what the partner has heard. Raises `Stuck` when
        the partner refuses for good.
        """
        if command in self.stage.told:
            return
        if command not in self.stage.planned:
            self.stage.planned[command] = details()
        if command not in self.stage.asked:
            await self._cleared()
        await self._work.calls.tell(self.stage, role, command, self.stage.planned[command])

    def heard(self, *types: str) -> list[Heard]:
        """What this visit has heard of the given types."""
        return self.stage.all_heard(*types)

    async def hears(self, *types: str) -> Heard:
        """The first of the given events."""
        await self.until(lambda: self.heard(*types))
        return self.heard(*types)[0]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition; the stage's due time is watched meanwhile. Raises `Stuck` at an impasse."""
        await workflow.wait_condition(lambda: self.stage.impasse is not None or bool(condition()))
        if self.stage.impasse is not None:
            raise Stuck(self.stage.impasse)

    async def by(self, due: datetime, condition: Callable[[], object]) -> None:
        """Wait for a condition that has a due time of its own."""
        if not condition():
            self._work.due_changes(self.stage, due)
        await self.until(condition)

    async def _cleared(self) -> None:
        """Wait until all that is known is on the ledger, and nothing holds the journey."""
        while True:
            await self._work.scribe.caught_up()
            if not self.state.is_held:
                return
            await self.until(lambda: not self.state.is_held)

    def again(self, reason: str) -> NoReturn:
        """Run this stage again, as its next visit."""
        raise GoBack(self.stage.id, reason)

    def asks(self, code: str, choices: tuple[str, ...], question: str = "exception") -> NoReturn:
        """Stop until a person has chosen how to go on."""
        raise Stuck(Impasse(question=question, code=code, choices=choices))
