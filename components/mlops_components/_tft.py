"""TensorFlow Transform in memory: its own analysis, with no Beam process around it.

This module imports TFT and Beam when it is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow.core.example.example_pb2 import Example
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io
from tfx_bsl.coders import example_coder
from tfx_bsl.public import tfxio
from tfx_bsl.tfxio import tensor_adapter, tensor_to_arrow

from mlops_components import _memory_beam, _saved_model
from mlops_components._memory_steps import Stream
from mlops_components.examples import read_batches

Preprocess = Callable[[Any], Any]


def adapter_config(schema: Any) -> Any:
    """How examples of a schema become tensors."""
    reader = tfxio.TFExampleRecord(["-"], schema=schema, telemetry_descriptors=["Transform"])
    return reader.TensorAdapterConfig()


def analyze(
    files: Sequence[Path], schema: Any, preprocess: Preprocess, graph: Path, scratch: Path
) -> None:
    """Run all analyzers over the files and write the transform graph."""
    config = adapter_config(schema)

    def build(pipeline: Any) -> None:
        data = pipeline | Stream(lambda: read_batches(files, schema=schema))
        function = (data, config) | tft_beam.AnalyzeDataset(preprocess)
        function | tft_beam.WriteTransformFn(str(graph))

    with tft_beam.Context(temp_dir=str(scratch)):
        _memory_beam.run(build)
    _saved_model.make_stable(graph / tft.TFTransformOutput.TRANSFORM_FN_DIR, scratch)
    raw = dataset_metadata.DatasetMetadata(schema)
    metadata_io.write_metadata(raw, str(graph / tft.TFTransformOutput.RAW_METADATA_DIR))


class Transformer:
    """Applies a transform graph to batches of examples."""

    def __init__(self, graph: Path, schema: Any) -> None:
        self._output = tft.TFTransformOutput(str(graph))
        self._layer = self._output.transform_features_layer()
        self._adapter = tensor_adapter.TensorAdapter(adapter_config(schema))
        self._schema = self._output.transformed_metadata.schema
        self._encoder = example_coder.RecordBatchToExamplesEncoder(self._schema)
        self._converter: Any = None

    def records(self, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
        """The transformed examples, serialised."""
        for batch in batches:
            tensors = self._layer(self._adapter.ToBatchTensors(batch))
            if self._converter is None:
                specs = {n: _spec(t) for n, t in tensors.items()}
                self._converter = tensor_to_arrow.TensorsToRecordBatchConverter(specs)
            for record in self._encoder.encode(self._converter.convert(tensors)):
                # The encoder writes features in the order of a hash table.
                yield Example.FromString(record).SerializeToString(deterministic=True)


def _spec(tensor: Any) -> Any:
    """The type of a tensor, whatever its number of rows."""
    spec = tf.type_spec_from_value(tensor)
    shape = [None, *spec.shape.as_list()[1:]]
    if isinstance(spec, tf.SparseTensorSpec):
        return tf.SparseTensorSpec(shape, spec.dtype)
    if isinstance(spec, tf.RaggedTensorSpec):
        return tf.RaggedTensorSpec(shape, spec.dtype, spec.ragged_rank, spec.row_splits_dtype)
    return tf.TensorSpec(shape, spec.dtype)
