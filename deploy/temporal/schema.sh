#!/bin/sh
# Makes Temporal's two databases and brings both to the form that this version of the server needs; can be repeated.
set -eu

sql() {
    database=$1
    shift
    temporal-sql-tool --plugin postgres12 --ep "$SQL_HOST" -p 5432 -u temporal --db "$database" "$@"
}

bring_up() {
    # Both fail where there is a database already, and then nothing is lost.
    sql "$1" create || true
    sql "$1" setup-schema -v 0.0 || true
    sql "$1" update-schema -d "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

bring_up temporal temporal
bring_up temporal_visibility visibility
