from mlops_components.evaluation import METRICS_FILE, PLOTS_FILE


def test_files_of_evaluations_keep_their_names() -> None:
    # Evaluations of earlier versions are read by these names.
    assert (METRICS_FILE, PLOTS_FILE) == ("metrics.json", "plots.json")
