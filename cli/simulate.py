"""`clew simulate`: the five partners of a therapy, to try Clew with."""

import asyncio
from typing import Annotated, Any

import typer

from cli.options import Api
from cli.settings import load

Share = Annotated[list[str] | None, typer.Option("--rate", help="NAME=SHARE, e.g. batch_rejected=0.1. Repeatable.")]
Fault = Annotated[list[str] | None, typer.Option("--fault", help="NAME=VALUE, e.g. duplicate=0.2. Repeatable.")]
Mix = Annotated[list[str] | None, typer.Option("--protocol", help="NAME or NAME=WEIGHT. Repeatable.")]


def register(app: typer.Typer) -> None:
    app.command()(simulate)


def simulate(
    api: Api = None,
    host: Annotated[str, typer.Option(help="The address that the partners listen on and are reached at.")] = "",
    journeys: Annotated[int, typer.Option(min=0, help="Patients to enrol at the start.")] = 0,
    protocol: Mix = None,
    time_lapse: Annotated[float, typer.Option(min=1, help="How many times faster than life.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed and orders give the same story.")] = 0,
    rate: Share = None,
    fault: Fault = None,
    staff: Annotated[bool, typer.Option(help="Whether simulated people decide the open tasks.")] = True,
) -> None:
    """Run the five simulated partners until SIGTERM or Ctrl-C.

    Rates: collection_fails, batch_rejected, patient_withdraws, shipment_delayed, orders_in_fhir, logger_file. Faults:
    slow, down, commit_then_timeout, duplicate, reorder, late, unknown_fields, and their amounts.

    \b
    Example:
      clew simulate --journeys 3 --time-lapse 50000 --rate collection_fails=0.2
    """
    from cli.client import configured_url
    from telemetry import logs, traces

    settings = load()
    logs.configure(settings, "partners")
    traces.configure(settings, "partners")
    config: dict[str, Any] = {
        "api_url": api or configured_url(settings),
        "home": settings.home / "partners",
        "host": host or "127.0.0.1",
        "first_port": settings.partners_port,
        "seed": seed,
        "rates": _values("--rate", rate),
        "faults": _values("--fault", fault),
        "journeys": journeys,
        "time_lapse": time_lapse,
        "staff": staff,
    }
    if protocol:
        config["protocols"] = _weights(protocol)
    asyncio.run(_until_stopped(_read(config)))
    traces.flush()


async def _until_stopped(config: Any) -> None:
    from partners.simulator.run import run
    from worker.stopping import stop_signal, unless_stopped

    await unless_stopped(run(config), stop_signal())


def _read(config: dict[str, Any]) -> Any:
    """The config, or a usage error that names the option."""
    from pydantic import ValidationError

    from partners.simulator.config import SimulatorConfig
    from schemas.errors import flaws_of

    try:
        return SimulatorConfig.model_validate(config)
    except ValidationError as error:
        told = "; ".join(f"{flaw.pointer.strip('/')}: {flaw.detail}" for flaw in flaws_of(error))
        raise typer.BadParameter(told) from None


def _values(option: str, given: list[str] | None) -> dict[str, str]:
    return dict(_pair(option, each) for each in given or ())


def _weights(given: list[str]) -> dict[str, str]:
    return dict(_pair("--protocol", each if "=" in each else f"{each}=1") for each in given)


def _pair(option: str, text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise typer.BadParameter(f"{option} takes NAME=VALUE, not {text!r}")
    return name, value
