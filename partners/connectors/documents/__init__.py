"""Connectors that come with Clew, each with a sample message."""
