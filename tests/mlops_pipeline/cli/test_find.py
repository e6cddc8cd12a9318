from __future__ import annotations

from pathlib import Path

from cli_project import Mlops


def test_runs_are_found_by_parameter_and_tag(mlops: Mlops) -> None:
    for number in (4, 6):
        mlops("run", ".", "--run-id", f"r{number}", "-p", f"steps={number}")
    mlops("tag", "r4", "good")
    assert [r["id"] for r in mlops("find", "steps > 5", "--json").data] == ["r6"]
    assert [r["id"] for r in mlops("find", "--tag", "good", "--json").data] == ["r4"]
    said = mlops("find", "steps > 3", "--since", "1h")
    assert [line.split()[0] for line in said.out.splitlines()] == ["run", "r6", "r4"]
    assert mlops("find", "auc > 0.5").code == 1
    nothing = mlops("find", "steps = 77")
    assert (nothing.code, nothing.out) == (1, "no run is found\n")


def test_artifacts_are_found_by_type_and_by_bytes(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", ".", "--run-id", "one")
    (model,) = mlops("find", "--type", "Model", "state = live", "--json").data
    (tmp_path / "w").write_text("w" * 5)
    said = mlops("find", "--file", "w")
    assert (said.code, said.out) == (
        0,
        f"Model {model['id']}, weights in it: made by Train of run one\n",
    )
    assert mlops("find", "--file", model["uri"], "--json").data[0]["node"] == "Train"


def test_mistakes_are_told(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "one")
    for arguments, said in (
        (("steps",), "is no condition"),
        (("--since", "soon"), "--since is 'soon', which is no age"),
        (("--file", "nothing"), "nothing"),
        (("--file", "x", "--tag", "y"), "takes no other condition"),
    ):
        result = mlops("find", *arguments)
        assert (result.code, said in result.err) == (2, True)
