"""One simulated partner: its routes, its memory, its voice. What it does is its `Practice`."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from partners.simulator.config import Faults
from partners.simulator.dock import Handover, receive
from partners.simulator.faults import Mishaps
from partners.simulator.outside import Outside
from partners.simulator.practice import Practice
from partners.simulator.sender import Sender
from partners.simulator.store import Store, Taken, Waiting
from partners.simulator.story import Setting, story_of
from schemas.canonical import content_hash
from schemas.commands import PartnerCommand


class SimulatedPartner:
    """`directory`: where each organisation of the city is, by name; filled while the city starts."""

    def __init__(
        self,
        practice: Practice,
        setting: Setting,
        store: Store,
        faults: Faults,
        outside: Outside,
        directory: Mapping[str, str],
    ) -> None:
        self.practice = practice
        self.setting = setting
        self.store = store
        self.mishaps = Mishaps(setting.organisation, setting.seed, faults)
        self.sender = Sender(store, self.mishaps, outside, directory, self.heard)
        self.app = FastAPI(title=setting.organisation, openapi_url=None)
        self._add_routes()

    def heard(self, message: Waiting, answer: dict[str, Any]) -> None:
        """A message was taken by whoever it was for."""

    async def take_command(self, request: Request) -> Response:
        """Once for each key, however often it is sent."""
        key = request.headers.get("Idempotency-Key", "")
        down = await self.mishaps.before_answering(f"POST {key}")
        if down is not None:
            return down
        try:
            command = PartnerCommand.model_validate_json(await request.body())
            taken = self._take(command) if command.key == key else None
        except (ValidationError, LookupError, TypeError, ValueError):
            return _problem(422, "the command cannot be read, or is none of ours")
        if taken is None:
            return _problem(409, "the key belongs to another command")
        await self.mishaps.after_commit(request, key)
        return JSONResponse(_acknowledgement(taken), status_code=202)

    async def look_up(self, key: str) -> Response:
        """What became of a command."""
        down = await self.mishaps.before_answering(f"GET {key}")
        if down is not None:
            return down
        self.store.count_look_up(key)
        taken = self.store.taken(key)
        return _problem(404, "no such command was taken") if taken is None else JSONResponse(_acknowledgement(taken))

    async def dock(self, handover: Handover) -> Response:
        """A courier hands material over; the same one again changes nothing."""
        story = receive(self.setting, handover)
        self.store.schedule(story.key, story.coi, story.time_lapse, story.messages)
        self.sender.wake()
        return JSONResponse({}, status_code=202)

    def _take(self, command: PartnerCommand) -> Taken | None:
        """None where the key was used for something else. Raises `LookupError` for what we do not do."""
        digest = content_hash(command.model_dump(mode="json"))
        before = self.store.taken(command.key)
        if before is not None:
            self.store.count_received(command.key)
            return before if before.digest == digest else None
        story = story_of(self.setting, command, self.store.protocol_of(command.order))
        reference = self.practice.commands[command.command](story)
        messages = [] if self.store.is_gone(command.coi) else story.messages
        self.store.take(command, digest, reference, messages, cancels=command.details.get("cancels", ""))
        self.sender.wake()
        return Taken(digest, reference)

    def _add_routes(self) -> None:
        mishaps, store = self.mishaps, self.store
        self.app.post("/commands")(self.take_command)
        self.app.get("/commands")(self.look_up)
        if self.practice.has_dock:
            self.app.post("/dock")(self.dock)

        @self.app.get("/faults")
        async def faults() -> Faults:
            return mishaps.settings

        @self.app.put("/faults")
        async def set_faults(faults: Faults) -> Faults:
            mishaps.settings = faults
            return faults

        @self.app.get("/state")
        async def state() -> dict[str, Any]:
            return store.state()

        @self.app.get("/healthz")
        async def healthz() -> dict[str, str]:
            return {"status": "ok"}


def _acknowledgement(taken: Taken) -> dict[str, str]:
    return {} if taken.reference is None else {"reference": taken.reference}


def _problem(status: int, detail: str) -> Response:
    return JSONResponse({"detail": detail}, status_code=status)
