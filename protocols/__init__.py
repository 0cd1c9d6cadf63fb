"""The therapy protocols that Clew ships: YAML documents, versioned."""
