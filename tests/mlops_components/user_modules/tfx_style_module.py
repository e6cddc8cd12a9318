"""A module as users of TFX write them; nothing in it knows of this framework."""

import keras_tuner
import tensorflow as tf
import tensorflow_transform as tft
from absl import logging
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx import v1 as tfx
from tfx.components.trainer.executor import TrainerFnArgs
from tfx.components.trainer.fn_args_utils import DataAccessor, FnArgs
from tfx.components.tuner.component import TunerFnResult
from tfx.utils import io_utils
from tfx_bsl.public import tfxio

_NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
_LABEL = "species"
_BATCH = 20


def preprocessing_fn(inputs):
    outputs = {}
    for key in _NUMBERS:
        dense = tf.cast(inputs[key], tf.float32)
        if isinstance(dense, tf.SparseTensor):
            dense = tf.sparse.to_dense(tf.sparse.reset_shape(dense))
        outputs[key] = tf.reshape(tft.scale_to_z_score(dense), [-1, 1])
    label = inputs[_LABEL]
    if isinstance(label, tf.SparseTensor):
        label = tf.sparse.to_dense(label)
    outputs[_LABEL] = tf.reshape(tft.compute_and_apply_vocabulary(label), [-1, 1])
    return outputs


def _input_fn(
    file_pattern: list[str],
    data_accessor: DataAccessor,
    schema: schema_pb2.Schema,
    batch_size: int = _BATCH,
) -> tf.data.Dataset:
    return data_accessor.tf_dataset_factory(
        file_pattern,
        tfxio.TensorFlowDatasetOptions(batch_size=batch_size, label_key=_LABEL),
        schema,
    ).repeat()


def _get_hyperparameters() -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    hp.Choice("learning_rate", [0.01, 0.001], default=0.01)
    return hp


def _build_keras_model(hparams: keras_tuner.HyperParameters) -> tf.keras.Model:
    inputs = [tf.keras.layers.Input(shape=(1,), name=key) for key in _NUMBERS]
    hidden = tf.keras.layers.concatenate(inputs)
    hidden = tf.keras.layers.Dense(8, activation="relu")(hidden)
    outputs = tf.keras.layers.Dense(3)(hidden)
    model = tf.keras.Model(inputs=inputs, outputs=outputs)
    model.compile(
        optimizer=tf.keras.optimizers.Adam(hparams.get("learning_rate")),
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[tf.keras.metrics.SparseCategoricalAccuracy()],
    )
    model.summary(print_fn=logging.info)
    return model


def _get_serve_fn(model, tf_transform_output):
    model.tft_layer = tf_transform_output.transform_features_layer()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    def serve(serialized) -> dict[str, tf.Tensor]:
        spec = tf_transform_output.raw_feature_spec()
        spec.pop(_LABEL)
        features = model.tft_layer(tf.io.parse_example(serialized, spec))
        return {"logits": model({key: features[key] for key in _NUMBERS})}

    return serve


def tuner_fn(fn_args: FnArgs) -> TunerFnResult:
    output = tft.TFTransformOutput(fn_args.transform_graph_path)
    schema = output.transformed_metadata.schema
    return TunerFnResult(
        tuner=keras_tuner.RandomSearch(
            _build_keras_model,
            max_trials=2,
            hyperparameters=_get_hyperparameters(),
            objective=keras_tuner.Objective("val_sparse_categorical_accuracy", "max"),
            directory=fn_args.working_dir,
        ),
        fit_kwargs={
            "x": _input_fn(fn_args.train_files, fn_args.data_accessor, schema),
            "validation_data": _input_fn(fn_args.eval_files, fn_args.data_accessor, schema),
            "steps_per_epoch": fn_args.train_steps,
            "validation_steps": fn_args.eval_steps,
        },
    )


def run_fn(fn_args: tfx.components.FnArgs):
    assert isinstance(fn_args, TrainerFnArgs)
    raw = io_utils.parse_pbtxt_file(fn_args.schema_path, schema_pb2.Schema())
    assert _LABEL in [feature.name for feature in raw.feature]
    output = tft.TFTransformOutput(fn_args.transform_output)
    schema = output.transformed_metadata.schema
    model = _build_keras_model(_get_hyperparameters())
    model.fit(
        _input_fn(fn_args.train_files, fn_args.data_accessor, schema),
        steps_per_epoch=fn_args.train_steps,
        validation_data=_input_fn(fn_args.eval_files, fn_args.data_accessor, schema),
        validation_steps=fn_args.eval_steps,
        callbacks=[tf.keras.callbacks.TensorBoard(log_dir=fn_args.model_run_dir)],
        verbose=0,
    )
    signatures = {"serving_default": _get_serve_fn(model, output)}
    tf.saved_model.save(model, fn_args.serving_model_dir, signatures=signatures)
