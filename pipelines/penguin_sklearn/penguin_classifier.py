"""The classifier of the penguins: what Trainer and Evaluator call. No TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlops_components import log_metrics, read_frame

LABEL = "species"
NUMERIC = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
CATEGORICAL = ["island", "sex"]
MODEL_FILE = "model.joblib"


def run_fn(fn_args: Any) -> None:
    """Fit a logistic regression; save it as one file."""
    config = fn_args.custom_config or {}
    train, test = read_frame(fn_args.train_files), read_frame(fn_args.eval_files)
    model = build_model(float(config.get("strength", 1.0)))
    model.fit(features(train), train[LABEL])
    said = model.predict_proba(features(test))
    log_metrics(
        0,
        {
            "loss": log_loss(train[LABEL], model.predict_proba(features(train))),
            "val_loss": log_loss(test[LABEL], said),
            "val_accuracy": accuracy_score(test[LABEL], model.classes_[said.argmax(axis=1)]),
        },
    )
    folder = Path(fn_args.serving_model_dir)
    folder.mkdir(parents=True)
    joblib.dump(model, folder / MODEL_FILE)


def build_model(strength: float) -> Pipeline:
    """Numbers scaled, texts one-hot; a value that is missing becomes the usual one."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    texts = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )
    columns = ColumnTransformer([("numbers", numbers, NUMERIC), ("texts", texts, CATEGORICAL)])
    return make_pipeline(columns, LogisticRegression(C=strength, max_iter=1000))


def features(frame: pd.DataFrame) -> pd.DataFrame:
    """What the model looks at, with missing values as scikit-learn knows them."""
    texts = frame[CATEGORICAL].astype(object)
    return frame[NUMERIC].astype(float).join(texts.where(texts.notna(), float("nan")))


def predict_fn(model_path: str) -> Callable[[pd.DataFrame], dict[str, Any]]:
    """How the Evaluator asks the model: the probability of each class, and their names."""
    # A model of this pipeline's own: never load one of these files from elsewhere, it is code.
    model = joblib.load(Path(model_path) / MODEL_FILE)
    # As TFMA has texts; by them it finds the place of a label.
    names = np.array([name.encode() for name in model.classes_], dtype=object)

    def predict(frame: pd.DataFrame) -> dict[str, Any]:
        said = model.predict_proba(features(frame))
        return {"probabilities": said, "all_classes": np.tile(names, (len(frame), 1))}

    return predict
