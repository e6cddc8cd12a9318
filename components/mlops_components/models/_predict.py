"""Models that a function of the user asks, and their errors.

This module imports NumPy when it is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mlops_components.user_modules import optional_function
from mlops_pipeline.errors import ExecutorError, ParameterError, PipelineError
from mlops_pipeline.tracebacks import summary, traceback_tail

PREDICT = "predict_fn"
"""The function of a module file that makes a model's predictions: takes the path of the model,
gives a function from a table of examples to an array, or to a dict of arrays by output."""


class UnusableModelError(ExecutorError):
    """A model under evaluation cannot be loaded or words.

    Args:
        is_baseline: whether it is the baseline.
    """

    def __init__(
        self, message: str, *, hint: str = "", is_baseline: bool = False, details: str = ""
    ) -> None:
        super().__init__(message, hint=hint, retryable=False, details=details)
        self.is_baseline = is_baseline


@dataclass(frozen=True)
class ModelFolder:
    """A model at a path.

    Args:
        is_baseline: whether another model is compared with it.
    """

    path: Path
    is_baseline: bool = False

    @property
    def named(self) -> str:
        """The model in words, for errors."""
        return f"the {'baseline model' if self.is_baseline else 'model'} at {self.path}"

    def unusable(
        self, problem: str, *, hint: str, cause: BaseException | None = None
    ) -> UnusableModelError:
        """Return the error that says why it cannot be evaluated."""
        details = "" if cause is None else traceback_tail(cause)
        return UnusableModelError(
            f"{self.named} {problem}", hint=hint, is_baseline=self.is_baseline, details=details
        )


@dataclass(frozen=True)
class Wording:
    """How a kind of model is asked, in words for errors.

    Args:
        where: it fails.
        load_hint: what to do if it cannot be loaded.
        ask_hint: what to do if it fails on examples.
    """

    where: str
    load_hint: str
    ask_hint: str


OF_KERAS = Wording("on a batch of examples", "train it again", "train it on these features")
_OF_FUNCTION = Wording(
    f"in {PREDICT}",
    f"fix {PREDICT}, or train the model again",
    f"fix {PREDICT}, or what it is given",
)

Ask = Callable[[Any, int], Any]
"""Takes the examples of a batch and their number, gives an array, or a dict of them by output."""


def load_predict_fn(folder: ModelFolder, module_file: Path | None) -> Ask:
    """Load a model by the user's `predict_fn`, which takes tables.

    Raises:
        ParameterError: the module defines none.
        UnusableModelError: the model cannot be loaded.
    """
    make = optional_function(PREDICT, module_file)
    if make is None:
        raise ParameterError(
            f"{module_file} defines no {PREDICT}",
            hint=f"define {PREDICT}(model_path), a function from a table to predictions",
        )
    return load_named(folder, lambda: make(str(folder.path)), _OF_FUNCTION)


def load_named(folder: ModelFolder, load: Callable[[], Any], words: Wording) -> Ask:
    """Load a model, and return a function that asks it: whatever fails names the model.

    Args:
        load: gives a function from examples to predictions.

    Raises:
        UnusableModelError: it cannot be loaded.
    """
    try:
        predict = load()
    except PipelineError:
        raise
    except Exception as error:
        problem = f"cannot be loaded: {summary(error)}"
        raise folder.unusable(problem, hint=words.load_hint, cause=error) from error

    def ask(examples: Any, size: int) -> Any:
        try:
            answers = predict(examples)
        except PipelineError:
            raise
        except Exception as error:
            problem = f"fails {words.where}: {summary(error)}"
            raise folder.unusable(problem, hint=words.ask_hint, cause=error) from error
        return _checked(answers, size, folder)

    return ask


def _checked(answers: Any, size: int, folder: ModelFolder) -> Any:
    if isinstance(answers, Mapping):
        return {str(name): _checked(value, size, folder) for name, value in answers.items()}
    try:
        array = np.asarray(answers)
    except ValueError as error:
        raise folder.unusable(
            f"gave predictions that are no array: {error}",
            hint="give as many predictions for each example as for any other",
        ) from None
    if array.ndim == 0 or len(array) != size:
        raise folder.unusable(
            f"gave {'one value' if array.ndim == 0 else len(array)} for {size} examples",
            hint="give one prediction, or one row of them, for each example",
        )
    return array
