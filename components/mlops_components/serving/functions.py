"""Any function as a model: `module:name` makes, of a version's folder, a function that predicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.serving import (
    DEFAULT_SIGNATURE,
    STRING,
    BadInputFailure,
    ModelFailure,
    Signature,
    Tensor,
    Tensors,
    of_lists,
    to_lists,
)
from mlops_pipeline.user_code import load_target


def load_function(folder: str, options: Mapping[str, Any]) -> FunctionModel:
    """Load a model by the function that the option `predict` names.

    It takes the folder of a version and gives a function from a dict of inputs to an output, or to
    a dict of outputs: arrays of NumPy where that is installed, else nested lists. Attributes of
    that function say more: `signatures`, and `warmup`, a list of inputs.
    """
    target = str(options.get("predict", ""))
    if ":" not in target:
        raise ParameterError(f"--predict {target!r} is no function", hint="write module:name")
    predict = load_target(target)(folder)
    if not callable(predict):
        raise ParameterError(
            f"{target} gave {type(predict).__name__}, and no function",
            hint="return a function from a dict of inputs to outputs",
        )
    return FunctionModel(predict)


class FunctionModel:
    """A model that is a function."""

    def __init__(self, predict: Callable[[dict[str, Any]], Any]) -> None:
        self._predict = predict
        found = getattr(predict, "signatures", None)
        self.signatures: dict[str, Signature] = found or {DEFAULT_SIGNATURE: Signature()}
        self._reads, self._writes = _conversions()

    @property
    def warmup(self) -> Sequence[tuple[str, Tensors]]:
        """The requests that the function brings along."""
        name = next(iter(self.signatures))
        return [
            (name, {key: self._tensor(value) for key, value in inputs.items()})
            for inputs in getattr(self._predict, "warmup", ())
        ]

    def predict(self, signature: str, inputs: Tensors) -> Tensors:
        """Call the function with arrays."""
        found = self._predict({name: self._reads(tensor) for name, tensor in inputs.items()})
        outputs = found if isinstance(found, Mapping) else {"outputs": found}
        promised = self.signatures[signature].outputs
        return {
            str(name): self._tensor(value, promised[name].dtype if name in promised else "")
            for name, value in outputs.items()
        }

    def _tensor(self, value: Any, dtype: str = "") -> Tensor:
        return self._writes(value, dtype)


Conversions = tuple[Callable[[Tensor], Any], Callable[[Any, str], Tensor]]


def _conversions() -> Conversions:
    try:
        from mlops_components.serving import _arrays
    except ImportError:
        return _lists, _of_lists
    return _arrays.to_array, _arrays.of_array


def _lists(tensor: Tensor) -> Any:
    found = to_lists(tensor)
    return _texts(found) if tensor.dtype == STRING else found


def _texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_texts(each) for each in value]
    return value.decode(errors="replace")


def _of_lists(value: Any, dtype: str) -> Tensor:
    try:
        return of_lists(value, dtype)
    except BadInputFailure as failure:
        raise ModelFailure(f"the model's output is no tensor: {failure}", "output") from None
