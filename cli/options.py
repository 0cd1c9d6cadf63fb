"""Options that several commands have."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Api = Annotated[
    str | None,
    typer.Option(
        "--api", envvar="CLEW_API_URL", help="Where the API is. Unset: what CLEW_API_HOST and CLEW_API_PORT say."
    ),
]
By = Annotated[str, typer.Option(help="Who decides: a pseudonym.")]
Reason = Annotated[str, typer.Option(help="A reason code, e.g. clinical_decision.")]
