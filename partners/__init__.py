"""The neighbours: how we talk to them, and simulated ones to talk to."""
