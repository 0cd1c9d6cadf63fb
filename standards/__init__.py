"""Others' words for what we know: GS1, ISBT 128, EPCIS, FHIR, labels. Pure: texts and documents in, values out."""
