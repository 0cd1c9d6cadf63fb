"""Partners: where and how an organisation's system is reached."""

from typing import Annotated

from pydantic import Field, HttpUrl, TypeAdapter, field_validator

from schemas.base import Strict
from schemas.forms import form

ConnectorName = Annotated[str, form(r"^[a-z][a-z0-9-]{0,63}$", "a name in small letters, digits and -")]

_URL = TypeAdapter(HttpUrl)


class PartnerAddress(Strict):
    """Where commands are sent, in which form, and how many.

    `connector`: the published document that maps the partner's own form; without one it speaks Clew's, and commands
    go to `{url}/commands`.
    """

    url: Annotated[str, Field(max_length=500, pattern=r"^https?://[!-~]+$", json_schema_extra={"format": "uri"})]
    connector: ConnectorName | None = None
    at_once: int = Field(default=4, ge=1, le=100, description="Deliveries that are under way at a time.")
    rate: float | None = Field(default=None, gt=0, le=10_000, description="Deliveries a second at the most.")

    @field_validator("url")
    @classmethod
    def _reachable(cls, value: str) -> str:
        _URL.validate_python(value)
        return value.rstrip("/")
