"""What the routes work with."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.correspondence import Correspondence
from api.origins import Origins
from api.owners import Owners
from api.reception import Reception
from api.relay import Relay
from api.temporal_link import TemporalLink
from ledger.database import Database
from ledger.issuing import Issuer
from ledger.notary import Notary
from ledger.tail import Tail
from schemas.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """One of each for the process."""

    database: Database
    issuer: Issuer
    temporal: TemporalLink
    relay: Relay
    reception: Reception
    correspondence: Correspondence
    tail: Tail
    origins: Origins
    owners: Owners
    notary: Notary
    settings: Settings


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Using = Annotated[Services, Depends(_services)]
