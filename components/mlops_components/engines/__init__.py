"""Engines: on what components that use Beam's transforms run, Beam or memory."""
