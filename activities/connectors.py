"""Published connectors, ready for use: each version is read and compiled once a process."""

from ledger.tables import ConnectorRow
from partners.connectors import reading
from schemas.connectors import Connector


class Connectors:
    """Keeps the version of each that was read last."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[str, Connector]] = {}

    def of(self, row: ConnectorRow) -> Connector:
        """What a published version says."""
        known = self._read.get(row.name)
        if known is None or known[0] != row.hash:
            known = self._read[row.name] = row.hash, reading.stored(row.document)
        return known[1]
