import importlib.util

import pytest

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.value.distributions import (
    chi_square_quantile,
    chi_square_tail,
    missing_business,
    normal_quantile,
    normal_tail,
    student_quantile,
)


def test_the_normal_tail_is_exact_far_out() -> None:
    assert normal_tail(10) == pytest.approx(7.619853024160527e-24)
    assert normal_tail(-10) == 1
    assert normal_quantile(0.975) == pytest.approx(1.959963984540054)


@pytest.mark.ml
def test_the_others_are_scipys() -> None:
    assert student_quantile(0.975, 10) == pytest.approx(2.2281388519649385)
    assert chi_square_tail(3.841458820694124, 1) == pytest.approx(0.05)
    assert chi_square_quantile(0.95, 9) == pytest.approx(16.918977604620448)


@pytest.mark.skipif(importlib.util.find_spec("scipy") is not None, reason="scipy is here")
def test_without_scipy_the_error_says_what_to_install() -> None:
    with pytest.raises(PipelineError, match=r"needs scipy.*\n.*mlops-pipeline\[business\]"):
        chi_square_tail(1, 1)


def test_the_error_names_the_extra() -> None:
    assert missing_business("the thing", "statsmodels").hint.endswith("[business]'")
