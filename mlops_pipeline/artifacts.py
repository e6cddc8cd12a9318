"""Artifact types: what a node reads and writes, with TFX's names, properties and file layout.

An artifact is a file or folder (`uri`) with a type and properties. Its class declares some of them
(MLMD typed properties); any other key becomes an MLMD custom property.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import typing
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from mlops_pipeline.errors import NotFoundError, PipelineError

LAYOUT_PROPERTY = "tfx_version"
"""Says which TFX wrote an artifact, where its files are laid out as before 0.29; empty if unknown.

All others, ours among them, do not have it as a property that components see.
"""

NULL_PROPERTY = "__is_null__"
"""Set by TFX on a value that is None: its file is empty."""

PropertyValue = int | float | str | list[Any] | dict[str, Any]
"""Value of a property; lists and dicts are stored as JSON."""


def has_old_layout(properties: Mapping[str, Any]) -> bool:
    """Return True if TFX before 0.29 wrote the files: `train/`, not `Split-train/`."""
    if LAYOUT_PROPERTY not in properties:
        return False
    parts = re.match(r"(\d+)\.(\d+)", str(properties[LAYOUT_PROPERTY]))
    return parts is None or (int(parts[1]), int(parts[2])) < (0, 29)


class Artifact:
    """Something stored: base class of all artifact types, and the type that accepts any.

    Args:
        uri: where the files are: an absolute local path or a URL that fsspec knows.
        id: number in the metadata store; 0 while it is not published.
        properties: declared and further properties, by name.
        digest: digest of the content, where known.
    """

    TYPE_NAME: ClassVar[str] = "Artifact"
    BASE_TYPE: ClassVar[str | None] = None
    """MLMD base type: "Dataset", "Statistics", "Model" or "Metrics"."""
    PROPERTIES: ClassVar[Mapping[str, type]] = {}

    fetch: Callable[[], Path] | None = None
    """Gives the local copy of what is kept elsewhere, where there is a way to have one."""
    deleted: str = ""
    """When, why and by whom its files were removed, if they were."""
    damage: str = ""
    """Parts of its record that are not as they should be, if any."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "TYPE_NAME" not in vars(cls):
            cls.TYPE_NAME = cls.__name__

    def __init__(
        self,
        uri: str,
        *,
        id: int = 0,
        properties: Mapping[str, PropertyValue] | None = None,
        digest: str = "",
    ) -> None:
        self.uri = uri
        self.id = id
        self.properties: dict[str, PropertyValue] = dict(properties or {})
        self.digest = digest

    @property
    def path(self) -> Path:
        """The local path of the files; of what is kept elsewhere, that of a copy to read.

        Raises:
            PipelineError: the artifact is elsewhere, and there is no copy.
        """
        if self.fetch is not None:
            return self.fetch()
        parts = urlsplit(self.uri)
        if parts.scheme == "file":
            return Path(unquote(parts.path))
        if parts.scheme and "://" in self.uri:
            raise PipelineError(
                f"{self.TYPE_NAME} at {self.uri} has no local path",
                hint="open it with fsspec, or take it from a run: that has a local copy",
            )
        return Path(self.uri)

    def load(self, *, trusted: bool = False) -> Any:
        """Return the content as a Python object, by the loader registered for this type.

        Loaders are entry points of the group `mlops_pipeline.loaders`, named by artifact type.

        Args:
            trusted: load also what runs code of whoever made it. Loaders that know of such content
                take it as an argument, and refuse that content without it.
        """
        import inspect
        from importlib.metadata import entry_points

        if self.deleted:
            raise NotFoundError(
                f"{self.TYPE_NAME} {self.id} was {self.deleted}",
                hint="run what made it again: it is not taken from the cache",
            )

        for kind in type(self).__mro__:
            name = getattr(kind, "TYPE_NAME", "")
            for entry in entry_points(group="mlops_pipeline.loaders", name=name):
                loader = entry.load()
                takes = trusted and "trusted" in inspect.signature(loader).parameters
                return loader(self, trusted=True) if takes else loader(self)
        raise NotFoundError(
            f"nothing is registered that loads {self.TYPE_NAME}",
            hint="read the files below .path, or register an entry point in mlops_pipeline.loaders",
        )

    def __repr__(self) -> str:
        return f"{self.TYPE_NAME}({self.uri!r}, id={self.id})"


