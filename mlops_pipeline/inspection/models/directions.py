"""Which way a metric is better, by its name."""

from __future__ import annotations

import re

# As a word: `log_loss`, but not `glossary`.
_LOWER = re.compile(
    r"(?<![a-z])(loss|crossentropy|entropy|error|errors|mae|mse|rmse|mape|brier|logloss|"
    r"false_positive_rate|false_negative_rate|false_discovery_rate|false_omission_rate|"
    r"false_positives|false_negatives|fpr|fnr|perplexity|divergence|hinge)(?![a-z])"
)
_HIGHER = re.compile(
    r"(?<![a-z])(accuracy|auc|precision|recall|f1|f1_score|r2|r2_score|ndcg|sensitivity|"
    r"specificity|true_positive_rate|true_negative_rate|true_positives|true_negatives|tpr|tnr|"
    r"average_precision|mean_average_precision|map|mrr|exact_match|correlation|similarity|kappa|"
    r"sensitivity_at_specificity|recall_at_precision)(?![a-z])"
)

HIGHER, LOWER, UNKNOWN = 1, -1, 0


def direction_of(name: str) -> int:
    """Return 1 where more is better, -1 where less is, and 0 where the name does not tell."""
    base = name.rpartition("/")[2].partition("@")[0].lower()
    base = re.sub(r"[^a-z0-9]+", "_", base).removesuffix("_diff")
    words = base.replace("_", " ")
    for text in (base, words):
        if _LOWER.search(text):
            return LOWER
        if _HIGHER.search(text):
            return HIGHER
    return UNKNOWN
