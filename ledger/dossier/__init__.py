"""One journey in one file: its record, the proofs of it, and what others' standards and a reader make of it."""
