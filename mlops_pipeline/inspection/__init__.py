"""Runs and artifacts, read back: results, reports, lineage, datasets."""
