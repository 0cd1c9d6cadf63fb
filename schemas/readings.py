"""What devices measure: readings of shipments and containers, as loggers and monitoring systems tell them."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from schemas.base import Code, Identifier, Instant, Reading, Tolerant

MOST_MEASUREMENTS = 10_000
"""In one request: a logger that measures every ten minutes fills as many in ten weeks."""

TEMPERATURE = "temperature"
CELSIUS = "Cel"
"""UCUM's degrees Celsius; the limits of protocols are in it."""

_NUMBER = re.compile(r" *[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)? *")


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, str) and not _NUMBER.fullmatch(value)):
        raise ValueError("a number is wanted, with a decimal point and nothing else in it")
    return value


Plain = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_plain)]
"""A number as devices print it, or in JSON; no truth value, and nothing that only Python takes for a number."""


class Measurement(Tolerant):
    """One reading: of which shipment or container, what, when, by which device. `unit`: UCUM."""

    device: Identifier
    at: Instant
    quantity: Code = TEMPERATURE
    value: Plain
    unit: Reading = CELSIUS
    shipment: Identifier | None = None
    material: Identifier | None = None

    @model_validator(mode="after")
    def _of_one_thing(self) -> "Measurement":
        if (self.shipment is None) == (self.material is None):
            raise ValueError("a reading is of a shipment or of a material: name one of them")
        if self.quantity == TEMPERATURE and self.unit != CELSIUS:
            raise ValueError("temperatures are in Cel (UCUM, degrees Celsius): limits are compared in no other unit")
        return self
