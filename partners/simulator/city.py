"""The simulated city: the five partners, each on a port of its own, and the people who decide."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Any, Self

from partners.simulator.collection_centre import COLLECTION_CENTRE
from partners.simulator.config import Faults, SimulatorConfig
from partners.simulator.courier import COURIER
from partners.simulator.laboratory import LABORATORY
from partners.simulator.manufacturer import MANUFACTURER
from partners.simulator.onboarding import OnboardingCentre, patients
from partners.simulator.outside import NotNow, Outside, open_outside
from partners.simulator.partner import SimulatedPartner
from partners.simulator.practice import Practice
from partners.simulator.server import Server
from partners.simulator.staff import Staff
from partners.simulator.store import Store
from partners.simulator.story import Setting
from partners.simulator.treatment_centre import TREATMENT_CENTRE
from schemas.identity import Role

PRACTICES = (TREATMENT_CENTRE, COLLECTION_CENTRE, COURIER, MANUFACTURER, LABORATORY)
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0


class RunningPartner:
    """A partner and the port that it listens on."""

    def __init__(self, partner: SimulatedPartner, host: str, port: int) -> None:
        self.partner = partner
        self._host = host
        self._server = Server(partner.app, host, port)
        self.url = self._server.url

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()

    @asynccontextmanager
    async def unreachable(self) -> AsyncIterator[None]:
        """Connections are refused for as long as the block lasts; what is scheduled is still sent."""
        await self.stop()
        try:
            yield
        finally:
            self._server = Server(self.partner.app, self._host, int(self.url.rpartition(":")[2]))
            await self.start()


class SimulatedPartners:
    """`async with SimulatedPartners(config) as city:` the partners answer, speak, and are being registered.

    `partners`: by role. What they remember is in the config's home, and goes on where it was.
    """

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.partners: dict[str, RunningPartner] = {}
        self._directory: dict[str, str] = {}
        self._open = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._registered = asyncio.Event()
        self._ready = asyncio.Event()

    async def __aenter__(self) -> Self:
        try:
            outside = await self._open.enter_async_context(open_outside(self.config.api_url))
            for index, practice in enumerate(PRACTICES):
                port = self.config.first_port + index if self.config.first_port else 0
                await self._start(self._partner(practice, outside), port)
            self._begin(self._introduced(outside))
            if self.config.staff:
                self._begin(self._staff(outside).run())
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def ready(self) -> None:
        """Returns when all partners are registered with Clew and the first patients are enrolled."""
        await self._ready.wait()

    async def serve(self) -> None:
        """For ever; raises what ended any of the partners."""
        await asyncio.gather(*self._tasks)
        await asyncio.Event().wait()

    def state(self, role: str) -> dict[str, Any]:
        """What a partner took and said; the same as its `GET /state`."""
        return self.partners[role].partner.store.state()

    def faults(self, role: str, faults: Faults) -> None:
        """From now on the partner misbehaves like this; the same as its `PUT /faults`."""
        self.partners[role].partner.mishaps.settings = faults

    async def _start(self, partner: SimulatedPartner, port: int) -> None:
        running = RunningPartner(partner, self.config.host, port)
        await running.start()
        self.partners[partner.practice.role] = running
        self._directory[partner.setting.organisation] = running.url
        self._begin(self._speaking(partner))

    def _partner(self, practice: Practice, outside: Outside) -> SimulatedPartner:
        kind = OnboardingCentre if practice.role is Role.TREATMENT_CENTRE else SimulatedPartner
        setting = Setting(self.config.parties[practice.role], self.config.seed, self.config.rates)
        store = self._store(practice.role)
        return kind(practice, setting, store, self.config.faults, outside, self._directory)

    def _staff(self, outside: Outside) -> Staff:
        centre = self.partners[Role.TREATMENT_CENTRE].partner
        return Staff(self._store("staff"), centre.store, outside, self.config.seed, self.config.time_lapse)

    def _store(self, name: str) -> Store:
        store = Store(self.config.home / f"{name}.sqlite3")
        self._open.callback(store.close)
        return store

    async def _introduced(self, outside: Outside) -> None:
        """Clew may start after us: it is asked until it is there."""
        for organisation, url in self._directory.items():
            await _until_taken(partial(outside.register, organisation, url))
        self._registered.set()
        centre = self.partners[Role.TREATMENT_CENTRE].url
        for patient in patients(self.config):
            await _until_taken(partial(outside.enrol, centre, patient.model_dump(mode="json")))
        self._ready.set()

    async def _speaking(self, partner: SimulatedPartner) -> None:
        # Clew takes no order for an organisation that it does not know.
        await self._registered.wait()
        await partner.sender.run()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _stop(self) -> None:
        """Voices first, so that nothing is said any more; then the servers; then the files."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(running.stop() for running in self.partners.values()))
        await self._open.aclose()


async def _until_taken(ask: Callable[[], Awaitable[None]]) -> None:
    pause = FIRST_PAUSE
    while True:
        try:
            return await ask()
        except NotNow:
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
