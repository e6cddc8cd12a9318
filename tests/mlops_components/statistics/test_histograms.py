"""StatisticsGen: both engines give the same, and what is asked for is there or named."""

import pytest
from described_examples import ml

pytestmark = pytest.mark.filterwarnings("ignore")


@ml
def test_histograms_are_those_of_tfdv() -> None:
    import numpy as np
    from tensorflow_data_validation.utils import quantiles_util

    from mlops_components.statistics._histograms import equi_width

    chance = np.random.default_rng(0)
    for case in range(60):
        drawn = chance.normal(size=200).round(case % 4) * 10.0 ** (case % 7)
        if case % 5 == 0:
            drawn = np.repeat(drawn[: 1 + case // 5], 20)
        quantiles = np.sort(drawn)
        counts = np.cumsum(chance.uniform(0, 3, quantiles.size))
        infinite = 0.0
        if case % 11 == 0:
            quantiles[-3:], infinite = np.inf, 3.0
        finite = quantiles[np.isfinite(quantiles)]
        arguments = (quantiles, counts, finite.min(), finite.max(), 1 + case % 13, infinite)
        assert equi_width(*arguments) == quantiles_util.generate_equi_width_histogram(*arguments)
