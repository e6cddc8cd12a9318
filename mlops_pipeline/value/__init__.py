"""Statistics of experiments: differences of two arms, tests that may be looked at any time.

`samples` has the sums that a difference is made of, `differences` compares once, `sequential` at
every look; `rates` compares two shares, `counts` checks that arms got the visitors they should.
Everything takes sums, so that evidence in a store is enough to compute a verdict again.
"""

from mlops_pipeline.value.counts import SrmCheck, arm_sizes_p, check_srm, counts_e_value
from mlops_pipeline.value.differences import (
    Difference,
    always_valid,
    fixed_horizon,
    planned_look,
)
from mlops_pipeline.value.distributions import (
    chi_square_quantile,
    chi_square_tail,
    missing_business,
)
from mlops_pipeline.value.rates import newcombe, wilson
from mlops_pipeline.value.samples import (
    Adjusted,
    AdjustedRatio,
    Crossed,
    RatioSample,
    Sample,
    sample_of,
    shares,
)
from mlops_pipeline.value.sequential import (
    asymptotic_half_width,
    asymptotic_p,
    mixture_e_value,
    obrien_fleming_bounds,
    quantile_band,
    quantile_interval,
    rate_interval,
)

__all__ = [
    "Adjusted",
    "AdjustedRatio",
    "Crossed",
    "Difference",
    "RatioSample",
    "Sample",
    "SrmCheck",
    "always_valid",
    "arm_sizes_p",
    "asymptotic_half_width",
    "asymptotic_p",
    "check_srm",
    "chi_square_quantile",
    "chi_square_tail",
    "counts_e_value",
    "fixed_horizon",
    "missing_business",
    "mixture_e_value",
    "newcombe",
    "obrien_fleming_bounds",
    "planned_look",
    "quantile_band",
    "quantile_interval",
    "rate_interval",
    "sample_of",
    "shares",
    "wilson",
]
