"""Run the simulated city as a process does: until it is cancelled."""

from partners.simulator.city import SimulatedPartners
from partners.simulator.config import SimulatorConfig


async def run(config: SimulatorConfig) -> None:
    """Start the partners, introduce them to Clew as soon as it answers, and serve until cancelled.

    Raises `Unavailable` (`port_in_use`) when one of its ports is taken.
    """
    async with SimulatedPartners(config) as city:
        await city.serve()
