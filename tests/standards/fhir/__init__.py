"""The record as FHIR R4."""
