"""`clew demo`: the whole stack, N journeys to their end, and everything checked."""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson
from cli.settings import load

if TYPE_CHECKING:
    from cli.stack.findings import Findings
    from cli.stack.samples import Samples

_WITHIN = 120.0
_WITHIN_EACH = 4.0
_INTERRUPTED = 130


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    journeys: Annotated[int, typer.Option(min=1, max=5_000, help="How many patients.")] = 5,
    seed: Annotated[int, typer.Option(help="The same seed gives the same stories.")] = 0,
    protocol: Annotated[list[str] | None, typer.Option(help="NAME or NAME=WEIGHT. Repeatable.")] = None,
    time_lapse: Annotated[float, typer.Option(min=1, max=1_000_000, help="Times faster than life.")] = 300_000,
    rate: Annotated[list[str] | None, typer.Option(help="NAME=SHARE, as for `clew simulate`. Repeatable.")] = None,
    within: Annotated[float | None, typer.Option(help="Seconds that the journeys have.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run journeys to their end on free ports in a temporary home, check everything, and clean up.

    Touches no other installation: CLEW_HOME, CLEW_DATABASE_URL, CLEW_TEMPORAL_ADDRESS and all ports are left aside.
    Exit code 1 if anything is not as it should be; the home is then kept, and named.

    \b
    Example:
      clew demo --journeys 5 --json
    """
    from cli.stack.samples import Samples

    samples = Samples(
        journeys=journeys,
        time_lapse=time_lapse,
        seed=seed,
        protocols=tuple(protocol or ("autologous-car-t=2", "til")),
        rates={"logger_file": 0.25} | _rates(rate),
    )
    home = Path(tempfile.mkdtemp(prefix="clew-demo-"))
    began = time.monotonic()
    findings = _run(home, samples, within or _WITHIN + _WITHIN_EACH * journeys)
    report = _report(findings, samples, time.monotonic() - began)
    if findings.problems:
        report["home"] = str(home)
    else:
        shutil.rmtree(home)
    _tell(report, as_json)
    raise typer.Exit(1 if findings.problems else 0)


def _run(home: Path, samples: "Samples", within: float) -> "Findings":
    """Nobody resumes a demonstration, so one that was interrupted leaves nothing; one that failed keeps its logs."""
    from cli import console
    from cli.stack.demonstration import demonstrate, settings_for
    from worker.stopping import stop_signal, unless_stopped

    async def run() -> "Findings | None":
        settings = settings_for(home, load())
        return await unless_stopped(demonstrate(settings, samples, within, console.say), stop_signal())

    try:
        findings = asyncio.run(run())
    except Exception:
        console.say(f"the home of the demonstration is kept: {home}")
        raise
    if findings is None:
        shutil.rmtree(home)
        raise typer.Exit(_INTERRUPTED)
    return findings


def _report(findings: "Findings", samples: "Samples", wall: float) -> dict[str, Any]:
    return {
        "journeys": samples.journeys,
        "completed": findings.statuses["completed"],
        "cancelled": findings.statuses["cancelled"],
        "events": findings.events,
        "ledger_entries": findings.ledger_entries,
        "ledger_verified": findings.ledger_verified,
        "checkpoints": findings.checkpoints,
        "invariants_broken": len(findings.broken),
        "wall_s": round(wall, 1),
        "seed": samples.seed,
        "time_lapse": samples.time_lapse,
        "commands": findings.commands,
        "event_outcomes": findings.outcomes,
        "problems": findings.problems,
    }


def _tell(report: dict[str, Any], as_json: bool) -> None:
    from cli import console

    if as_json:
        console.result(report)
        return
    ended = f"{report['completed']} completed, {report['cancelled']} cancelled"
    print(f"{report['journeys']} journeys in {report['wall_s']} s: {ended}.")
    verified = "verified" if report["ledger_verified"] else "does NOT verify"
    print(f"{report['events']} events, {report['ledger_entries']} ledger entries; the ledger {verified},")
    print(f"and {report['checkpoints']} checkpoints that were signed meanwhile agree.")
    print(f"{report['invariants_broken']} invariants broken.")
    for problem in report["problems"]:
        print(f"  {problem}")
    if "home" in report:
        print(f"The home is kept: {report['home']}")


def _rates(given: list[str] | None) -> dict[str, float]:
    try:
        return {name: float(value) for name, _, value in (each.partition("=") for each in given or ())}
    except ValueError:
        raise typer.BadParameter("--rate takes NAME=SHARE") from None
