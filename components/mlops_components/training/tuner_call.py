"""The call of the user's tuner function, and the checks of its result."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_components.training.fn_args import FnArgs, TunerFnResult
from mlops_components.user_modules import tfx_importable, user_function
from mlops_pipeline.errors import ExecutorError


@dataclass(frozen=True)
class TunerCall:
    """Call of `tuner_fn`, to be made in this process or in another one.

    Args:
        payload: what a record of the examples is.
    """

    module_file: Path | None
    tuner_fn: str
    tfx_compat: bool
    arguments: FnArgs
    payload: str

    def make(self, stack: ExitStack) -> TunerFnResult:
        """Call the user's `tuner_fn`; what it needs of its module stays until `stack` is closed.

        Raises:
            ExecutorError: it returned something else.
        """
        stack.enter_context(tfx_importable(self.tfx_compat))
        function = stack.enter_context(user_function("tuner_fn", self.module_file, self.tuner_fn))
        made = function(self.arguments)
        tuner, fit_kwargs = getattr(made, "tuner", None), getattr(made, "fit_kwargs", None)
        if not (hasattr(tuner, "search") and hasattr(tuner, "oracle")):
            raise _wrong_result(f"tuner_fn returned {_short(made)}")
        if not isinstance(fit_kwargs, dict):
            raise _wrong_result(f"tuner_fn returned fit_kwargs that are {_short(fit_kwargs)}")
        return TunerFnResult(tuner, fit_kwargs)


def _wrong_result(message: str) -> ExecutorError:
    hint = "return TunerFnResult(tuner=<a tuner of KerasTuner>, fit_kwargs=<dict for its search>)"
    return ExecutorError(message, hint=hint, retryable=False)


def _short(value: Any) -> str:
    return repr(value)[:100]
