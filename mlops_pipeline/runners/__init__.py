"""Runners: functions that take a compiled pipeline through its nodes, and what they run on."""
