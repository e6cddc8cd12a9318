from cli_project import Mlops


def test_the_commands_for_a_server_are_listed(mlops: Mlops) -> None:
    text = mlops("kubeflow", "--help").out
    assert all(f"  {name} " in text for name in ("submit", "schedule", "pause", "list", "delete"))


def test_a_server_has_to_be_named(mlops: Mlops) -> None:
    done = mlops("kubeflow", "list")
    assert done.code == 2
    assert "--url" in done.err + done.out


def test_a_list_has_at_least_one_row(mlops: Mlops) -> None:
    done = mlops("kubeflow", "list", "--limit", "0", "--url", "http://localhost:1")
    assert done.code == 2
    assert "0 is not in the range x>=1" in done.err + done.out
