"""Artifact roots: folders and object stores that hold what nodes write, by content."""
