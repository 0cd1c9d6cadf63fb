"""Deliveries on their way: a lane per partner, so that one that hangs or is away slows no other."""
