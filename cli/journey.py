"""`clew journey start|show|list|decide`; `materials|custody` are in `cli.material`."""

from typing import Annotated, Any, Literal

import typer

from cli import material
from cli.options import Api, AsJson, By, Coi, JourneyStatus, Reason
from cli.paths import path_to

journeys = typer.Typer(help="Journeys: start one, look at one, list them, decide on one.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    material.add_to(journeys)
    app.add_typer(journeys, name="journey")


@journeys.command()
def start(
    order: Annotated[str, typer.Argument(help="Your order number: a pseudonym, never a name.")],
    protocol: Annotated[str, typer.Option(help="NAME, or NAME@VERSION.")] = "autologous-car-t",
    party: Annotated[list[str] | None, typer.Option(help="ROLE=ORGANISATION. Repeatable.")] = None,
    time_lapse: Annotated[float, typer.Option(min=1, help="Demonstrations only: divides every duration.")] = 1,
    key: Annotated[str | None, typer.Option(help="Idempotency-Key. Unset: made from the order itself.")] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Start a patient's journey. The same command again finds the same journey.

    Parties that are not named are the organisations of the simulated city.

    \b
    Example:
      clew journey start ORD-2031 --protocol til@1 --party treatment_centre=st-marys
    """
    from cli import console
    from cli.client import Api as Client
    from schemas.canonical import content_hash

    name, _, version = protocol.partition("@")
    body: dict[str, Any] = {"protocol": name, "order": order, "parties": _parties(party), "time_lapse": time_lapse}
    if version:
        body["version"] = _number(version)
    with Client(api) as client:
        receipt = client.post("/v1/journeys", body, idempotency_key=key or content_hash(body))
    if as_json:
        console.result(receipt)
    else:
        print(receipt["coi"])


@journeys.command()
def show(coi: Coi, api: Api = None, as_json: AsJson = False) -> None:
    """Show where a journey is: stages, open tasks, deviations, materials.

    \b
    Example:
      clew journey show CLEWYDWJ67KE69S6NHBXI --json
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        journey = client.get(path_to("/v1/journeys/{}", coi))
    if as_json:
        console.result(journey)
        return
    at_risk = ", at risk" if journey["at_risk"] else ""
    print(f"{journey['order']}  {journey['coi']}  {journey['protocol']}@{journey['version']}")
    print(f"{journey['status']}{at_risk}; next due {journey['next_due_at'] or '-'}\n")
    stages = journey["stages_in_order"]
    console.table(("stage", "status", "visit", "due"), [_of(s, "stage", "status", "visit", "due_at") for s in stages])
    _section("task", "question due_at choice", [task | {"task": task["id"]} for task in journey["tasks"]])
    _section("deviation", "code stage resolution", [each | {"deviation": each["id"]} for each in journey["deviations"]])
    _section("identity hold", "reason opened_at", [h | {"identity hold": h["id"]} for h in journey["identity_holds"]])
    _section(
        "material",
        "kind status holder",
        [_standing(each) for each in journey["materials"]],
    )


@journeys.command("list")
def list_(
    status: Annotated[JourneyStatus | None, typer.Option(help="Only in this status.")] = None,
    search: Annotated[str | None, typer.Option(help="Any identifier: order, bag, batch, dose, shipment.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The most journeys to list.")] = 50,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """List journeys, the newest first.

    \b
    Example:
      clew journey list --status held
    """
    from itertools import islice

    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        query = {"status": status, "q": search, "limit": min(limit, 200)}
        found = list(islice(client.items("/v1/journeys", **query), limit))
    if as_json:
        console.result(found)
    else:
        rows = [(*_of(j, "order", "coi", "status"), ",".join(j["stages"]), j["next_due_at"]) for j in found]
        console.table(("order", "coi", "status", "stages", "next due"), rows)


@journeys.command()
def decide(
    coi: Coi,
    decision: Annotated[Literal["hold", "lift_hold", "cancel"], typer.Argument(help="hold, lift_hold or cancel.")],
    by: By,
    reason: Reason,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Hold a journey where it is, let it go on, or cancel it. A task is decided with `clew task decide`.

    \b
    Example:
      clew journey decide CLEWYDWJ67KE69S6NHBXI hold --by coordinator-7 --reason identity_in_doubt
    """
    from cli.task import send_decision

    send_decision(coi, {"kind": decision}, by, reason, api, as_json)


def _standing(each: dict[str, Any]) -> dict[str, Any]:
    return each | {"material": each["id"], "status": material.standing(each)}


def _parties(given: list[str] | None) -> dict[str, str]:
    from partners.simulator.config import PARTIES

    named = dict(_pair(each) for each in given or ())
    return {role.value: name for role, name in PARTIES.items()} | named


def _pair(text: str) -> tuple[str, str]:
    role, separator, name = text.partition("=")
    if not separator:
        raise typer.BadParameter(f"--party takes ROLE=ORGANISATION, not {text!r}")
    return role, name


def _number(version: str) -> int:
    if not version.isdecimal():
        raise typer.BadParameter(f"a version is a number, not {version!r}")
    return int(version)


def _of(item: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(item[name] for name in names)


def _section(heading: str, columns: str, items: list[dict[str, Any]]) -> None:
    from cli import console

    if items:
        print()
        names = (heading, *columns.split())
        console.table(names, [_of(item, *names) for item in items])
