"""Winding up: a journey that ends early takes back what it began and accounts for every container."""

import asyncio
from datetime import timedelta

from temporalio import workflow

from schemas.facts import Material, MaterialStatus
from schemas.identity import Role
from workflows import course
from workflows.calls import Calls
from workflows.crew import Crew
from workflows.desk import Stuck
from workflows.notebook import Notebook
from workflows.people import People
from workflows.stage_work import StageWork
from workflows.state import Impasse, JourneyState

WINDING_UP = "winding_up"
"""What a command's key has in the place of a stage when the journey as a whole sends it."""

WINDING_UP_DUE = timedelta(days=5)
"""How long partners and people have to take back what was begun, before it is on record as a deviation."""

DISPOSITIONS = {
    "destroy": MaterialStatus.DESTROYED,
    "retain": MaterialStatus.RETAINED,
    "return": MaterialStatus.RETURNED,
}
"""What a person can choose for material that is left, and what it then is."""


class WindingUp:
    """The end of one journey that does not reach its goal."""

    def __init__(
        self, state: JourneyState, notebook: Notebook, calls: Calls, people: People, work: StageWork, crew: Crew
    ) -> None:
        self._state = state
        self._notebook = notebook
        self._calls = calls
        self._people = people
        self._work = work
        self._crew = crew

    async def run(self) -> None:
        """Recall pick-ups, cancel orders, then have people settle the material where it lies."""
        self._notebook.close("journey_leaving", workflow.now())
        watch = self._crew.set_to_work("watch_winding_up", self._say_when_overdue())
        for stage in self._state.active():
            self._work.leave(stage)
        await self._calls.done()
        await self._settle_all(course.unsettled(self._state))
        watch.cancel()

    async def settle_what_is_under_way(self) -> None:
        """At the end of a journey that reached its goal: ask whoever has what never arrived what became of it."""
        await self._settle_all(course.under_way(self._state))

    async def _settle_all(self, left: list[Material]) -> None:
        holders = dict.fromkeys(each.holder for each in left)
        of_each = [[each.id for each in left if each.holder is holder] for holder in holders]
        each_with_number = enumerate(zip(holders, of_each, strict=True), start=1)
        await asyncio.gather(*(self._settle(number, holder, ids) for number, (holder, ids) in each_with_number))

    async def _say_when_overdue(self) -> None:
        await workflow.sleep(WINDING_UP_DUE / self._state.start.time_lapse, summary="winding up is due")
        self._notebook.deviate("winding_up_overdue", workflow.now())

    async def _settle(self, number: int, holder: Role, ids: list[str]) -> None:
        choices = tuple(DISPOSITIONS)
        question = Impasse(question="settle_material", code="settle_material", choices=choices, about=tuple(ids))
        choice, _ = await self._people.choose(f"settle-{number}", holder, question)
        status = DISPOSITIONS[choice]
        await self._instruct(number, holder, {"containers": ids, "disposition": status.value})
        await workflow.wait_condition(lambda: not self._state.is_identity_held)
        # As they are by now: what has arrived meanwhile is settled.
        left = [each for each in course.unsettled(self._state) if each.id in ids]
        if left:
            course.settle(self._state, self._notebook, left, status, workflow.now())

    async def _instruct(self, number: int, holder: Role, details: dict[str, object]) -> None:
        """Tell the holder, as often as a person says after a refusal."""
        attempt = 1
        while True:
            try:
                await self._calls.tell_about(WINDING_UP, number, holder, "settle_material", details)
                return
            except Stuck as stuck:
                again = stuck.impasse.model_copy(update={"choices": ("send_again",)})
                await self._people.choose(f"settle-{number}-refused-{attempt}", holder, again)
                attempt += 1
