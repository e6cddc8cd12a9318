"""User modules: functions named by path or module, also those written for TFX."""
