"""What is counted and timed, by one name each. Labels are words of closed vocabularies, never an id."""

from prometheus_client import Counter, Gauge, Histogram

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

JOURNEYS_ORDERED = Counter("clew_journeys_ordered", "Journeys that were ordered.", ["protocol"])
JOURNEYS_CLOSED = Counter("clew_journeys_closed", "Journeys that ended.", ["outcome"])

EVENTS_RECEIVED = Counter("clew_events_received", "Events that were acknowledged.", ["type"])
EVENTS_REFUSED = Counter("clew_events_refused", "Events that were not acknowledged.", ["code"])
EVENT_OUTCOMES = Counter("clew_event_outcomes", "What became of acknowledged events.", ["status"])
ACKNOWLEDGE_SECONDS = Histogram(
    "clew_acknowledge_seconds", "From an event's arrival to its durable acknowledgement.", buckets=_QUICK
)

MESSAGES_RECEIVED = Counter(
    "clew_messages_received", "Partners' messages in their own form that were acknowledged.", ["status"]
)
MESSAGES_REFUSED = Counter(
    "clew_messages_refused", "Partners' messages in their own form that were not acknowledged.", ["code"]
)

RELAY_DELIVERED = Counter("clew_relay_delivered", "Events handed to their journeys.")
RELAY_FAILED = Counter("clew_relay_failed", "Deliveries to a journey that failed and will be tried again.")
RELAY_WAITING = Gauge("clew_relay_waiting", "Events acknowledged and not yet handed to their journeys.")
RELAY_SECONDS = Histogram(
    "clew_relay_seconds", "From an event's acknowledgement to its hand-over to the journey.", buckets=_SLOW
)

FACTS_APPENDED = Counter("clew_facts_appended", "Facts put on the ledger.", ["type"])
APPEND_SECONDS = Histogram("clew_append_seconds", "One append to the ledger.", buckets=_QUICK)
CHECKPOINTS_REFUSED = Counter("clew_checkpoints_refused", "Checkpoints that could not be signed or kept.", ["code"])

COMMANDS_SENT = Counter(
    "clew_commands_sent", "Attempts to tell a partner something, or to look it up.", ["command", "result"]
)
COMMAND_SECONDS = Histogram(
    "clew_command_seconds", "One attempt to tell a partner something, or to look it up.", ["role"], buckets=_SLOW
)
WEBHOOKS_SENT = Counter("clew_webhooks_sent", "Attempts to send an entry to a subscriber.", ["result"])
