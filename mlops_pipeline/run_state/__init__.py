"""The state of a run: its begin and end, its history, its selection, and who is alive."""
