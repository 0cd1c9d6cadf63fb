"""How the commands talk to the API."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any

import httpx

from cli.errors import ApiRefused
from cli.settings import load
from schemas.errors import Flaw, Unavailable
from schemas.settings import Settings

_TIMEOUT = 30.0


class Api:
    """The API as a person or script uses it. Raises `ApiRefused` for a problem, `Unavailable` for no answer."""

    def __init__(self, url: str | None = None) -> None:
        self.url = url or configured_url(load())
        self._client = httpx.Client(base_url=self.url, timeout=_TIMEOUT, trust_env=False)

    def __enter__(self) -> "Api":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, **query: Any) -> Any:
        """The decoded answer; query parameters that are None are left out."""
        return self._json("GET", path, params=_given(query))

    def items(self, path: str, **query: Any) -> Iterator[Any]:
        """Every item of a list, page after page."""
        cursor = None
        while True:
            page = self.get(path, **query, cursor=cursor)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """Send JSON. A header's name is given with underscores: `idempotency_key`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._json("POST", path, json=body, headers=named)

    def send(self, path: str, body: bytes, media: str) -> Any:
        """Send a file as it is."""
        return self._json("POST", path, content=body, headers={"content-type": media})

    def delete(self, path: str, **query: Any) -> Any:
        """The decoded answer."""
        return self._json("DELETE", path, params=query)

    def download(self, path: str, media: str, **query: Any) -> bytes:
        """The answer as it is, of this media type; query parameters that are None are left out."""
        answer = self._answer("GET", path, params=_given(query))
        if answer.headers.get("content-type", "").partition(";")[0] != media:
            raise self._not_ours()
        return answer.content

    def _json(self, method: str, path: str, **request: Any) -> Any:
        answer = self._answer(method, path, **request)
        try:
            return answer.json() if answer.content else None
        except ValueError:
            raise self._not_ours() from None

    def _not_ours(self) -> Unavailable:
        """A proxy's page, or another server."""
        detail = f"What answers at {self.url} is not Clew's API; --api or CLEW_API_URL names another address."
        return Unavailable("api_unavailable", detail)

    def _answer(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, path, **request)
        except httpx.HTTPError:
            raise Unavailable(
                "api_unavailable",
                f"The API does not answer at {self.url}; `clew up` starts one, --api or CLEW_API_URL names another.",
            ) from None
        if not answer.is_success:
            raise refusal(answer)
        return answer


def _given(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}


def refusal(answer: httpx.Response) -> ApiRefused:
    """The problem that the API answered with; whatever else stands in its way (a proxy) has at least a status."""
    try:
        problem = answer.json()
        errors = [Flaw.model_validate(each) for each in problem.get("errors", ())]
        return ApiRefused(answer.status_code, problem["code"], problem["detail"], errors)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ApiRefused(answer.status_code, f"http_{answer.status_code}", f"The API answered {answer.status_code}.")


def configured_url(settings: Settings) -> str:
    """Where the API is, as this machine's settings say."""
    return f"http://{reachable(settings.api_host)}:{settings.api_port}"


def reachable(host: str) -> str:
    """An address to connect to, for one to listen on."""
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host
