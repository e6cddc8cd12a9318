"""One node: decide, claim, run and publish."""
