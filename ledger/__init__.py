"""The record: tables, append, projections, verification, migrations. SQLite or PostgreSQL, through the same code."""
