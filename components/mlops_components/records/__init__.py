"""Examples as records.

Files of splits, TFRecords, Arrow batches and data frames of them. Modules with an underscore
import NumPy or TensorFlow.
"""

from mlops_components.records.data_frames import (
    EXACT,
    cells_of,
    frame_of_records,
    joined_frames,
    read_frame,
    read_record_batches,
    read_sequences,
    sequences_frame,
)
from mlops_components.records.lost_digits import (
    LostDigitsError,
    check_decimals,
    naming_lost_digits,
)
from mlops_components.records.proto_messages import message_types
from mlops_components.records.record_batches import decoded, read_split_batches
from mlops_components.records.split_files import (
    BATCH_ROWS,
    PayloadFormat,
    SplitWriter,
    chosen_splits,
    files_of_split,
    records_of_files,
    split_pairs,
)
from mlops_components.records.split_rows import RECORDED, SplitFiles, joined
from mlops_components.records.tables import write_frames
from mlops_components.records.tfrecords import LIST_BYTES, read_lists

__all__ = [
    "BATCH_ROWS",
    "EXACT",
    "LIST_BYTES",
    "RECORDED",
    "LostDigitsError",
    "PayloadFormat",
    "SplitFiles",
    "SplitWriter",
    "_beam_reads",
    "_encode",
    "cells_of",
    "check_decimals",
    "chosen_splits",
    "decoded",
    "files_of_split",
    "frame_of_records",
    "joined",
    "joined_frames",
    "message_types",
    "naming_lost_digits",
    "read_frame",
    "read_lists",
    "read_record_batches",
    "read_sequences",
    "read_split_batches",
    "records_of_files",
    "sequences_frame",
    "split_pairs",
    "write_frames",
]
