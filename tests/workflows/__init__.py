"""The rules of a journey, and the Journey on the time-skipping server."""
