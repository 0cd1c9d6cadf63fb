"""GS1 EPCIS 2.0 and CBV 2.0: the custody story as events that any traceability system reads, and theirs as ours."""
