from __future__ import annotations

from cli_project import Mlops


def test_tags_are_shown_with_runs_and_their_history_is_kept(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "one")
    assert mlops("runs").out.split("\n")[0].split()[-1] == "parameters"
    assert mlops("tag", "last", "good", "release-1").out == "run one: good, release-1\n"
    assert mlops("tag", "one", "good", "--remove").code == 0
    said = mlops("tag", "one").out
    assert said.startswith("run one: release-1\n")
    assert "good taken away by" in said
    assert mlops("runs", "--json").data[0]["tags"] == ["release-1"]
    assert mlops("runs").out.split("\n")[1].split()[-1] == "release-1"
    assert "release-1" in mlops("show", "one").out
    assert mlops("show", "one", "--json").data["tags"] == ["release-1"]


def test_an_artifact_is_tagged_by_its_number_or_type(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "one")
    number = mlops("artifacts", "--type", "Model", "--json").data[0]["id"]
    assert mlops("tag", str(number), "good").out == f"Model {number}: good\n"
    assert mlops("tag", "Model", "--json").data["tags"] == ["good"]


def test_what_is_not_there_or_no_tag_is_told(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "one")
    for arguments, said in (
        (("nothing", "x"), "there is no run 'nothing'"),
        (("99", "x"), "there is no artifact '99'"),
        (("one", "a b"), "'a b' is no tag"),
    ):
        result = mlops("tag", *arguments)
        assert (result.code, said in result.err) == (2, True)
