"""A pipeline as Kubeflow gets it, and the steps that its containers do."""

from __future__ import annotations

from pathlib import Path

from kubeflow_launcher import Cluster
from kubeflow_pipelines import (
    each_node_a_process,
)

from mlops_pipeline.run_state import Outcome
from mlops_pipeline.runners.kubeflow.__main__ import main
from mlops_pipeline.runners.kubeflow.ui_cards import card
from mlops_pipeline.store import Execution, State

"""For tests that start a process for every node: not in the light suite, which is to be quick."""


@each_node_a_process
def test_kubeflows_pages_show_each_node_also_from_the_cache(
    cluster: Cluster, tmp_path: Path
) -> None:
    assert cluster.run({"rows": 2})
    again = Cluster(cluster.spec, tmp_path, main)
    again.run_id = "second"
    assert again.run({"rows": 2})
    for run, state in ((cluster, "COMPLETE"), (again, "CACHED")):
        assert run.uploads["Count/card"].startswith(f"# Count\n\n**{state}**")
        shown = run.told["Count"]["artifacts"]
        assert shown["card"]["artifacts"][0]["metadata"]["mlops_state"] == state
        # The launcher fails a task that names a URI outside its own folder.
        assert all("uri" not in each for key in shown for each in shown[key]["artifacts"])
    assert cluster.uploads["many/card"].startswith("# many\n\n**SKIPPED**")


def test_a_card_leads_to_the_page_of_its_node() -> None:
    execution = Execution("c", "p", "run 1", "Train", State.COMPLETE, id=4, iteration=(0, 2))
    outcome = Outcome("Train", (0, 2), execution)
    page = "https://host/ml/node?run=run%201&name=Train%5B0%2C2%5D"
    assert f"(<{page}>)" in card("run 1", outcome, "https://host/ml/")
    assert "](" not in card("run 1", outcome)
