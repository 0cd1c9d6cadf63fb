"""A ward that tells one thing after another of its patients, and does not rest before each is acknowledged."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import httpx
from sqlalchemy import select
from sqlmodel import col

from ledger.tables import JourneyRow
from schemas.base import iso
from schemas.events import wire_type
from tests.faults.afterwards import entries_that_count, inbox
from tests.faults.echo import MODES, spelt
from tests.faults.site import Site
from tests.waiting import until

MOST = 40
"""Milestones of a journey that the ward watches."""

PATIENCE = 90
"""Seconds that Clew may be away."""


@dataclass
class Ward:
    """Its patients' protocol is nothing but milestones, so whatever it says is applied at once, in order.

    `in_turn`: each milestone has a stage of its own, after the one before, so what comes early waits. `modes`: chance
    chooses the form of each event; without it all are structured.
    """

    site: Site
    name: str
    milestones: int = MOST
    in_turn: bool = False
    modes: Random | None = None
    patients: list[str] = field(default_factory=list)
    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    refusals: list[int] = field(default_factory=list)

    @property
    def source(self) -> str:
        return f"/wards/{self.name}"

    @property
    def says(self) -> list[str]:
        return [f"m{number:02}" for number in range(1, self.milestones + 1)]

    async def opens(self) -> None:
        """Clew knows the ward and its protocol."""
        http = self.site.http
        (await http.put(f"/v1/partners/{self.name}", json={"url": "http://127.0.0.1:9"})).raise_for_status()
        protocol = {"protocol": self.name, "version": 1, "title": "A ward's watch", "stages": self._stages()}
        (await http.post("/v1/protocols", json=protocol)).raise_for_status()

    def _stages(self) -> list[dict[str, Any]]:
        watch = {"kind": "milestone", "due": "1d"}
        if not self.in_turn:
            return [{"id": "watch", "milestones": self.says, **watch}]
        before: list[list[str]] = [[], *([each] for each in self.says[:-1])]
        pairs = zip(self.says, before, strict=True)
        return [{"id": each, "milestones": [each], "after": after, **watch} for each, after in pairs]

    async def admits(self, order: str) -> httpx.Response:
        """A patient; the answer to the order."""
        body = {"protocol": self.name, "order": order, "parties": {"treatment_centre": self.name}}
        answer = await self.site.http.post("/v1/journeys", json=body, headers={"Idempotency-Key": order})
        answer.raise_for_status()
        coi = str(answer.json()["coi"])
        self.patients.append(coi)
        self.acknowledged[coi] = []
        return answer

    async def reports(self, coi: str, milestones: Sequence[str]) -> None:
        """Say each until it is acknowledged."""
        for milestone in milestones:
            await until(partial(self._says, coi, milestone), f"the acknowledgement of {milestone}", PATIENCE)

    async def mentions(self, coi: str) -> None:
        """Something that concerns no stage."""
        event = self._event(coi, "m01") | {"id": f"{coi}/status", "type": wire_type("patient.status_changed")}
        answer = await self._post(event | {"data": {"status": "stable"}})
        assert answer.status_code == 202, answer.text

    async def repeats_early(self, coi: str, milestone: str, times: int) -> None:
        """Say something so often, each time as an event of its own, and wait until all of them wait."""
        event = self._event(coi, milestone)
        batch = [event | {"id": f"{coi}/{milestone}/{number}"} for number in range(times)]
        headers = {"content-type": "application/cloudevents-batch+json"}
        answer = await self.site.http.post("/v1/events", json=batch, headers=headers)
        assert answer.status_code == 202, answer.text

        async def wait() -> bool:
            rows = [row for row in await inbox(self.site.database) if row.journey == coi]
            return sum(row.status == "held" for row in rows) == times

        await until(wait, f"{times} events that wait", PATIENCE)

    async def hears(self, coi: str, milestone: str, status: str) -> bool:
        """Whether that became of what it said."""
        rows = [row for row in await inbox(self.site.database) if row.id == f"{coi}/{milestone}"]
        return [row.status for row in rows] == [status]

    async def decides(self, what: str, coi: str, name: str) -> httpx.Response:
        """Its coordinator has an event judged once more (`release`), or gives it up (`dismiss`)."""
        decided = {"source": self.source, "id": f"{coi}/{name}", "by": "coordinator-4", "reason": "too_much_at_once"}
        return await self.site.http.post(f"/v1/events/{what}", json=decided)

    async def _says(self, coi: str, milestone: str) -> bool:
        try:
            answer = await self._post(self._event(coi, milestone))
        except httpx.HTTPError:
            return False
        if answer.status_code != 202:
            self.refusals.append(answer.status_code)
            assert answer.status_code == 503, answer.text
            return False
        self.acknowledged[coi].append(milestone)
        return True

    async def _post(self, event: dict[str, Any]) -> httpx.Response:
        mode = self.modes.choice(MODES) if self.modes else "structured"
        return await self.site.http.post("/v1/events", **spelt(event, mode))

    def _event(self, coi: str, milestone: str) -> dict[str, Any]:
        at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=self.says.index(milestone))
        return {
            "specversion": "1.0",
            "id": f"{coi}/{milestone}",
            "source": self.source,
            "type": wire_type("milestone.reached"),
            "subject": coi,
            "time": iso(at),
            "data": {"milestone": milestone},
        }

    async def sees_all_off(self, within: float = 90) -> None:
        """Wait until every journey is completed: each has then heard all of its milestones."""

        async def gone() -> bool:
            async with self.site.database.reading() as session:
                here = select(JourneyRow).where(col(JourneyRow.coi).in_(self.patients))
                rows = (await session.execute(here)).scalars().all()
            return bool(rows) and all(row.status == "completed" for row in rows)

        await until(gone, f"the end of all journeys of {self.name}", within)

    async def on_record(self, coi: str) -> list[str]:
        """What the ledger says that the ward said, in the ledger's order."""
        entries = await entries_that_count(self.site.database)
        of_ward = [each for each in entries if (each.journey, each.source) == (coi, self.source)]
        return [each.data["said"]["milestone"] for each in of_ward if each.type == "milestone.reached"]
