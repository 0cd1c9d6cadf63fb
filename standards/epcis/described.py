"""What OpenAPI says of the query parameters that `asked` reads."""

from typing import Any

from standards.epcis.asked import LARGEST_PAGE, USUAL_PAGE

_LISTS = {
    "eventType": "Of these types.",
    "EQ_action": "`ADD`, `OBSERVE` or `DELETE`.",
    "EQ_bizStep": "In these business steps.",
    "EQ_disposition": "With these dispositions.",
    "EQ_readPoint": "At these places.",
    "EQ_bizLocation": "After which things were at these places.",
    "EQ_eventID": "With these ids.",
    "EQ_transformationID": "Of these transformations.",
    "MATCH_epc": "About these things, or about something that contains them.",
    "MATCH_parentID": "In which these contain others.",
    "MATCH_inputEPC": "In which these became others.",
    "MATCH_outputEPC": "In which others became these.",
    "MATCH_anyEPC": "In which these things stand anywhere.",
    "EQ_bizTransaction_bol": "Of these shipments; so for every other type: `EQ_bizTransaction_prodorder`.",
    "EQ_source_possessing_party": "In which these gave something away; so for every other type of source.",
    "EQ_destination_possessing_party": "In which these took something over; so for every other type of destination.",
    "EXISTS_errorDeclaration": "That were declared wrong; the value is empty.",
}
_MOMENTS = {
    "GE_eventTime": "That happened then or later.",
    "LT_eventTime": "That happened earlier.",
    "GE_recordTime": "That were recorded then or later.",
    "LT_recordTime": "That were recorded earlier.",
}


def described(*only: str) -> list[dict[str, Any]]:
    """Every parameter, or those that are named."""
    text = {"type": "string"}
    found = [_parameter(name, f"{words} Several: with `|` between them.", text) for name, words in _LISTS.items()]
    found += [_parameter(name, words, {"type": "string", "format": "date-time"}) for name, words in _MOMENTS.items()]
    page = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": USUAL_PAGE}
    found += [
        _parameter("perPage", "The most on one page.", page),
        _parameter("nextPageToken", "As the header `Link` of the page before has it.", text),
        _parameter("orderBy", "Without it: as they were told.", {"enum": ["eventTime", "recordTime"]}),
        _parameter("orderDirection", "With `orderBy`.", {"enum": ["ASC", "DESC"], "default": "DESC"}),
    ]
    return [each for each in found if not only or each["name"] in only]


def _parameter(name: str, words: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": words, "schema": schema}
