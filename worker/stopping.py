"""Ctrl-C and SIGTERM end a process in order."""

import asyncio
import signal

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def stop_signal() -> asyncio.Event:
    """An event that the first SIGINT or SIGTERM sets; a second one ends the process the hard way."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping.set()
        for each in _SIGNALS:
            loop.remove_signal_handler(each)

    for each in _SIGNALS:
        loop.add_signal_handler(each, stop)
    return stopping
