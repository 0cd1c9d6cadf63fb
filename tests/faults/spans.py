"""A receiver of OpenTelemetry spans (OTLP over HTTP): what Clew tells of its work to the outside."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import FastAPI, Request, Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan

CLIENT, SERVER = SentSpan.SPAN_KIND_CLIENT, SentSpan.SPAN_KIND_SERVER


@dataclass(frozen=True)
class Span:
    """One span, as it was sent."""

    service: str
    sent: SentSpan

    @property
    def name(self) -> str:
        return self.sent.name

    @property
    def id(self) -> str:
        return self.sent.span_id.hex()

    @property
    def parent(self) -> str:
        return self.sent.parent_span_id.hex()

    @property
    def trace(self) -> str:
        return self.sent.trace_id.hex()


class Spans:
    """All spans of all processes."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.all: list[Span] = []
        self.app = FastAPI(openapi_url=None)
        self.app.post("/v1/traces")(self._take)

    def of(self, trace: str) -> list[Span]:
        return [each for each in self.all if each.trace == trace]

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        sent = await asyncio.to_thread(ExportTraceServiceRequest.FromString, body)
        self.raw.append(body)
        self.all += _spans(sent)
        return Response(media_type="application/x-protobuf")


def _spans(sent: ExportTraceServiceRequest) -> Iterable[Span]:
    for resource in sent.resource_spans:
        names = [each.value.string_value for each in resource.resource.attributes if each.key == "service.name"]
        for scope in resource.scope_spans:
            yield from (Span(names[0], each) for each in scope.spans)
