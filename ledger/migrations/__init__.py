"""The database's versions, for alembic. A published one is never edited: the next change is a new one."""
