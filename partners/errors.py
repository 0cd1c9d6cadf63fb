"""What can come of a call to a partner, other than its acknowledgement.

    PartnerFailure
    ├── Refused           it said no, for good: the same command will never be taken
    ├── Unavailable       it did not take the command, and may later; `retry_after` where it says when
    └── OutcomeUnknown    it may have taken the command: look up before anything is sent again (invariant 9)

None quotes what the partner answered: it could name a patient.
"""

from datetime import timedelta


class PartnerFailure(Exception):
    """Base of the three."""


class Refused(PartnerFailure):
    """`status`: the HTTP status that the partner refused with."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the partner refused with status {status}")
        self.status = status


class Unavailable(PartnerFailure):
    """`retry_after`: how long the partner asked us to wait."""

    def __init__(self, why: str, retry_after: timedelta | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class OutcomeUnknown(PartnerFailure):
    """No answer, or none that can be read."""
