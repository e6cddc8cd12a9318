"""TensorFlow Transform in memory: its own analysis, with no Beam process around it.

This module imports TFT and Beam when it is imported.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apache_beam as beam
import pyarrow as pa
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow.core.example.example_pb2 import Example
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io
from tfx_bsl.coders import example_coder
from tfx_bsl.public import tfxio
from tfx_bsl.tfxio import tensor_adapter, tensor_to_arrow

from mlops_components.engines import _memory_runner, open_pipeline
from mlops_components.engines._memory_steps import Stream
from mlops_components.models import _saved_model
from mlops_components.preprocessing import _analyzer_cache
from mlops_components.records import PayloadFormat, decoded, records_of_files
from mlops_components.records._beam_reads import Decode, Reads
from mlops_pipeline.errors import ExecutorError, PipelineError, did_you_mean
from mlops_pipeline.tracebacks import summary, traceback_tail

if TYPE_CHECKING:
    from mlops_components.preprocessing.parts import CacheFolders, Part

log = logging.getLogger(__name__)

_PYTHON = ("PyFunc", "PyFuncStateless", "EagerPyFunc")


class Preprocess:
    """The user's `preprocessing_fn`, whose mistakes are named.

    Attributes:
        runs_python: whether its graph calls Python functions; known when it has been traced.
    """

    def __init__(self, function: Callable[..., Any], features: Sequence[str]) -> None:
        self._function = function
        self._features = features
        self.runs_python = False

    def __call__(self, inputs: Any) -> Any:
        try:
            outputs = self._function(inputs)
        except PipelineError:
            raise
        except Exception as error:
            raise self._explained(error) from error
        if not isinstance(outputs, Mapping) or not outputs:
            raise ExecutorError(
                f"preprocessing_fn returned {'nothing' if not outputs else type(outputs).__name__}",
                hint="return a dict of tensors by the names of the new features",
                retryable=False,
            )
        for name, value in outputs.items():
            if not isinstance(value, (tf.Tensor, tf.SparseTensor, tf.RaggedTensor)):
                raise ExecutorError(
                    f"preprocessing_fn returned a {type(value).__name__} for {name!r}",
                    hint="return a tensor",
                    retryable=False,
                )
        operations = tf.compat.v1.get_default_graph().as_graph_def()
        nodes = itertools.chain(
            operations.node, *(function.node_def for function in operations.library.function)
        )
        self.runs_python = any(node.op in _PYTHON for node in nodes)
        return outputs

    def _explained(self, error: Exception) -> ExecutorError:
        name = error.args[0] if isinstance(error, KeyError) and error.args else None
        if isinstance(name, str) and name not in self._features:
            return ExecutorError(
                f"preprocessing_fn asks for the feature {name!r}, which the schema does not have",
                hint=did_you_mean(name, self._features),
                retryable=False,
            )
        return ExecutorError(
            f"preprocessing_fn failed: {summary(error)}",
            hint="fix it; the details say where",
            retryable=False,
            details=traceback_tail(error),
        )


@dataclass(frozen=True)
class Records:
    """Records of examples, which become batches and tensors.

    Args:
        schema: of the records.
        payload: TFX's name for what they are.
    """

    schema: Any
    payload: str

    def batches(self, files: Sequence[Path]) -> Iterator[pa.RecordBatch]:
        """Return the records of files."""
        return decoded(files, payload=self.payload, schema=self.schema)

    def decode(self) -> Decode:
        """Return the step of a Beam pipeline from records to batches."""
        return Decode(self.payload, self.schema)

    def _reader(self) -> Any:
        """Return TFT's reader, which says how batches become tensors."""
        is_sequence = self.payload == PayloadFormat.TF_SEQUENCE_EXAMPLE
        kind = tfxio.TFSequenceExampleRecord if is_sequence else tfxio.TFExampleRecord
        return kind(["-"], schema=self.schema, telemetry_descriptors=["Transform"])

    @property
    def specs(self) -> dict[str, Any]:
        """The types of the tensors, by the names that `preprocessing_fn` sees."""
        specs: dict[str, Any] = self._reader().TensorAdapter().OriginalTypeSpecs()
        return specs

    @property
    def tensors(self) -> Any:
        """The configuration that turns batches into tensors, as TFT takes it."""
        return self._reader().TensorAdapterConfig()


