"""Training and tuning: what user functions get, and the processes of trials."""
