"""Simulated neighbours: five real HTTP services, each with its own state, that answer commands and send events."""
