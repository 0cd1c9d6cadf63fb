"""Workflow ids, task queues and search attributes: each name lives here and nowhere else.

None of them can carry patient data: Temporal shows all of them in the clear.
"""

from datetime import datetime

from temporalio.common import SearchAttributeKey

JOURNEY_WORKFLOW = "Journey"
JOURNEY_QUEUE = "clew-journeys"
"""Journeys and the ledger: short work, never behind a slow partner."""

PARTNER_QUEUE = "clew-partners"
"""Calls to partners: slow and retried."""

SUBSCRIPTION_WORKFLOW = "Subscription"
SUBSCRIPTION_QUEUE = "clew-subscriptions"
"""What is sent to subscribers: receivers of all kinds, behind which no journey may have to wait."""

OWNER_SPOKE = "owner_spoke"
"""The signal that a subscription's owner said something, by its number; what it is stands in the database."""

IDENTITY_HELD, IDENTITY_CLEARED = "identity.held", "identity.cleared"
"""The signals that an identity hold holds the journey, or does no more. Whoever sends one only makes it look: what
counts is in the database, and comes with the answer to an append."""

CHAIN_OF_IDENTITY: SearchAttributeKey[str] = SearchAttributeKey.for_keyword("ChainOfIdentity")
PROTOCOL: SearchAttributeKey[str] = SearchAttributeKey.for_keyword("Protocol")
STAGE: SearchAttributeKey[str] = SearchAttributeKey.for_keyword("Stage")
JOURNEY_STATUS: SearchAttributeKey[str] = SearchAttributeKey.for_keyword("JourneyStatus")
TREATMENT_CENTRE: SearchAttributeKey[str] = SearchAttributeKey.for_keyword("TreatmentCentre")
NEXT_DUE_AT: SearchAttributeKey[datetime] = SearchAttributeKey.for_datetime("NextDueAt")
AT_RISK: SearchAttributeKey[bool] = SearchAttributeKey.for_bool("AtRisk")

SEARCH_ATTRIBUTES = (
    CHAIN_OF_IDENTITY,
    PROTOCOL,
    STAGE,
    JOURNEY_STATUS,
    TREATMENT_CENTRE,
    NEXT_DUE_AT,
    AT_RISK,
)


def journey_workflow_id(coi: str) -> str:
    """The workflow id of a journey."""
    return f"journey/{coi}"


def subscription_workflow_id(subscription: str) -> str:
    """The workflow id of a subscription."""
    return f"subscription/{subscription}"
