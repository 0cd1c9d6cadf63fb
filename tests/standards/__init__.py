"""What other bodies defined, as the record is told in it."""
