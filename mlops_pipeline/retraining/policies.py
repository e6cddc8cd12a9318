"""Policies in a TOML file: when which pipeline trains which model again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import NotFoundError, SettingsError, did_you_mean
from mlops_pipeline.models import check_model_name
from mlops_pipeline.settings import read_toml

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,49}", re.ASCII)
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


@dataclass(frozen=True)
class RetrainPolicy:
    """Rules by which a model is trained again.

    Args:
        pipeline: as `mlops run` takes it; a relative path starts at the folder of the file.
        on_inputs: train when data, code or parameters have changed since the last run.
        business_metric: train when the lift of the champion on it is shown to be below
            `business_below`, whatever has changed.
        drift_window: seconds of requests that are compared with the first ones that the champion
            has answered; where they drifted, what has changed is trained on though `on_inputs` is
            false. 0 for no look.
        cool_down: seconds from one training to the next.
        budget: trainings within 24 hours, at most.
    """

    name: str
    pipeline: str
    model: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    on_inputs: bool = True
    business_metric: str = ""
    business_below: float = 0.0
    drift_window: float = 0.0
    cool_down: float = 0.0
    budget: int = 24


def read_policies(path: Path) -> dict[str, RetrainPolicy]:
    """Read the policies of a file by their names: tables `[policy.NAME]`.

    Raises:
        NotFoundError: there is no such file.
        SettingsError: it says something that no policy says.
    """
    path = Path(path).absolute()
    if not path.is_file():
        raise NotFoundError(f"there is no file {path}", hint="name one with [policy.NAME] tables")
    told = read_toml(path)
    tables = told.get("policy")
    if set(told) != {"policy"} or not isinstance(tables, Mapping) or not tables:
        raise SettingsError(f"{path} has no policies", hint="write [policy.daily], and no more")
    return {name: _policy(path, name, table) for name, table in tables.items()}


def _policy(path: Path, name: str, table: Any) -> RetrainPolicy:
    where = f"{path}: policy.{name}"
    if not _NAME.fullmatch(name) or not isinstance(table, Mapping):
        raise SettingsError(
            f"{where} is no policy", hint="use small letters, digits, - and _ in [policy.NAME]"
        )
    known = {each.name: each.default for each in fields(RetrainPolicy) if each.name != "name"}
    for key in table:
        if key not in known:
            raise SettingsError(f"{where} has no {key!r}", hint=did_you_mean(key, known))
    for key in ("pipeline", "model"):
        if not isinstance(table.get(key), str) or not table[key]:
            raise SettingsError(f"{where} has no {key}", hint=f'write {key} = "..."')
    values = {key: _value(f"{where}.{key}", key, value) for key, value in table.items()}
    check_model_name(values["model"])
    values["pipeline"] = _target(path.parent, values["pipeline"])
    policy = RetrainPolicy(name, **values)
    if not policy.on_inputs and not policy.business_metric and not policy.drift_window:
        raise SettingsError(
            f"{where} never trains",
            hint="set on_inputs = true, a business_metric or a drift_window",
        )
    return policy


def _value(where: str, key: str, value: Any) -> Any:
    if key in ("cool_down", "drift_window"):
        return _seconds(where, value)
    kinds: dict[str, tuple[type, ...]] = {
        "parameters": (dict,),
        "on_inputs": (bool,),
        "budget": (int,),
        "business_below": (int, float),
    }
    wanted = kinds.get(key, (str,))
    is_flag = isinstance(value, bool) and wanted != (bool,)
    if (
        not isinstance(value, wanted)
        or is_flag
        or (isinstance(value, int) and value < 1 and key == "budget")
    ):
        raise SettingsError(f"{where} is {value!r}", hint=f"give {_KINDS.get(wanted, 'a text')}")
    return value


_KINDS: dict[tuple[type, ...], str] = {
    (dict,): "a table",
    (bool,): "true or false",
    (int,): "a whole number from 1",
    (int, float): "a number, as in -0.05",
}


def _seconds(where: str, value: Any) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", value) if isinstance(value, str) else None
    if not found:
        raise SettingsError(f"{where} is {value!r}", hint='write "30m", "12h" or "7d"')
    return float(found[1]) * _UNITS[found[2]]


def _target(folder: Path, target: str) -> str:
    """Return a pipeline with its path from the folder of the file, where it is a path."""
    path, colon, attribute = target.partition(":")
    return f"{folder / path}{colon}{attribute}" if (folder / path).exists() else target
