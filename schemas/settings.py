"""Every setting, in one place. `docs/reference.md` lists them; a test holds the two together."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas import isbt128
from schemas.check_characters import validator


class Settings(BaseSettings):
    """Read from the environment, prefix `CLEW_`; an empty variable counts as unset."""

    model_config = SettingsConfigDict(env_prefix="CLEW_", env_ignore_empty=True, frozen=True)

    home: Path = Field(default=Path(".clew"), description="Where Clew keeps its own files.")
    database_url: str | None = Field(
        default=None,
        description="SQLAlchemy URL (`postgresql+asyncpg://…`). Unset: SQLite in the home.",
    )
    secrets: Path | None = Field(
        default=None, description="The file of partners' secrets, mode 0600. Unset: `secrets.yaml` in the home."
    )
    ledger_origin: str = Field(
        default="clew",
        pattern=r"^[!-*,-~]{1,120}$",
        description="The ledger's name in its checkpoints, such as `clew.hospital.example`; never changed once used.",
    )
    signing_key: Path | None = Field(
        default=None,
        description="The file of the ledger's signing key (PEM, Ed25519, mode 0600). Unset: one is made in the home.",
    )
    checkpoints: Path | None = Field(
        default=None, description="The folder of the ledger's signed checkpoints. Unset: `checkpoints` in the home."
    )
    checkpoint_interval: float = Field(
        default=60, gt=0, description="Seconds between two checkpoints of a ledger that goes on."
    )
    temporal_address: str | None = Field(
        default=None, description="`host:port` of a Temporal server. Unset: `clew up` starts an embedded one."
    )
    temporal_namespace: str = Field(default="default", description="The Temporal namespace.")
    api_host: str = Field(
        default="127.0.0.1", description="The address that the API and the worker's metrics listen on."
    )
    api_port: int = Field(default=8000, ge=0, le=65535, description="The port that the API listens on.")
    temporal_port: int = Field(default=7233, ge=0, le=65535, description="The embedded Temporal server's port.")
    temporal_ui_port: int = Field(default=8233, ge=0, le=65535, description="The embedded Temporal Web UI's port.")
    partners_port: int = Field(
        default=8100, ge=0, le=65535, description="The first of the five ports of the simulated partners."
    )
    worker_metrics_port: int = Field(default=9464, ge=0, le=65535, description="The port of the worker's metrics.")
    max_cached_journeys: int = Field(
        default=5000, ge=0, description="Journeys a worker keeps in memory between their events."
    )
    relay_interval: float = Field(
        default=0.5, gt=0, description="Seconds between two sweeps of the inbox for what is not delivered yet."
    )
    event_origins: str = Field(
        default="*", description="Names of senders that may ask to send events, comma-separated; `*`: any."
    )
    coi_issuer: Literal["opaque", "isbt128-040"] = Field(
        default="opaque",
        description="Who issues chain-of-identity ids: `opaque`, or `isbt128-040` (ISBT 128, structure 040).",
    )
    isbt_facility: Annotated[str, validator(isbt128.facility)] | None = Field(
        default=None,
        description="The facility identification number that ICCBBA gave you; `isbt128-040` needs it.",
    )
    partner_timeout: float = Field(default=10, gt=0, description="Seconds to wait for a partner's answer.")
    webhook_timeout: float = Field(default=15, gt=0, le=60, description="Seconds that a subscriber has to answer.")
    allow_private_subscribers: bool = Field(
        default=False,
        description="Whether webhooks may go to private addresses, such as a hospital's own.",
    )
    gs1_prefix: str | None = Field(
        default=None,
        pattern=r"^[0-9]{4,12}$",
        description="The GS1 company prefix of whoever labels. Unset: labels carry company-internal identifiers only.",
    )
    otlp_endpoint: str | None = Field(default=None, description="OTLP/HTTP endpoint for traces. Unset: none are sent.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least that is logged."
    )

    @model_validator(mode="after")
    def _issuer_has_its_facility(self) -> Self:
        if self.coi_issuer == "isbt128-040" and self.isbt_facility is None:
            raise PydanticCustomError(
                "facility_missing",
                "CLEW_COI_ISSUER=isbt128-040 needs CLEW_ISBT_FACILITY, the number that ICCBBA gave your facility",
            )
        return self

    @property
    def secrets_file(self) -> Path:
        """Where partners' secrets are; the file need not exist."""
        return self.secrets or self.home / "secrets.yaml"

    @property
    def signing_key_file(self) -> Path:
        """Where the ledger's private key is; in the home it need not exist."""
        return self.signing_key or self.home / "signing-key.pem"

    @property
    def checkpoints_folder(self) -> Path:
        """Where checkpoints and public keys are; the folder need not exist."""
        return self.checkpoints or self.home / "checkpoints"

    @property
    def database(self) -> str:
        """The database's URL, SQLite in the home unless one is set."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home.absolute() / 'clew.db'}"
