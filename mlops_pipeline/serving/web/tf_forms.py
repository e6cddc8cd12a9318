"""Bodies of TensorFlow Serving's REST interface: rows, columns, examples, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlops_pipeline.serving.models import (
    STRING,
    BadInputFailure,
    ModelFailure,
    Signature,
    Tensor,
    Tensors,
    of_lists,
    of_strings,
    to_lists,
)
from mlops_pipeline.serving.web.json_bodies import shown_values
from mlops_pipeline.serving.web.tf_examples import encode_example

ONLY_INPUT = "inputs"
"""The name of an input of a model that takes what it is given, where the client names none."""

_KNOWN = {
    "predict": {"signature_name", "instances", "inputs"},
    "classify": {"signature_name", "context", "examples"},
    "regress": {"signature_name", "context", "examples"},
}


def check_body(body: Mapping[str, Any], verb: str) -> str:
    """Return the name of the signature in a body; empty for the default one.

    Raises:
        BadInputFailure: the body is not of the form that the verb asks for.
    """
    name = body.get("signature_name", "")
    if not isinstance(name, str):
        raise BadInputFailure("'signature_name' key must be a string value.")
    if verb == "predict":
        both = ("instances" in body) + ("inputs" in body)
        if both != 1:
            raise BadInputFailure(
                "Missing 'inputs' or 'instances' key"
                if not both
                else "Not formatted correctly expecting only one of 'instances' or 'inputs' keys "
                "to exist"
            )
    elif "examples" not in body:
        raise BadInputFailure(
            "When method is classify, key 'examples' is expected and was not found"
        )
    unknown = sorted(set(body) - _KNOWN[verb])
    if unknown:
        raise BadInputFailure(f"the key {unknown[0][:100]!r} is not known")
    return name


def read_tensors(body: Mapping[str, Any], verb: str, signature: Signature) -> Tensors:
    """Return the inputs in a body, as a signature takes them.

    Raises:
        BadInputFailure: they are not of that form.
    """
    if verb != "predict":
        return _read_examples(body, verb, signature)
    if "instances" in body:
        return _read_rows(body["instances"], signature)
    return _read_columns(body["inputs"], signature)


def _read_rows(instances: Any, signature: Signature) -> Tensors:
    if not isinstance(instances, list):
        raise BadInputFailure("Expected 'instances' to be an list/array")
    if not instances:
        raise BadInputFailure("'instances' is an empty list")
    names = list(signature.inputs)
    if not _is_named(instances[0]):
        if len(names) > 1:
            raise BadInputFailure(
                "instances is a plain list, but expecting list of objects as multiple input "
                "tensors required as per tensorinfo_map"
            )
        name = names[0] if names else ONLY_INPUT
        return {name: of_lists(instances, _dtype(signature, name))}
    names = names or list(instances[0])
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for index, row in enumerate(instances):
        if not isinstance(row, dict) or row.keys() != columns.keys():
            raise BadInputFailure(_row_fault(index, row, names))
        for name in names:
            columns[name].append(row[name])
    return {name: of_lists(values, _dtype(signature, name)) for name, values in columns.items()}


def _row_fault(index: int, row: Any, names: Sequence[str]) -> str:
    start = f"Failed to process element: {index} of 'instances' list. Error: INVALID_ARGUMENT: JSON"
    if not isinstance(row, dict):
        return f"{start} Value: is no object"
    missing = [name for name in names if name not in row]
    if missing:
        return f"{start} object: does not have named input: {missing[0]}"
    extra = sorted(set(row) - set(names))
    return f"{start} object: has an input that is not known: {extra[0][:100]}"


def _read_columns(inputs: Any, signature: Signature) -> Tensors:
    names = list(signature.inputs)
    if not _is_named(inputs):
        if len(names) > 1:
            raise BadInputFailure(
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            )
        name = names[0] if names else ONLY_INPUT
        return {name: of_lists(inputs, _dtype(signature, name))}
    for name in names:
        if name not in inputs:
            raise BadInputFailure(f"Missing named input: {name} in 'inputs' object.")
    return {name: of_lists(value, _dtype(signature, name)) for name, value in inputs.items()}


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and set(value) != {"b64"}


def _dtype(signature: Signature, name: str) -> str:
    return signature.inputs[name].dtype if name in signature.inputs else ""


def _read_examples(body: Mapping[str, Any], verb: str, signature: Signature) -> Tensors:
    if signature.method != verb:
        kind = {"classify": "classification", "regress": "regression"}[verb]
        raise BadInputFailure(
            f"Expected {kind} signature method_name to be tensorflow/serving/{verb}. "
            f"Was: {signature.method_name}"
        )
    context, examples = body.get("context", {}), body["examples"]
    if not isinstance(context, dict):
        raise BadInputFailure("'context' is no object")
    if not isinstance(examples, list) or not examples:
        raise BadInputFailure("'examples' value must be a list of objects, and not empty")
    texts = []
    for index, example in enumerate(examples):
        if not isinstance(example, dict):
            raise BadInputFailure(f"Example {index} is no object")
        twice = sorted(set(context) & set(example))
        if twice:
            raise BadInputFailure(f"feature {twice[0][:100]!r} is in 'context' and in an example")
        texts.append(encode_example({**context, **example}))
    name = next(iter(signature.inputs), ONLY_INPUT)
    return {name: Tensor(STRING, (len(texts),), of_strings(texts))}


def answer_body(body: Mapping[str, Any], verb: str, outputs: Tensors) -> dict[str, Any]:
    """Return the answer to a body.

    Raises:
        ModelFailure: the model's outputs are not of the form that the verb asks for.
    """
    if verb == "classify":
        return {"results": classes_of(outputs)}
    if verb == "regress":
        return {"results": numbers_of(outputs)}
    shown = {name: shown_values(name, tensor) for name, tensor in sorted(outputs.items())}
    if "inputs" in body:
        return {"outputs": next(iter(shown.values())) if len(shown) == 1 else shown}
    sizes = {tensor.rows for tensor in outputs.values()}
    if len(sizes) != 1 or sizes == {-1}:
        raise ModelFailure("the outputs have no rows; ask in the column form, 'inputs'", "output")
    if len(shown) == 1:
        return {"predictions": next(iter(shown.values()))}
    names = list(shown)
    rows = zip(*shown.values(), strict=True)
    return {"predictions": [dict(zip(names, row, strict=True)) for row in rows]}


def classes_of(outputs: Tensors) -> list[Any]:
    """Return labels and scores of each example.

    Raises:
        ModelFailure: there are none.
    """
    scores, classes = outputs.get("scores"), outputs.get("classes")
    if scores is None and classes is None:
        raise ModelFailure("the model gave neither classes nor scores", "output")
    shown = shown_values("classes", classes) if classes is not None else None
    numbers = to_lists(scores) if scores is not None else None
    rows = shown or numbers or []
    found = []
    for index in range(len(rows)):
        labels = shown[index] if shown else [""] * len(rows[index])
        points = numbers[index] if numbers else [0.0] * len(rows[index])
        found.append([[label, point] for label, point in zip(labels, points, strict=False)])
    return found


def numbers_of(outputs: Tensors) -> list[Any]:
    """Return the number of each example.

    Raises:
        ModelFailure: there are none.
    """
    tensor = outputs.get("outputs")
    if tensor is None:
        raise ModelFailure("the model gave no 'outputs'", "output")
    values = to_lists(tensor)
    return [each[0] if isinstance(each, list) and each else each for each in values]
