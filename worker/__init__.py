"""Joins workflows and activities and runs them."""