def _checked_split(name: str) -> str:
    if "/" in name or "\0" in name or name in ("", ".", ".."):
        raise PipelineError(
            f"{name!r} is no name of a split: it has to be one of a folder",
            hint="use letters, digits, - and _",
        )
    return name


class _Split(Artifact):
    """An artifact that has one folder a split."""

    PROPERTIES: ClassVar[Mapping[str, type]] = {"span": int, "split_names": str}

    @property
    def splits(self) -> list[str]:
        """Names of the splits, as the `split_names` property lists them.

        Raises:
            PipelineError: the property, which a store may have from anybody, is no list of names
                of folders.
        """
        text = str(self.properties.get("split_names") or "[]")
        try:
            names = json.loads(text)
        except (ValueError, RecursionError):
            names = None
        if not isinstance(names, list):
            raise PipelineError(
                f"the split_names of {self.TYPE_NAME} {self.uri} are no JSON list: {text[:60]!r}",
                hint="make it anew: its record was altered",
            )
        return [_checked_split(str(name)) for name in names]

    def split(self, name: str) -> Path:
        """Return the folder of one split: `<path>/Split-<name>`, of old artifacts `<path>/<name>`.

        Raises:
            NotFoundError: the artifact has no such split.
        """
        if name not in self.splits:
            raise NotFoundError(
                f"{self.TYPE_NAME} {self.uri} has no split {name!r}",
                hint=f"its splits are {', '.join(self.splits) or 'none'}",
            )
        return self.path / (name if has_old_layout(self.properties) else f"Split-{name}")

    def set_splits(self, names: list[str]) -> None:
        """Declare the splits of an output, in order.

        Raises:
            PipelineError: one cannot be the name of a folder.
        """
        for name in names:
            _checked_split(name)
        self.properties["split_names"] = json.dumps(names)


class Examples(_Split):
    """Training examples: `Split-<name>/data_tfrecord-#####-of-#####.gz`."""

    BASE_TYPE = "Dataset"
    PROPERTIES: ClassVar[Mapping[str, type]] = {"span": int, "version": int, "split_names": str}


class ExampleStatistics(_Split):
    """Statistics of examples: `Split-<name>/FeatureStats.pb` (DatasetFeatureStatisticsList)."""

    BASE_TYPE = "Statistics"


class ExampleAnomalies(_Split):
    """Anomalies of examples against a schema: `Split-<name>/SchemaDiff.pb` (Anomalies)."""


class Schema(Artifact):
    """A data schema: `schema.pbtxt` (tensorflow.metadata.v0.Schema)."""


class TransformGraph(Artifact):
    """Output of TensorFlow Transform, in its own layout (`transform_fn/`, ...)."""


class TransformCache(Artifact):
    """Analyzer cache of TensorFlow Transform."""


class Model(Artifact):
    """A trained model: `Format-Serving/` holds what is served."""

    BASE_TYPE = "Model"

    @property
    def serving(self) -> Path:
        """The folder of what is served.

        TFX before 0.29 has `serving_model_dir/`, and estimators below it
        `export/<name>/<version>/`.
        """
        if not has_old_layout(self.properties):
            return self.path / "Format-Serving"
        folder = self.path / "serving_model_dir"
        exported = sorted(folder.glob("export/*/*/saved_model.pb"))
        return exported[-1].parent if exported else folder


class ModelRun(Artifact):
    """Files of a training beside the model: logs, checkpoints."""


class ModelEvaluation(Artifact):
    """Output of TensorFlow Model Analysis: metrics, plots, validations, evaluation config."""


class ModelBlessing(Artifact):
    """An evaluator's verdict: a file `BLESSED` or `NOT_BLESSED`, and the property `blessed`."""


class InfraBlessing(Artifact):
    """An infrastructure validator's verdict: a file `INFRA_BLESSED` or `INFRA_NOT_BLESSED`."""


class PushedModel(Model):
    """A copy of the model that was pushed; `pushed_destination`, `pushed_version` say where.

    It goes where a `Model` goes: to the BulkInferrer, or as a baseline to the Evaluator.
    """

    @property
    def serving(self) -> Path:
        """The folder of what is served, which is all that there is."""
        return self.path


