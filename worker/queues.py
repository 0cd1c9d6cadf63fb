"""The workers of a worker process: journeys with their ledger, calls to partners, and what is sent to subscribers."""

from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.ledger import LedgerActivities
from activities.partners import PartnerActivities
from activities.subscribers import SubscriberActivities
from schemas.settings import Settings
from worker.metering import Metering
from workflows.journey import Journey
from workflows.names import JOURNEY_QUEUE, PARTNER_QUEUE, SUBSCRIPTION_QUEUE
from workflows.subscription import Subscription

STICKY_TIMEOUT = timedelta(seconds=1)
"""How long a journey waits for the worker that remembers it. The SDK's ten seconds are how long all would stall."""

GRACE = timedelta(seconds=5)
"""How long a stopping worker waits for what is under way; a delivery that is then cut off is looked up."""

PARTNER_CALLS = 100
"""Commands at a time that one worker puts down to be delivered."""

SUBSCRIPTIONS = 500
"""Subscriptions that one worker serves; each is a call that goes on for minutes."""

LEDGER_APPENDS = 20
"""Appends at a time: they take turns at the ledger's lock anyway."""


def journey_worker(client: Client, settings: Settings, ledger: LedgerActivities) -> Worker:
    """Runs journeys; their appends are local activities in the same process."""
    return Worker(
        client,
        task_queue=JOURNEY_QUEUE,
        workflows=[Journey],
        activities=[ledger.append_facts],
        interceptors=[Metering()],
        # The tests run journeys in the sandbox; here it would double what each costs (docs/decisions/0014).
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=settings.max_cached_journeys,
        max_concurrent_local_activities=LEDGER_APPENDS,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=GRACE,
    )


def partner_worker(client: Client, partners: PartnerActivities) -> Worker:
    """Puts commands down for partners, and never waits for one of them."""
    return Worker(
        client,
        task_queue=PARTNER_QUEUE,
        activities=[partners.tell_partner],
        max_concurrent_activities=PARTNER_CALLS,
        graceful_shutdown_timeout=GRACE,
    )


def subscription_worker(client: Client, subscribers: SubscriberActivities) -> Worker:
    """Sends the feed to those who subscribed."""
    return Worker(
        client,
        task_queue=SUBSCRIPTION_QUEUE,
        workflows=[Subscription],
        activities=[subscribers.serve_subscription, subscribers.disable_subscription],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_concurrent_activities=SUBSCRIPTIONS,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=GRACE,
    )
