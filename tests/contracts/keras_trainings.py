"""What the tests of mlops_components share."""

ROWS = 64


# A user's module as it is written for TFX: it knows nothing of our log.
LINE = """
import os, signal
from pathlib import Path
import keras
import tensorflow as tf

def data(fn_args, files):
    spec = {n: tf.io.FixedLenFeature([1], tf.float32) for n in ("x", "y")}
    found = tf.data.TFRecordDataset(tf.io.gfile.glob(files), compression_type="GZIP")
    rows = found.map(lambda row: tf.io.parse_single_example(row, spec))
    return rows.map(lambda row: (row["x"], row["y"])).batch(16)

def line(fn_args):
    if fn_args.base_model:
        return keras.models.load_model(fn_args.base_model + "/model.keras")
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    return model

class KillOnce(keras.callbacks.Callback):
    def __init__(self, flag):
        super().__init__()
        self.flag = Path(flag)

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2 and not self.flag.exists():
            self.flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)

def run_fn(fn_args):
    config = fn_args.custom_config or {}
    model = line(fn_args)
    callbacks = [keras.callbacks.TensorBoard(fn_args.model_run_dir)] if config.get("board") else []
    if config.get("kill"):
        # Before KillOnce, so that it has saved the epoch that is over.
        callbacks += [
            keras.callbacks.BackupAndRestore(fn_args.working_dir + "/backup"),
            KillOnce(fn_args.working_dir + "/killed"),
        ]
    model.fit(
        data(fn_args, fn_args.train_files),
        validation_data=data(fn_args, fn_args.eval_files),
        epochs=config.get("epochs", 2),
        callbacks=callbacks,
        verbose=0,
    )
    Path(fn_args.serving_model_dir).mkdir(parents=True)
    model.save(fn_args.serving_model_dir + "/model.keras")
"""
