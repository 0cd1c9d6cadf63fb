#!/bin/sh
# Runs once, when the database is made: Temporal gets a role of its own and cannot read Clew's record.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$TEMPORAL_DB_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE temporal LOGIN CREATEDB PASSWORD :'password';
REVOKE CONNECT ON DATABASE clew FROM PUBLIC;
SQL
