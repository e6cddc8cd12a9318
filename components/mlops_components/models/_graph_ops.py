"""Operations of a SavedModel that reach out of its graph: files, networks, Python.

TensorFlow runs some operations of a SavedModel as it loads it, and the others when it is asked. The
graph is read here without either. By the operations that TensorFlow has registered: one that keeps
no state is a computation, unless it is known to read files; one that does is let through if it is
known to stay within the model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from mlops_pipeline.errors import PipelineError

_OUTSIDE = re.compile(
    r"""(Read|Write)File | MatchingFiles | ImmutableConst | \w*PyFunc\w* | RecordInput
    | \w*Reader(V2)? | Reader\w+ | GenerateVocabRemapping | LoadAndRemapMatrix | \w*Summary\w*
    | Debug(Identity|Numeric|Nan)\w* | DumpTensor | Rpc\w+ | RemoteCall | FileSystem\w+
    | \w*(Avro|BigQuery|Bigtable|Cache|CSV|DataService|FixedLengthRecord|LMDB|Load|Parquet|Register
        |Save|Snapshot|Sql|TextLine|TFRecord)\w*Dataset\w*""",
    re.VERBOSE,
)
_WITHIN = re.compile(
    r"""\w*(Variable|VarHandle|VarIsInitialized|Table|Iterator|Random|Seed|Queue|Dataset|Sampler)\w*
    | (Tensor(Array|List|Map)|Resource|Stack|Assign|Scatter|Stateful|Rng|Mutex|Boosted|Cudnn)\w*
    | \w*Accumulator\w* | _?(If|While|Case) | _(Arg|Retval) | Assert | CheckNumerics\w* | Empty
    | Multinomial | \w*TruncatedNormal | NonDeterministicInts | XlaCallModule | Skipgram
    | GuaranteeConst | DisableCopyOnRead | Timestamp | DestroyResourceOp | SampleDistorted\w+
    | IsResourceHandleRefCounting | (Anonymous|Dummy|Delete)MemoryCache | (Map|OrderedMap)?Stage
    | StubResourceHandleOp | \w*SparseFromTensorsMap | Add(Many)?SparseToTensorsMap""",
    re.VERBOSE,
)
_CHECKPOINT = frozenset({"SaveV2", "RestoreV2", "MergeV2Checkpoints", "Save", "Restore"})
_SAVER = re.compile(r"__inference__traced_(save|restore)_\d+")


def refuse_reaching_out(folder: Path) -> None:
    """Refuse a SavedModel whose operations reach files, networks or Python.

    Raises:
        PipelineError: it has such an operation, or cannot be read.
    """
    file = folder / "saved_model.pb"
    try:
        model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    except (DecodeError, OSError) as error:
        raise PipelineError(f"{file} cannot be read: {error}", hint="train it again") from None
    found = sorted({op for graph in model.meta_graphs for op in _reaching_out(graph)})
    if found:
        raise PipelineError(
            f"the model at {folder} is not loaded: it has the operations {', '.join(found[:5])}, "
            "which reach out of it",
            hint="if you trust who made it, load it with `artifact.load(trusted=True)`",
        )


def _reaching_out(graph: Any) -> Iterator[str]:
    functions = graph.graph_def.library.function
    savers = _savers(graph)
    for function in functions:
        known = _CHECKPOINT if function.signature.name in savers else frozenset()
        yield from _outside(function.node_def, known)
    # Its saver and what restores it.
    yield from _outside(graph.graph_def.node, _CHECKPOINT)


def _savers(graph: Any) -> set[str]:
    """Return the functions that only TensorFlow's own saver calls."""
    functions = graph.graph_def.library.function
    savers = {f.signature.name for f in functions if _SAVER.fullmatch(f.signature.name)}
    called = {
        attribute.func.name
        for function in functions
        for node in function.node_def
        for attribute in node.attr.values()
    }
    return savers - called - set(graph.object_graph_def.concrete_functions)


def _outside(nodes: Iterable[Any], known: frozenset[str]) -> Iterator[str]:
    own = {node.op for node in nodes} - known
    for op in own:
        definition = op_def_registry.get(op)
        # An unknown one is a function of the graph, or TensorFlow cannot load it.
        stateful = definition is not None and definition.is_stateful
        if _OUTSIDE.fullmatch(op) or (stateful and not _WITHIN.fullmatch(op) and op != "PrintV2"):
            yield op
    for node in nodes:
        if node.op == "PrintV2" and node.attr["output_stream"].s.startswith(b"file:"):
            yield "PrintV2"
