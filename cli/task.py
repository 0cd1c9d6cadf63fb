"""`clew task list|decide`: what people have to do."""

from typing import Annotated, Any

import typer

from cli.options import Api, AsJson, By, Coi, Reason, TaskStatus
from cli.paths import path_to

tasks = typer.Typer(help="Tasks: what people have to decide.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(tasks, name="task")


@tasks.command("list")
def list_(
    status: Annotated[TaskStatus, typer.Option(help="Which ones.")] = "open", api: Api = None, as_json: AsJson = False
) -> None:
    """List tasks, the most urgent first.

    \b
    Example:
      clew task list
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        found = list(client.items("/v1/tasks", status=status))
    if as_json:
        console.result(found)
        return
    rows = [
        (
            each["journey"],
            each["id"],
            each["question"],
            " | ".join(c["choice"] for c in each["choices"]),
            each["due_at"],
        )
        for each in found
    ]
    console.table(("journey", "task", "question", "choices", "due"), rows)


@tasks.command()
def decide(
    coi: Coi,
    task: Annotated[str, typer.Argument(help="The task's id.")],
    choice: Annotated[str, typer.Argument(help="One of the choices that the task offers.")],
    by: By,
    reason: Reason,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Answer a task.

    \b
    Example:
      clew task decide CLEWYDWJ67KE69S6NHBXI TASK-1 remake --by physician-3 --reason enough_material_left
    """
    send_decision(coi, {"kind": "task", "task": task, "choice": choice}, by, reason, api, as_json)


def send_decision(coi: str, decision: dict[str, Any], by: str, reason: str, api: str | None, as_json: bool) -> None:
    """Put a decision to a journey under an id of its own, and say where it stands on the ledger."""
    from uuid import uuid4

    from cli import console
    from cli.client import Api as Client

    body = decision | {"id": f"cli-{uuid4()}", "by": by, "reason": reason}
    with Client(api) as client:
        receipt = client.post(path_to("/v1/journeys/{}/decisions", coi), body)
    if as_json:
        console.result(receipt)
    else:
        print(f"on the ledger as entry {receipt['seq']} of {coi}")
