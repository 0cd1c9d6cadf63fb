"""Why an EPCIS event becomes none of our own."""


class Unheard(Exception):
    """The event becomes none of ours. `reason`: a code; `wrong`: it is meant for a journey, and lacks something."""

    def __init__(self, reason: str, detail: str, *, wrong: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.wrong = wrong
