"""HL7 FHIR R4 (4.0.1): a journey's record as resources, made from its entries alone, and an order as it comes in."""
