"""What workflows ask of the world. `activities` keeps these promises; a workflow knows only this page."""

from abc import ABC, abstractmethod

from temporalio import activity

from schemas.commands import Acknowledgement, PartnerCommand
from schemas.facts import Appended, Batch
from schemas.subscriptions import GivenUp, Served, Serving


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


class SubscriberPort(ABC):
    """Those who follow the ledger."""

    @activity.defn(name="serve_subscription")
    @abstractmethod
    async def serve_subscription(self, serving: Serving) -> Served:
        """Send entry after entry, each once the one before it is taken, and wait for new ones, for a while.

        Returns early where an entry is not taken, and where the subscription is not active. An entry may be sent again
        if that is not heard of: with the same id, by which the receiver knows it.
        """

    @activity.defn(name="disable_subscription")
    @abstractmethod
    async def disable_subscription(self, given_up: GivenUp) -> None:
        """Send nothing more until the owner enables it, on the record."""
