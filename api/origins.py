"""Which senders may ask to send events (CloudEvents HTTP webhook 1.0.2, section 4)."""

from dataclasses import dataclass

ANY = "*"


@dataclass(frozen=True, slots=True)
class Origins:
    """Names of sending systems: DNS names, which know no capitals."""

    names: frozenset[str]

    @classmethod
    def read(cls, setting: str) -> "Origins":
        """The setting: names with commas between them, or an asterisk."""
        return cls(frozenset(name.strip().lower() for name in setting.split(",") if name.strip()))

    def includes(self, origin: str) -> bool:
        return ANY in self.names or origin.lower() in self.names
