"""`clew up`: everything on this machine."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from cli.settings import load

if TYPE_CHECKING:
    from cli.stack.progress import Display
    from cli.stack.samples import Samples
    from schemas.settings import Settings

_LAST_ONE_ENDS_WITHIN = 15.0


def register(app: typer.Typer) -> None:
    app.command()(up)


def up(
    journeys: Annotated[int, typer.Option(min=0, max=500, help="Sample journeys to start in a new home.")] = 6,
    time_lapse: Annotated[float, typer.Option(min=1, max=1_000_000, help="Times faster than life.")] = 100_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same samples.")] = 0,
    partners: Annotated[bool, typer.Option(help="Whether the simulated partners run.")] = True,
) -> None:
    """Start Temporal, the worker, the API and simulated partners; show the journeys; Ctrl-C stops all of it.

    The next `clew up` resumes the same journeys: their samples, seed and time-lapse are kept in CLEW_HOME.
    CLEW_TEMPORAL_ADDRESS set: that server is used, and none is started.

    \b
    Example:
      clew up --journeys 3 --time-lapse 20000
    """
    from cli.stack.progress import Display
    from cli.stack.samples import Samples

    wanted = Samples(
        journeys=journeys,
        time_lapse=time_lapse,
        seed=seed,
        protocols=("autologous-car-t=2", "til"),
        rates={"collection_fails": 0.1, "batch_rejected": 0.1, "patient_withdraws": 0.05, "logger_file": 0.25},
    )
    with Display() as display:
        asyncio.run(_until_stopped(load(), wanted if partners else None, display))


async def _until_stopped(settings: "Settings", samples: "Samples | None", display: "Display") -> None:
    from worker.stopping import stop_signal, unless_stopped

    await unless_stopped(_run(settings, samples, display), stop_signal())
    display.say("Everything is stopped. The next `clew up` goes on from here.")


async def _run(settings: "Settings", samples: "Samples | None", display: "Display") -> None:
    from cli.client import configured_url
    from cli.stack.home import held_home
    from cli.stack.ports import check_ports, with_ports
    from cli.stack.samples import samples_of
    from cli.stack.stack import running_stack

    settings = with_ports(settings)
    with held_home(settings.home) as home:
        patience = _LAST_ONE_ENDS_WITHIN if home.was_killed else 0
        await check_ports(settings, partners=samples is not None, patience=patience)
        city = samples_of(home, samples).city() if samples else None
        async with running_stack(settings, city, display.say) as supervisor:
            _welcome(settings, display)
            await supervisor.watch_while(display.follow(configured_url(settings)))


def _welcome(settings: "Settings", display: "Display") -> None:
    from cli.client import configured_url
    from cli.stack.ports import LOOPBACK

    display.say(f"\nAPI documentation  {configured_url(settings)}/docs")
    if settings.temporal_address is None:
        display.say(f"Temporal Web UI    http://{LOOPBACK}:{settings.temporal_ui_port}")
    display.say(f"Logs               {settings.home / 'logs'}")
    display.say("Ctrl-C stops everything.\n")
