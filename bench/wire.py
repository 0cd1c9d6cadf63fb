"""The lightest HTTP/1.1 client: the machine is shared, so what the measuring costs is taken from what is measured."""

import asyncio
import json
import time
from types import TracebackType
from typing import Any, NamedTuple, Self

LOOPBACK = "127.0.0.1"
KEPT_OPEN = 3.0
"""Seconds: the server closes a connection that was idle for five."""


class Answer(NamedTuple):
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """One kept-alive connection to a port of this machine; one request at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._used_at = 0.0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def get(self, path: str) -> Answer:
        return await self._ask("GET", path, b"", "application/json")

    async def send(self, path: str, body: Any, *, method: str = "POST", media: str = "application/json") -> Answer:
        """`body`: what JSON can say, or its bytes."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self._ask(method, path, content, media)

    async def _ask(self, method: str, path: str, content: bytes, media: str) -> Answer:
        """Raises `EOFError` or `OSError` where nobody answers."""
        reader, writer = await self._open()
        head = f"{method} {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nContent-Type: {media}\r\n"
        writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        received = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(received.split(" ", 2)[1])
        self._used_at = time.monotonic()
        if "content-length:" not in received:
            return Answer(status, await reader.read())
        length = int(received.split("content-length:", 1)[1].split("\r\n", 1)[0])
        return Answer(status, await reader.readexactly(length))

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if time.monotonic() - self._used_at > KEPT_OPEN:
            self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection(LOOPBACK, self._port)
        return self._streams
