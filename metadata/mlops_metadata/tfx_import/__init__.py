"""Import of metadata stores that TFX wrote."""
