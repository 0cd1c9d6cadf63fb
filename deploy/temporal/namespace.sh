#!/bin/sh
# Makes the namespace that journeys run in; can be repeated. The worker adds the search attributes.
set -eu
attempts=30
until temporal operator cluster health >/dev/null 2>&1; do
    attempts=$((attempts - 1))
    [ "$attempts" -gt 0 ] || { echo "Temporal does not answer at $TEMPORAL_ADDRESS" >&2; exit 1; }
    sleep 2
done
temporal operator namespace describe --namespace "$CLEW_NAMESPACE" >/dev/null 2>&1 ||
    temporal operator namespace create --namespace "$CLEW_NAMESPACE" --retention 720h
