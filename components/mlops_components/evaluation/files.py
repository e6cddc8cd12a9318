"""Names of the files of an evaluation."""

from __future__ import annotations

METRICS_FILE = "metrics.json"
PLOTS_FILE = "plots.json"
