"""Searches of hyperparameters by KerasTuner: recorded, in parallel, and gone on with."""

import json
import os
import textwrap
from pathlib import Path

import pytest
from tuner_searches import NOTHING, PARABOLA, trials, tune

from mlops_components import TuneArgs, Tuner
from mlops_pipeline import Importer, pipeline
from mlops_pipeline.api import Where, run
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.store import MemoryStore, State

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


NOTHING.set_splits(["train", "eval"])


@pytest.fixture(scope="module")
def parabola(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tuner") / "user.py"
    file.write_text(textwrap.dedent(PARABOLA))
    return file


def test_trials_run_in_processes_and_survive_one_that_dies(parabola: Path) -> None:
    config = {"trials": 5, "kill": "1"}
    result = tune(parabola, custom_config=config, tune_args=TuneArgs(num_parallel_trials=2))
    found = trials(result)
    assert [t["status"] for t in found].count("COMPLETED") == 4
    assert found[1]["status"] == "FAILED"
    assert found[1]["error"] == "the process of the trial died (killed by SIGKILL)"
    processes = {t["metrics"]["pid"] for t in found if t["status"] == "COMPLETED"}
    assert os.getpid() not in processes
    assert len(processes) >= 1
    # The values of a trial do not depend on who runs it.
    alone = tune(parabola, custom_config={"trials": 5, "fail": ["1"]})
    assert [t["hyperparameters"] for t in found] == [t["hyperparameters"] for t in trials(alone)]


def test_killed_search_keeps_the_trials_that_are_done(parabola: Path, tmp_path: Path) -> None:
    uri = NOTHING.uri

    @pipeline
    def searched() -> None:
        splits = {"split_names": '["train", "eval"]'}
        data = Importer(uri, Examples, properties=splits).outputs["result"]
        Tuner.options(retries=1, retry_wait=0)(
            examples=data, module_file=parabola, custom_config={"trials": 4, "kill": "2"}
        )

    done = run(searched, where=Where(MemoryStore(), tmp_path)).check()
    node = done["Tuner"]
    log = Path(node.execution.log).read_text()
    recorded = json.loads((node.artifact("tuner_results").path / "trials.json").read_text())
    assert node.attempts == 2
    assert node.state is State.COMPLETE
    assert "going on with a search: 2 trials are done" in log
    assert [f"trial {n} runs" in log for n in range(4)] == [False, False, True, True]
    assert [t["status"] for t in recorded] == ["COMPLETED"] * 4
    assert len({t["metrics"]["pid"] for t in recorded}) == 2
