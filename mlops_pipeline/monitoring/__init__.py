"""What is seen of a model in production: distances of data, and its quality before labels come.

`distances` compares counts and values, with the limit that mere chance reaches; `estimation`
estimates metrics without labels; `drift` tells which features of new rows changed.
"""

from mlops_pipeline.monitoring.distances import (
    PsiResult,
    chi_square_p,
    hellinger,
    largest_gap,
    psi,
    wasserstein,
)
from mlops_pipeline.monitoring.drift import DriftReport, DriftVerdict, FeatureDrift, drift_of
from mlops_pipeline.monitoring.estimation import (
    EstimatedQuality,
    calibrator,
    estimate_losses,
    estimate_quality,
)

__all__ = [
    "DriftReport",
    "DriftVerdict",
    "EstimatedQuality",
    "FeatureDrift",
    "PsiResult",
    "calibrator",
    "chi_square_p",
    "drift_of",
    "estimate_losses",
    "estimate_quality",
    "hellinger",
    "largest_gap",
    "psi",
    "wasserstein",
]
