"""Where every journey is, live: a table on a terminal, plain lines of news anywhere else."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

SHOWN = 20
"""The most journeys that are shown; the API has them all."""

_INTERVAL = 1.0
_MARKS = {"done": ("●", "green"), "active": ("◉", "bold cyan"), "pending": ("○", "dim")}
_STATUS_STYLES = {"completed": "green", "cancelled": "red", "held": "bold red", "leaving": "yellow"}
_CLOSED = frozenset({"completed", "cancelled"})


@dataclass(frozen=True)
class JourneyLine:
    """One journey, as it is told. `stages`: id and status, in the protocol's order."""

    order: str
    coi: str
    status: str
    stages: tuple[tuple[str, str], ...]
    next_due_at: str | None
    at_risk: bool

    @property
    def active(self) -> str:
        return ", ".join(stage for stage, status in self.stages if status == "active")

    @property
    def done(self) -> int:
        return sum(status == "done" for _, status in self.stages)

    @property
    def news(self) -> tuple[object, ...]:
        """What makes a plain line worth printing."""
        return (self.status, self.active, self.at_risk)


class JourneySource:
    """Reads journeys from the API; one that has ended is read once."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._ended: dict[str, JourneyLine] = {}

    async def read(self) -> list[JourneyLine]:
        """The newest journeys, by order number; empty while the API is away."""
        try:
            listed = (await self._get("/v1/journeys", limit=SHOWN))["items"]
            return sorted([await self._line(each["coi"]) for each in listed], key=lambda line: line.order)
        except (httpx.HTTPError, KeyError, ValueError):
            return []

    async def _line(self, coi: str) -> JourneyLine:
        if coi not in self._ended:
            line = line_of(await self._get(f"/v1/journeys/{coi}"))
            if line.status not in _CLOSED:
                return line
            self._ended[coi] = line
        return self._ended[coi]

    async def _get(self, path: str, **query: Any) -> Any:
        answer = await self._client.get(path, params=query)
        return answer.raise_for_status().json()


def line_of(journey: dict[str, Any]) -> JourneyLine:
    """From what `GET /v1/journeys/{coi}` says."""
    return JourneyLine(
        order=journey["order"],
        coi=journey["coi"],
        status=journey["status"],
        stages=tuple((each["stage"], each["status"]) for each in journey["stages_in_order"]),
        next_due_at=journey["next_due_at"],
        at_risk=journey["at_risk"],
    )


class Display:
    """Says things, and shows journeys; `with Display() as display:`."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False) if self._console.is_terminal else None
        self._told: dict[str, tuple[object, ...]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None and self._live.is_started:
            self._live.stop()

    def say(self, text: str) -> None:
        """A line that stays."""
        self._console.print(text, soft_wrap=True)

    def show(self, lines: list[JourneyLine]) -> None:
        """The newest state of all journeys."""
        if not lines:
            return
        if self._live is None:
            self._tell_news(lines)
            return
        if not self._live.is_started:
            self._live.start()
        self._live.update(table_of(lines, wide=self._console.width >= _WIDE), refresh=True)

    async def follow(self, api: str) -> None:
        """Show what the API says, until cancelled."""
        async with httpx.AsyncClient(base_url=api, trust_env=False) as client:
            source = JourneySource(client)
            while True:
                self.show(await source.read())
                await asyncio.sleep(_INTERVAL)

    def _tell_news(self, lines: list[JourneyLine]) -> None:
        for line in lines:
            if self._told.get(line.coi) != line.news:
                self._told[line.coi] = line.news
                self.say(plain(line))


def plain(line: JourneyLine) -> str:
    """`ORD-0-00001 CLEW… running 3/9 manufacture`."""
    risk = " AT RISK" if line.at_risk else ""
    return f"{line.order} {line.coi} {line.status} {line.done}/{len(line.stages)} {line.active}{risk}".rstrip()


def table_of(lines: list[JourneyLine], *, wide: bool = True) -> Table:
    """A row a journey; without the chain-of-identity id where the terminal is too narrow for it."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("ORDER", *(["CHAIN OF IDENTITY"] if wide else []), "STAGES", "NOW", "STATUS", "NEXT DUE", ""):
        table.add_column(heading, no_wrap=True)
    for line in lines:
        status = Text(line.status, _STATUS_STYLES.get(line.status, ""))
        risk = Text("at risk" if line.at_risk else "", "bold red")
        names = (line.order, line.coi) if wide else (line.order,)
        table.add_row(*names, _track(line), line.active or "-", status, _clock(line.next_due_at), risk)
    return table


_WIDE = 110
"""Columns of a terminal in which nothing of the table is cut off."""


def _track(line: JourneyLine) -> Text:
    marks = [_MARKS.get(status, _MARKS["pending"]) for _, status in line.stages]
    return Text(" ").join(Text(mark, style) for mark, style in marks)


def _clock(moment: str | None) -> str:
    """The time of a moment of today, the date of any other."""
    if moment is None:
        return "-"
    when = datetime.fromisoformat(moment).astimezone()
    return when.strftime("%H:%M:%S" if when.date() == datetime.now().astimezone().date() else "%d %b %H:%M")
