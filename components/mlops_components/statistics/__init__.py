"""Statistics of examples: computed, compared and validated, as TFDV does."""