class ExamplesDiff(Artifact):
    """Differences of two sets of examples, by pair of splits: `SplitPair-<test>_<base>/`."""


class InferenceResult(Artifact):
    """Predictions of a batch inference."""


class HyperParameters(Artifact):
    """The best hyperparameters: `best_hyperparameters.txt` (JSON)."""


class TunerResults(Artifact):
    """All trials of a tuning: `tuner_results.json`."""


class ValueArtifact(Artifact):
    """A single value, kept in one file at `uri`, in the text form that TFX gives it."""

    PYTHON_TYPE: ClassVar[type] = object

    def encode(self, value: Any) -> bytes:
        """Return the bytes of the file that hold `value`."""
        raise NotImplementedError

    def decode(self, data: bytes) -> Any:
        """Return the value that `data` holds."""
        raise NotImplementedError

    def write(self, value: Any) -> None:
        """Store `value`."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(self.encode(value))

    def read(self) -> Any:
        """Return the stored value; None where TFX says so in a property, of whatever type."""
        if self.properties.get(NULL_PROPERTY):
            return None
        return self.decode(self.path.read_bytes())

    def load(self, *, trusted: bool = False) -> Any:
        """Return the stored value."""
        return self.read()


class String(ValueArtifact):
    """A text, as UTF-8."""

    PYTHON_TYPE = str

    def encode(self, value: Any) -> bytes:
        return str(value).encode()

    def decode(self, data: bytes) -> str:
        return data.decode()


class Bytes(ValueArtifact):
    """Raw bytes."""

    PYTHON_TYPE = bytes

    def encode(self, value: Any) -> bytes:
        return bytes(value)

    def decode(self, data: bytes) -> bytes:
        return data


class Integer(ValueArtifact):
    """A whole number, in decimal."""

    PYTHON_TYPE = int

    def encode(self, value: Any) -> bytes:
        return str(int(value)).encode()

    def decode(self, data: bytes) -> int:
        return int(data)


class Float(ValueArtifact):
    """A number; not-finite values are spelt `Infinity`, `-Infinity`, `NaN`."""

    PYTHON_TYPE = float

    def encode(self, value: Any) -> bytes:
        number = float(value)
        if math.isnan(number):
            return b"NaN"
        if math.isinf(number):
            return b"Infinity" if number > 0 else b"-Infinity"
        return repr(number).encode()

    def decode(self, data: bytes) -> float:
        return float(data)


class Boolean(ValueArtifact):
    """A truth value: `1` or `0`."""

    PYTHON_TYPE = bool

    def encode(self, value: Any) -> bytes:
        return b"1" if value else b"0"

    def decode(self, data: bytes) -> bool:
        return data.strip() == b"1"


class JsonValue(ValueArtifact):
    """A list, a dict or null, as JSON; the keys of a dict stay in their order."""

    PYTHON_TYPE = dict

    def encode(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def decode(self, data: bytes) -> Any:
        return json.loads(data)


def value_artifact_for(python_type: object) -> type[ValueArtifact]:
    """Return the artifact type for values of a Python type; `JsonValue` for others."""
    for kind in (String, Bytes, Boolean, Integer, Float):
        if python_type is kind.PYTHON_TYPE:
            return kind
    return JsonValue


def value_fields(hint: Any) -> dict[str, Any]:
    """Return the fields of a return type: a NamedTuple, a TypedDict, or a dataclass."""
    named = isinstance(hint, type) and (
        typing.is_typeddict(hint) or hasattr(hint, "_fields") or dataclasses.is_dataclass(hint)
    )
    return typing.get_type_hints(hint) if named else {}


def class_named(name: str, base: type[Artifact] = Artifact) -> type[Artifact] | None:
    """Return the class of an artifact type, among `base` and its subclasses.

    Of several, it is the one nearest to `base`, and of these the one defined first.
    """
    waiting = deque([base])
    while waiting:
        kind = waiting.popleft()
        if name == kind.TYPE_NAME:
            return kind
        waiting.extend(kind.__subclasses__())
    return None


VALUE_TYPES = frozenset(
    kind.TYPE_NAME for kind in (String, Bytes, Integer, Float, Boolean, JsonValue)
)
"""Names of the types whose artifacts are one file."""
