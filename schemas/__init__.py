"""What is said: events, orders, protocols, commands, decisions, facts. Pure pydantic; imports nothing of ours."""
