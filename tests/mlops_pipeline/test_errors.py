from pathlib import Path

from mlops_pipeline.errors import PipelineError, caller, did_you_mean, file_line


def test_the_nearest_name_is_offered_and_else_all_are_listed() -> None:
    assert did_you_mean("train_step", ["train_steps", "lr"]) == "did you mean 'train_steps'?"
    assert did_you_mean("x", ["b", "a"]) == "known: a, b"
    assert did_you_mean("x", []) == "there are none"


def test_an_error_prints_where_what_and_how_to_go_on() -> None:
    error = PipelineError("no rows", hint="give some", where="a.py:3")
    assert str(error) == "a.py:3: no rows\n  hint: give some"
    assert str(PipelineError("no rows")) == "no rows"
    assert error.exit_code == 2


def test_the_caller_is_the_first_line_outside_the_framework() -> None:
    assert caller().rpartition(":")[0].endswith(Path(__file__).name)


def test_a_file_below_the_working_folder_is_named_from_there() -> None:
    assert file_line(str(Path.cwd() / "a" / "b.py"), 7) == f"{Path('a', 'b.py')}:7"
    assert file_line("/elsewhere/b.py", 7) == "/elsewhere/b.py:7"
