"""What touches the world: the ledger and the partners."""
