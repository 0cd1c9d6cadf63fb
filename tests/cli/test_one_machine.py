"""`clew up`: it goes on where it was, and leaves nothing behind, however it ends."""

import signal

import httpx
import pytest

from tests.cli.conftest import GONE_WITHIN, READY_WITHIN, Machine, Up, until


def journeys_of(up: Up) -> dict[str, str]:
    """Order number to chain-of-identity id, of all journeys."""
    answer = httpx.get(f"{up.api()}/v1/journeys", trust_env=False, timeout=READY_WITHIN)
    return {each["order"]: each["coi"] for each in answer.raise_for_status().json()["items"]}


def nothing_is_left(up: Up) -> None:
    until(lambda: not up.left_over(), GONE_WITHIN, f"processes are left: {up.left_over()}")


@pytest.mark.timeout(300)
def test_a_machine_that_is_switched_off_and_on_goes_on_with_the_same_patients(machine: Machine) -> None:
    first = machine.up("--journeys", "2", "--time-lapse", "2000")
    patients = until(lambda: len(found := journeys_of(first)) == 2 and found, READY_WITHIN, "no patients")

    lost = first.child("worker")
    assert lost is not None
    lost.kill()
    until(lambda: "starting it again" in first.said, READY_WITHIN, "the dead worker was not noticed")
    found = until(lambda: first.child("worker"), READY_WITHIN, "the worker was not started again")
    assert found.pid != lost.pid

    first.signal(signal.SIGKILL)
    assert len(first.seen) >= 8, "four services, each under guard"
    nothing_is_left(first)

    second = machine.up("--journeys", "5", "--seed", "9")
    assert journeys_of(second) == patients

    assert second.signal(signal.SIGINT) == 0
    assert second.left_over() == []
    assert "Everything is stopped" in second.said
