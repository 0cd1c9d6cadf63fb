"""A connector: how a partner's own form becomes ours, and ours becomes theirs. Data, immutable, pinned by its hash.

Expressions are JMESPath. Inbound they see `message` (what the partner sent) and, under `each`, `item` (one element);
outbound they see the command's fields, and of an answer `status`, `headers` and `body`.
"""

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, StringConstraints

from schemas.base import Code, Duration, Strict
from schemas.canonical import content_hash
from schemas.partners import ConnectorName

Expression = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
"""A JMESPath expression, with the named conversions as further functions."""

Template = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
"""Text in which every `{expression}` stands for its value."""

Path = Annotated[str, StringConstraints(pattern=r"^/[!-~ ]*$", max_length=2_000)]
"""A template of what follows the partner's address; values are percent-encoded whole."""

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Printable = Annotated[str, StringConstraints(pattern=r"^[ -~]{0,64}$")]
SecretName = Code
Status = Annotated[int, Field(ge=200, le=599)]


class Hmac(Strict):
    """A keyed hash of the body in a header; with `timestamp`, of the timestamp, a full stop and the body."""

    by: Literal["hmac"]
    secret: SecretName
    header: HeaderName
    algorithm: Literal["sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: Printable = ""
    timestamp: HeaderName | None = None
    tolerance: Duration = Field(default="5m", validate_default=True)


class StandardWebhooks(Strict):
    """As standardwebhooks.com has it: `webhook-id`, `webhook-timestamp`, `webhook-signature`."""

    by: Literal["standard_webhooks"]
    secret: SecretName
    tolerance: Duration = Field(default="5m", validate_default=True)


class ApiKey(Strict):
    """A key in a header, as it is."""

    by: Literal["api_key"]
    secret: SecretName
    header: HeaderName
    prefix: Printable = ""


class Nothing(Strict):
    """The sender proves nothing: only for a network on which nobody else is."""

    by: Literal["nothing"]


Verification = Annotated[Hmac | StandardWebhooks | ApiKey | Nothing, Field(discriminator="by")]


class MappedEvent(Strict):
    """One event that a message, or each of its elements, can become. `when`: only if that is true."""

    type: str
    when: Expression | None = None
    id: Expression
    subject: Expression
    time: Expression
    data: dict[str, Expression] = Field(default_factory=dict)


class Inbound(Strict):
    """How the partner's messages become events. `each`: a list in the message, whose elements are mapped one by one."""

    verify: Verification
    each: Expression | None = None
    events: Annotated[tuple[MappedEvent, ...], Field(min_length=1, max_length=50)]


class Answers(Strict):
    """What the partner's statuses mean. A status in none of the lists leaves the outcome unknown."""

    success: tuple[Status, ...] = (200, 201, 202, 204)
    retry: tuple[Status, ...] = (429, 503)
    conflict: tuple[Status, ...] = ()
    refused: tuple[Status, ...] = (400, 404, 410, 422)


class LookUp(Strict):
    """How the partner is asked what became of a command. `found`: true of an answer that has it, false of one without.

    Where it is neither, the outcome stays unknown: a command is sent again only where it surely is missing.
    """

    path: Path
    found: Expression = "`true`"
    missing: tuple[Status, ...] = (404,)
    reference: Expression | None = None


class CommandForm(Strict):
    """How one command goes out. In `body`, a text that begins with `=` is an expression; all else stands as it is."""

    method: Literal["POST", "PUT", "PATCH"] = "POST"
    path: Path
    headers: dict[HeaderName, Template] = Field(default_factory=dict)
    body: Any = None
    idempotency_header: HeaderName | None = None
    reference: Expression | None = None
    look_up: LookUp | None = None
    answers: Answers | None = None


class Outbound(Strict):
    """How commands go out. `authenticate`: what we prove ourselves with. `answers`: unless a command has its own."""

    authenticate: Verification = Nothing(by="nothing")
    answers: Answers = Answers()
    commands: dict[str, CommandForm]


class Connector(Strict):
    """A connector as it was published. Read one with `partners.connectors.reading`, which checks its expressions."""

    connector: ConnectorName
    version: PositiveInt
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    inbound: Inbound | None = None
    outbound: Outbound | None = None

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON: the connector's identity."""
        return content_hash(self.plain())

    def plain(self) -> dict[str, Any]:
        """As JSON, without what only repeats a default: a field that is added later changes no hash."""
        return self.model_dump(mode="json", exclude_defaults=True)
