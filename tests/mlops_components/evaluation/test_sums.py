import pytest

pytestmark = pytest.mark.ml


def test_sums_of_batches_are_the_sums_of_all_rows() -> None:
    import numpy as np

    from mlops_components.evaluation._sums import Sums

    sums = Sums(2)
    sums.add(np.array([0, 0, 1]), np.array([5, 5, 5]), [np.array([1.0, 2, 4]), np.ones(3)])
    sums.add(np.array([0, 1]), np.array([7, 5]), [np.array([8.0, 16]), np.ones(2)])
    cells, values = sums.of([0])
    assert (cells.tolist(), values.tolist()) == ([5, 7], [[3.0, 2.0], [8.0, 1.0]])
    cells, values = sums.of([0, 1])
    assert (cells.tolist(), values.tolist()) == ([5, 7], [[23.0, 4.0], [8.0, 1.0]])


def test_a_group_without_rows_has_no_cells() -> None:
    import numpy as np

    from mlops_components.evaluation._sums import Sums

    sums = Sums(1)
    sums.add(np.array([0]), np.array([1]), [np.array([2.0])])
    cells, values = sums.of([3])
    assert (len(cells), len(values)) == (0, 0)
