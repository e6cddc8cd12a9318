"""A model of scikit-learn through the same components, and no TensorFlow where it is trained."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_components import loaders
from mlops_components.records import write_frames
from mlops_pipeline.api import Where, run
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.store import MemoryStore
from mlops_pipeline.testing import artifact

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "pipelines" / "penguin_sklearn"


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> PipelineRun:
    folder = tmp_path_factory.mktemp("sklearn")
    where = Where(MemoryStore(), folder / "artifacts")
    parameters = {"serving_dir": str(folder / "serving")}
    return run(FOLDER, parameters, where=where, in_process=True).check()


def test_model_is_evaluated_blessed_and_pushed(done: PipelineRun) -> None:
    result = loaders.load_evaluation(done["Evaluator"].artifact("evaluation"))  # type: ignore[arg-type]
    assert result.overall["example_count"] == 140
    trained = done["Trainer"].artifact("model").properties["metrics"]
    assert isinstance(trained, dict)
    # The Evaluator counts what the training has counted by itself.
    assert result.overall["sparse_categorical_accuracy"] == pytest.approx(trained["val_accuracy"])
    blessing = done["Evaluator"].artifact("blessing")
    assert blessing.properties["current_model_id"] == done["Trainer"].artifact("model").id
    pushed = done["Pusher"].artifact("pushed_model")
    assert pushed.properties["pushed"] == 1
    folder = Path(str(pushed.properties["pushed_destination"]))
    assert [path.name for path in folder.iterdir()] == ["model.joblib"]


def test_model_file_is_not_loaded_but_named(done: PipelineRun) -> None:
    with pytest.raises(NotFoundError, match="is not loaded for you") as caught:
        loaders.load_model(done["Trainer"].artifact("model"))  # type: ignore[arg-type]
    assert "model.joblib" in str(caught.value)


TRAIN = """
import json, sys
from pathlib import Path
from mlops_components import Trainer
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.testing import run_component
uri, splits, module = sys.argv[1:]
run_component(
    Trainer, examples=Examples(uri, properties={"split_names": splits}), module_file=Path(module)
)
print(json.dumps([name for name in sys.modules if name.split(".")[0] in ("tensorflow", "sklearn")]))
"""


def test_training_imports_no_tensorflow(done: PipelineRun) -> None:
    examples = done["CsvExampleGen"].artifact()
    splits = str(examples.properties["split_names"])
    script = [sys.executable, "-c", TRAIN, examples.uri, splits, FOLDER / "penguin_classifier.py"]
    ended = subprocess.run(
        script, capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    first, last = ended.stdout.splitlines()
    assert first.startswith("step 0: loss 0.")
    imported = json.loads(last)
    assert "sklearn" in imported
    assert "tensorflow" not in imported


def test_frames_are_written_as_they_are_read(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "n": [1, 2, 3],
            "text": ["a", None, "b"],
            "x": [0.5, float("nan"), 2.0],
            "xs": [[1.0, 2.0], [], [3.0]],
        }
    )
    written = Examples(str(tmp_path))
    write_frames(written, {"train": frame, "eval": frame.head(1)})
    assert written.splits == ["train", "eval"]
    found = loaders.load_examples(written).loc["train"]
    assert found["n"].tolist() == [1, 2, 3]
    assert found["text"].tolist() == ["a", None, "b"]
    assert found["x"].isna().tolist() == [False, True, False]
    assert found["xs"].tolist() == [[1.0, 2.0], [], [3.0]]
    mixed = pd.DataFrame({"odd": [1, "a"]})
    with pytest.raises(ParameterError, match="column 'odd' holds int, str"):
        write_frames(artifact(Examples), {"train": mixed})
