"""What a simulated city is told: where Clew is, how often things go wrong, how fast time runs."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt

from schemas.base import Duration, Strict, parse_duration
from schemas.identity import Role
from schemas.orders import Parties
from schemas.protocols import ProtocolName

Rate = Annotated[float, Field(ge=0, le=1)]

PARTIES: Parties = {
    Role.TREATMENT_CENTRE: "st-marys",
    Role.COLLECTION_CENTRE: "riverside-apheresis",
    Role.COURIER: "swift-courier",
    Role.MANUFACTURER: "northern-cell-works",
    Role.LABORATORY: "city-laboratory",
}
"""The organisations of the simulated city."""


class Faults(Strict):
    """How a partner's system misbehaves. Each rate is the share of requests or events that it happens to."""

    slow: Rate = 0
    slow_by: NonNegativeFloat = Field(default=1, description="Seconds that a slow answer takes longer.")
    down: Rate = 0
    retry_after: NonNegativeInt | None = Field(default=None, description="Seconds to say in Retry-After while down.")
    commit_then_timeout: Rate = 0
    silence: NonNegativeFloat = Field(default=30, description="Seconds without an answer after the commit.")
    duplicate: Rate = 0
    reorder: Rate = 0
    late: Rate = 0
    late_by: Duration = Field(default=parse_duration("6h"), description="In the therapy's time, before time-lapse.")
    unknown_fields: Rate = 0


class Rates(Strict):
    """How often the therapy itself goes otherwise."""

    collection_fails: Rate = 0
    batch_rejected: Rate = 0
    patient_withdraws: Rate = 0
    shipment_delayed: Rate = 0.05
    orders_in_fhir: Rate = Field(default=0, description="The share of orders that are sent as FHIR ServiceRequests.")
    logger_file: Rate = Field(default=0, description="How often the courier uploads its logger's file.")


class SimulatorConfig(BaseModel):
    """All that the simulated city needs. The same seed and orders give the same story."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_url: str
    home: Path
    host: str = "127.0.0.1"
    first_port: int = Field(default=0, ge=0, le=65_531, description="The first of five ports; 0: any free ones.")
    seed: int = 0
    rates: Rates = Rates()
    faults: Faults = Faults()
    parties: Parties = PARTIES
    journeys: NonNegativeInt = Field(default=0, description="Patients to enrol at the start.")
    protocols: dict[ProtocolName, float] = Field(
        default={"autologous-car-t": 1.0}, min_length=1, description="Protocol mix: the weight of each."
    )
    time_lapse: float = Field(default=1, ge=1)
    staff: bool = Field(default=True, description="Whether simulated people decide the open tasks.")
