"""Models of scikit-learn: they answer as themselves, and nothing that their file says is run."""

from __future__ import annotations

import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.errors import ExecutorError, NotFoundError
from mlops_pipeline.serving import of_lists, to_lists

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

ROWS = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]] * 5


class Harmful:
    """Runs a command where it is unpickled."""

    def __reduce__(self) -> Any:
        return os.system, ("touch harmed",)


def save(folder: Path, thing: Any) -> str:
    (folder / "model.pkl").write_bytes(pickle.dumps(thing))
    return str(folder)


def load(folder: Path, thing: Any) -> Any:
    from mlops_components.serving import load_scikit_learn

    return load_scikit_learn(save(folder, thing), {})


def test_estimators_answer_as_they_do_themselves(tmp_path: Path) -> None:
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestRegressor
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    wanted = [int(a != b) for a, b in ROWS]
    for estimator in (
        make_pipeline(StandardScaler(), LogisticRegression()),
        GradientBoostingClassifier(n_estimators=5),
        RandomForestRegressor(n_estimators=5),
    ):
        estimator.fit(ROWS, wanted)
        model = load(tmp_path, estimator)
        found = model.predict("serving_default", {"inputs": of_lists(ROWS[:4], "float64")})
        assert to_lists(found["predictions"]) == estimator.predict(ROWS[:4]).tolist()
        if hasattr(estimator, "predict_proba"):
            assert to_lists(found["probabilities"]) == estimator.predict_proba(ROWS[:4]).tolist()


@pytest.mark.parametrize(
    "name",
    [
        "calibration.CalibratedClassifierCV",
        "ensemble.HistGradientBoostingClassifier",
        "linear_model.SGDClassifier",
        "neighbors.KNeighborsClassifier",
        "neural_network.MLPClassifier",
    ],
)
def test_what_estimators_hold_inside_is_theirs(tmp_path: Path, name: str) -> None:
    import importlib

    module, _, kind = name.partition(".")
    made = getattr(importlib.import_module(f"sklearn.{module}"), kind)()
    wanted = [int(a != b) for a, b in ROWS] * 10
    with warnings.catch_warnings():
        # It need not have converged.
        warnings.simplefilter("ignore")
        made.fit(ROWS * 10, wanted)
    assert load(tmp_path, made)


def test_types_of_numbers_are_read(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    made = make_pipeline(OneHotEncoder(), LogisticRegression())
    assert load(tmp_path, made.fit(ROWS, [int(a != b) for a, b in ROWS]))


def test_a_generator_that_nobody_has_seeded_is_read(tmp_path: Path) -> None:
    import numpy as np
    from sklearn.ensemble import GradientBoostingClassifier

    unseeded = np.random.RandomState(np.random.MT19937())
    estimator = GradientBoostingClassifier(n_estimators=5, random_state=unseeded)
    estimator.fit(ROWS, [int(a != b) for a, b in ROWS])
    assert load(tmp_path, estimator)


def test_an_estimator_with_names_of_features_is_asked_by_them(tmp_path: Path) -> None:
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    table = pd.DataFrame(ROWS, columns=["a", "b"])
    model = load(tmp_path, LinearRegression().fit(table, table["a"] + 2 * table["b"]))
    inputs = {"b": of_lists([1.0, 2.0]), "a": of_lists([3.0, 4.0])}
    found = to_lists(model.predict("by_name", inputs)["predictions"])
    assert found == pytest.approx([5.0, 8.0])


def test_a_pickle_that_names_something_else_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExecutorError, match="no part of a model"):
        load(tmp_path, Harmful())
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("name", ["sklearn.utils:Bunch.copy", "builtins:eval", "os:system"])
def test_names_that_are_no_estimators_are_refused(tmp_path: Path, name: str) -> None:
    from mlops_components.serving import load_scikit_learn

    module, _, attribute = name.partition(":")
    (tmp_path / "model.pkl").write_bytes(f"c{module}\n{attribute}\n.".encode())
    with pytest.raises(ExecutorError):
        load_scikit_learn(str(tmp_path), {})


@pytest.mark.parametrize("data", [b"", b"garbage", pickle.dumps(3), pickle.dumps({"a": 1})])
def test_what_holds_no_estimator_is_refused(tmp_path: Path, data: bytes) -> None:
    from mlops_components.serving import load_scikit_learn

    (tmp_path / "model.pkl").write_bytes(data)
    with pytest.raises(ExecutorError):
        load_scikit_learn(str(tmp_path), {})
    (tmp_path / "model.pkl").unlink()
    with pytest.raises(NotFoundError):
        load_scikit_learn(str(tmp_path), {})
