"""What a journey asks of the world. `activities` keeps these promises; a workflow knows only this page."""

from abc import ABC, abstractmethod

from temporalio import activity

from schemas.commands import Acknowledgement, PartnerCommand
from schemas.facts import Appended, Batch


class LedgerPort(ABC):
    """The record."""

    @activity.defn(name="append_facts")
    @abstractmethod
    async def append_facts(self, batch: Batch) -> Appended:
        """Put the facts on the ledger, once however often it is asked; all of them or none."""


class PartnerPort(ABC):
    """The neighbours."""

    @activity.defn(name="tell_partner")
    @abstractmethod
    async def tell_partner(self, command: PartnerCommand) -> Acknowledgement:
        """Have the partner take the command, once: an unknown outcome is looked up before anything is sent again.

        Fails for good only with an `ApplicationError` of type `partner_refused` or `delivery_given_up`.
        """
