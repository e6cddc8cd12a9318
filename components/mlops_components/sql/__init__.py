"""SQL over Arrow arrays: the part of GoogleSQL that slices and validations use."""
