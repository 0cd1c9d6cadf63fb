"""Options that several commands have."""

from typing import Annotated, Literal

import typer


def read_id(text: str) -> str:
    """A chain-of-identity id as it may be printed: in groups, in small letters."""
    from schemas.check_characters import Misread
    from schemas.identity import read_coi

    try:
        return read_coi(text.replace(" ", "").upper())
    except Misread as misread:
        told = f"{misread.detail}; `clew journey list --search TEXT` finds a journey by any other identifier"
        raise typer.BadParameter(told) from None


AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Api = Annotated[
    str | None,
    typer.Option(
        "--api", envvar="CLEW_API_URL", help="Where the API is. Unset: what CLEW_API_HOST and CLEW_API_PORT say."
    ),
]
By = Annotated[str, typer.Option(help="Who decides: a pseudonym.")]
Coi = Annotated[str, typer.Argument(help="The journey's chain-of-identity id.", parser=read_id)]
JourneyStatus = Literal["ordered", "running", "held", "leaving", "completed", "cancelled"]
EventStatus = Literal[
    "received", "unmatched", "held", "applied", "late", "duplicate", "refused", "quarantined", "dismissed"
]
DeliveryStatus = Literal["waiting", "failing", "unknown", "delivered", "refused", "given_up"]
MessageStatus = Literal["mapped", "quarantined", "dismissed"]
TaskStatus = Literal["open", "decided", "closed"]
Reason = Annotated[str, typer.Option(help="A reason code, e.g. clinical_decision.")]