def refuse_empty(files: Sequence[Path]) -> None:
    """Refuse files that hold no examples at all; no files are fine.

    Raises:
        ExecutorError: they are empty.
    """
    if files and next(records_of_files(files, 1), None) is None:
        raise ExecutorError(
            f"{files[0].parent} holds no examples",
            hint="split the examples in another way, or leave the split out of splits_config",
            retryable=False,
        )


def datasets(parts: Sequence[Part], records: Records) -> list[_analyzer_cache.Dataset]:
    """Return the parts of examples as TFT's datasets, named by their content."""
    how = b"".join(
        name.encode() + shape.SerializeToString(deterministic=True)
        for name, shape in sorted(records.tensors.tensor_representations.items())
    )
    known: Counter[str] = Counter()
    found = []
    for part in parts:
        digest = hashlib.sha256(part.digest.encode() + how).hexdigest()[:32]
        key = re.sub(r"[^A-Za-z0-9._-]", "-", f"Split-{part.split}-{digest}")
        # Equal examples count as often as they are given.
        known[key] += 1
        found.append(_analyzer_cache.Dataset(f"{key}-{known[key]}", part.files))
    return found


@dataclass(frozen=True)
class Analysis:
    """Input and options of an analysis.

    Args:
        datasets: the examples.
        records: of what the examples are made.
        preprocess: the user's function.
        scratch: a folder that is deleted afterwards.
        force_tf_compat_v1: trace the function as TensorFlow 1 does.
    """

    datasets: Sequence[_analyzer_cache.Dataset]
    records: Records
    preprocess: Preprocess
    scratch: Path
    force_tf_compat_v1: bool = False


def analyze(
    analysis: Analysis,
    graph: Path,
    folders: CacheFolders | None = None,
    beam_arguments: Sequence[str] | None = None,
) -> None:
    """Run all analyzers and write the transform graph.

    Args:
        folders: None neither reads nor writes an analyzer cache.
        beam_arguments: of a Beam pipeline; None stays in memory.
    """
    written: dict[str, list[bytes]] = {}

    def build(pipeline: Any) -> None:
        inputs = {
            d.tft_key: pipeline | f"Read[{d.key}]" >> _source(d, analysis.records, reads)
            for d in wanted
        }
        function, computed = _built(analysis, pipeline, inputs, cache if folders else None)
        function | tft_beam.WriteTransformFn(str(graph))
        if folders is not None:
            written.update(_analyzer_cache.add_writes(computed, cache, folders.new))

    reads = None if beam_arguments is None else Reads(graph)
    with (
        _tensors_explained(),
        _analyzer_cache.safe_coders(),
        tft_beam.Context(
            temp_dir=str(analysis.scratch), force_tf_compat_v1=analysis.force_tf_compat_v1
        ),
    ):
        cache = _found(analysis, folders)
        wanted = [d for d in analysis.datasets if d.key not in cache.unread]
        refuse_empty([file for dataset in wanted for file in dataset.files])
        if beam_arguments is None:
            _memory_runner.run(build)
        else:
            with open_pipeline(beam_arguments) as pipeline:
                build(pipeline)
    if reads is not None:
        reads.check()
    if folders is not None:
        _analyzer_cache.finish(written, cache, folders.new)
    _saved_model.make_stable(graph / tft.TFTransformOutput.TRANSFORM_FN_DIR, analysis.scratch)
    raw = dataset_metadata.DatasetMetadata(analysis.records.schema)
    metadata_io.write_metadata(raw, str(graph / tft.TFTransformOutput.RAW_METADATA_DIR))


def _found(analysis: Analysis, folders: CacheFolders | None) -> _analyzer_cache.Cache:
    """Read the parts of the analysis that the old cache has."""
    if folders is None or folders.old is None:
        return _analyzer_cache.NOTHING
    traced = (analysis.preprocess, analysis.records.specs, analysis.force_tf_compat_v1)
    cache = _analyzer_cache.find(folders.old, analysis.datasets, *traced)
    log.info("%d of %d datasets are in the cache", len(cache.unread), len(analysis.datasets))
    return cache


