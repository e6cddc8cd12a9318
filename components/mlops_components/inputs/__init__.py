"""Inputs of ExampleGen: file formats, queries, spans and splits."""
