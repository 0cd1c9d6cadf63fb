"""Resource ids that lead back to their journey: FHIR R4 `id` is 1 to 64 of `A-Z a-z 0-9 - .`.

An id begins with the chain-of-identity id, so that a resource is found without a search through all journeys. An
order's id is nothing more; of everything else of the journey, a point and what tells it from its like follow.
"""

import hashlib
import re
from functools import lru_cache

_LONGEST = 64
_TELLING = 20
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9]")
_ESCAPED = re.compile(r"-([0-9A-F]{2})")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@lru_cache(maxsize=4096)
def order_id(coi: str) -> str:
    """The id of the journey's ServiceRequest: the chain-of-identity id; what FHIR does not allow is `-` and its hex.

    Raises `ValueError` for one that leaves no room for the ids of what belongs to it.
    """
    text = _NOT_PLAIN.sub(lambda found: "".join(f"-{byte:02X}" for byte in found[0].encode()), coi)
    if not 0 < len(text) <= _LONGEST - 1 - _TELLING:
        raise ValueError("the chain-of-identity id is empty, or too long for ids of FHIR")
    return text


def resource_id(coi: str, *key: str) -> str:
    """The id of something of the journey. `key`: what tells it from all others of its type in the journey."""
    telling = hashlib.sha256("\0".join(key).encode()).hexdigest()[:_TELLING]
    return f"{order_id(coi)}.{telling}"


def entry_id(coi: str, seq: int) -> str:
    """The id of the Provenance of the journey's entry number `seq`."""
    return f"{order_id(coi)}.{seq}"


def journey_of(identity: str) -> str | None:
    """The chain-of-identity id in a resource's id; None where it holds none."""
    if not _ID.fullmatch(identity):
        return None
    escaped = identity.partition(".")[0]
    try:
        raw = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), escaped).encode("latin-1")
        coi = raw.decode()
        return coi if coi.isprintable() and order_id(coi) == escaped else None
    except ValueError:
        return None
