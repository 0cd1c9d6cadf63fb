"""`clew partner …`: how partners are spoken to."""

import typer

from cli import connector

partners = typer.Typer(help="Partners: their connectors.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    connector.register(partners)
    app.add_typer(partners, name="partner")