def _built(
    analysis: Analysis, pipeline: Any, inputs: dict[Any, Any], cache: _analyzer_cache.Cache | None
) -> tuple[Any, Any]:
    """Return the transform function, and what is new for the cache."""
    config = analysis.records.tensors
    if cache is None:
        data = list(inputs.values()) | beam.Flatten(pipeline=pipeline)
        return (data, config) | tft_beam.AnalyzeDataset(analysis.preprocess), {}
    given = {d.tft_key: inputs.get(d.tft_key) for d in analysis.datasets}
    analyzer = tft_beam.AnalyzeDatasetWithCache(analysis.preprocess, pipeline=pipeline)
    function, computed = (given, cache.collections(pipeline), config) | analyzer
    return function, computed


def _source(dataset: _analyzer_cache.Dataset, records: Records, reads: Reads | None) -> Any:
    if reads is not None:
        return reads.records(dataset.files) | beam.ParDo(records.decode())
    return Stream(lambda: records.batches(dataset.files))


def schema_after(graph: Path) -> Any:
    """Return the schema of the transformed examples."""
    return tft.TFTransformOutput(str(graph)).transformed_metadata.schema


def vocabularies(graph: Path) -> dict[str, str]:
    """Return the files of the vocabularies, by name."""
    output = tft.TFTransformOutput
    assets = graph / output.TRANSFORM_FN_DIR / tf.saved_model.ASSETS_DIRECTORY
    names = graph / output.TRANSFORMED_METADATA_DIR / output.ASSET_MAP
    files = json.loads(names.read_text()) if names.is_file() else {}
    return {name: str(assets / file) for name, file in files.items()}


@contextmanager
def _tensors_explained() -> Iterator[None]:
    """Name the feature of which no tensor can be made; runners wrap the error in others."""
    try:
        yield
    except Exception as error:
        behind: BaseException | None = error
        while behind is not None:
            if "handling tensor" in str(behind) and behind.__cause__ is not None:
                raise _no_tensor(behind) from error
            behind = behind.__cause__ or behind.__context__
        raise


def _no_tensor(error: BaseException) -> ExecutorError:
    """Return the error for a feature that is missing, or too long for its schema."""
    name = re.search("handling tensor '(.*)'", str(error))
    sizes = re.search(r"Expected (\d+) elements but got (\d+)", str(error.__cause__))
    what = f"the feature {name[1]!r}" if name else "a feature"
    if sizes is None:
        problem = f"{what} cannot become a tensor: {summary(error.__cause__ or error)}"
    else:
        problem = (
            f"the schema gives {what} a fixed shape, and some examples do not have it: of "
            f"{sizes[1]} values in a batch there are {sizes[2]}"
        )
    return ExecutorError(
        problem,
        hint="take the schema from statistics of all examples that are transformed, or with "
        "SchemaGen(infer_feature_shape=False)",
        retryable=False,
    )


class Transformer:
    """Applies a transform graph to batches of examples."""

    def __init__(self, graph: Path, records: Records) -> None:
        self._layer = tft.TFTransformOutput(str(graph)).transform_features_layer()
        self._adapter = tensor_adapter.TensorAdapter(records.tensors)
        self._converter: Any = None

    def batches(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the transformed examples as record batches."""
        for batch in batches:
            with _tensors_explained():
                given = self._adapter.ToBatchTensors(batch)
            tensors = self._layer(given)
            if self._converter is None:
                specs = {n: _spec(t) for n, t in tensors.items()}
                self._converter = tensor_to_arrow.TensorsToRecordBatchConverter(specs)
            yield self._converter.convert(tensors)


class Encoder:
    """Serialises record batches of a schema as examples."""

    def __init__(self, schema: Any) -> None:
        self._encoder = example_coder.RecordBatchToExamplesEncoder(schema)

    def records(self, batch: pa.RecordBatch) -> Iterator[bytes]:
        """Yield the rows of a batch."""
        for record in self._encoder.encode(batch):
            # The encoder writes features in the order of a hash table.
            yield Example.FromString(record).SerializeToString(deterministic=True)


def _spec(tensor: Any) -> Any:
    """Return the type of a tensor, whatever its number of rows."""
    spec = tf.type_spec_from_value(tensor)
    shape = [None, *spec.shape.as_list()[1:]]
    if isinstance(spec, tf.SparseTensorSpec):
        return tf.SparseTensorSpec(shape, spec.dtype)
    if isinstance(spec, tf.RaggedTensorSpec):
        return tf.RaggedTensorSpec(shape, spec.dtype, spec.ragged_rank, spec.row_splits_dtype)
    return tf.TensorSpec(shape, spec.dtype)
