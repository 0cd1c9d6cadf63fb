"""Temporal's core library: its lines join our log, its metrics our page."""

import logging
import socket

from temporalio import activity, workflow
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)


def install_runtime(*, with_metrics: bool = False) -> str | None:
    """Set this process's runtime; call it once, before the first Temporal client.

    Without it the core writes its log to standard output, which belongs to what a program reads. Returns the URL of
    the core's own metrics page (on the loopback) if `with_metrics`.
    """
    # The context is on the record; in the message it would be there twice.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    address = f"127.0.0.1:{_free_port()}" if with_metrics else None
    runtime = Runtime(
        telemetry=TelemetryConfig(
            logging=LoggingConfig(
                filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
                # Core's fields can quote a failure's text.
                forwarding=LogForwardingConfig(
                    logger=logging.getLogger("temporalio.core"),
                    append_target_to_name=False,
                    append_log_fields_to_message=False,
                ),
            ),
            metrics=PrometheusConfig(bind_address=address, durations_as_seconds=True) if address else None,
        )
    )
    Runtime.set_default(runtime)
    return f"http://{address}/metrics" if address else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
