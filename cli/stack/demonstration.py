"""Journeys from beginning to end on a stack of their own, and then everything checked."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from cli.stack.findings import CLOSED, Findings, check_partners, check_record, journey_rows, judged
from cli.stack.ports import LOOPBACK, with_ports
from cli.stack.samples import Samples
from cli.stack.stack import running_stack
from cli.stack.supervisor import Say
from ledger.database import Database
from schemas.settings import Settings

QUIET_WITHIN = 20.0
"""Seconds that the inbox has, after the last journey's end, to deliver what is left."""

_POLL = 0.5
_PORTS = ("api_port", "temporal_port", "temporal_ui_port", "partners_port", "worker_metrics_port")


def settings_for(home: Path, base: Settings) -> Settings:
    """A stack that touches nothing of an installation's: its own home, database, server and ports."""
    apart: dict[str, Any] = dict.fromkeys(_PORTS, 0)
    apart |= {"home": home, "database_url": None, "temporal_address": None, "api_host": LOOPBACK}
    return with_ports(base.model_copy(update=apart))


async def demonstrate(settings: Settings, samples: Samples, within: float, say: Say) -> Findings:
    """Run the samples to their end, `within` seconds at the most, then check all that they left behind."""
    findings = Findings()
    database = Database(settings.database)
    try:
        async with running_stack(settings, samples.city(), say) as supervisor:
            say(f"running {samples.journeys} journeys at {samples.time_lapse:,.0f} times the pace of life")
            await supervisor.watch_while(_to_their_end(database, samples.journeys, within, say))
            await check_partners(settings, findings)
            findings.problems += [f"the {name} ended and was started again" for name in supervisor.restarted]
        say("checking the record")
        await check_record(settings, database, samples.journeys, findings)
    finally:
        await database.close()
    return findings


async def _to_their_end(database: Database, wanted: int, within: float, say: Say) -> None:
    """Returns when every journey is closed and every event judged, or when the time for that is over."""
    await _until(lambda: _all_closed(database, wanted, say), within)
    await _until(lambda: judged(database), QUIET_WITHIN)


async def _until(condition: Callable[[], Awaitable[bool]], within: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while True:
                if await condition():
                    return
                await asyncio.sleep(_POLL)


async def _all_closed(database: Database, wanted: int, say: Say) -> bool:
    rows = await journey_rows(database)
    closed = sum(row.status in CLOSED for row in rows)
    say(f"{closed} of {wanted} journeys have ended")
    return closed >= wanted
