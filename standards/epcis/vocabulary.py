"""The words of CBV 2.0 that we say or ask for, each in its bare form (`receiving`), as JSON-LD writes them.

Others may write a word as a URN or as a web address; `bare` gives the one form that we compare.
"""

import re

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
SCHEMA_VERSION = "2.0"
VERSION = "2.0.0"

EVENT_TYPES = ("ObjectEvent", "AggregationEvent", "TransformationEvent", "AssociationEvent")
"""The types that we know; a `TransactionEvent` and extended types are kept and not understood."""

_WRITTEN = re.compile(
    r"^(?:urn:epcglobal:cbv:(?:bizstep|disp|btt|sdt|er):"
    r"|https?://(?:ref\.|ns\.)?gs1\.org/(?:voc/|cbv/)(?:BizStep-|Disp-|BTT-|SDT-|ER-)"
    r"|cbv:(?:BizStep-|Disp-|BTT-|SDT-|ER-))(?P<word>[A-Za-z_]+)$"
)


def bare(word: str) -> str:
    """The bare form of a word of the CBV, however it was written; any other word as it is."""
    found = _WRITTEN.match(word)
    return found["word"] if found else word
