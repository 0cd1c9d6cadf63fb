"""What all answers of the EPCIS 2.0 interface have in common: its headers, and its way to the next page."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import JSONResponse

from standards.epcis.vocabulary import VERSION

BASE = "/epcis/v2"

HEADERS = {
    "GS1-EPCIS-Version": VERSION,
    "GS1-EPCIS-Min": VERSION,
    "GS1-EPCIS-Max": VERSION,
    "GS1-CBV-Version": VERSION,
    "GS1-CBV-Min": VERSION,
    "GS1-CBV-Max": VERSION,
}


def answered(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An answer that says which version of the standard it speaks."""
    return JSONResponse(content, status, {**HEADERS, **(headers or {})})


def next_page(request: Request, token: str | None) -> dict[str, str]:
    """The `Link` to the page that follows, with everything else as it was asked."""
    if token is None:
        return {}
    kept: Sequence[tuple[str, str]] = [
        each for each in request.query_params.multi_items() if each[0] != "nextPageToken"
    ]
    path = (request.scope.get("raw_path") or b"").decode("ascii", "replace")
    return {"Link": f'<{path}?{urlencode([*kept, ("nextPageToken", token)])}>; rel="next"'}
