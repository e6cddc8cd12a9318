"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_project import Mlops

from mlops_pipeline.cli.output import complain, echo, visible, write, write_file, write_json
from mlops_pipeline.errors import PipelineError


def test_commands_that_lead_on_are_quoted_and_name_the_place(mlops: Mlops, tmp_path: Path) -> None:
    assert "  mlops run 'my flowers'  " in mlops("init", "my flowers").out
    failed = mlops(
        "run", ".", "-p", "steps=13", "--store", f"memory://{tmp_path}/a b", "--root", "r"
    )
    [resume] = [line for line in (failed.out + failed.err).splitlines() if "mlops resume" in line]
    assert f"--store 'memory://{tmp_path}/a b' --root r  " in resume


def test_a_reader_that_has_seen_enough_is_not_complained_of() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "mlops_pipeline.cli", "completion", "bash"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate()
    assert err == b""


HOSTILE = "\x1b]0;PWNED\x07\x1b[2J\x9b2J\u202egnp.exe\r"


def test_texts_of_others_do_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    echo(f"a{HOSTILE}b")
    write([f"a{HOSTILE}b"])
    complain(f"a{HOSTILE}b", hint=HOSTILE, where=HOSTILE)
    said = capsys.readouterr()
    written = "\\x1b]0;PWNED\\x07\\x1b[2J\\x9b2J\\u202egnp.exe\\r"
    assert said.out == f"a{written}b\n" * 2
    assert said.err == f"{written}\nerror: a{written}b\nhint:  {written}\n"


def test_colours_lines_and_letters_stay() -> None:
    assert visible("\x1b[31mrot\x1b[0m\tüber\n日本") == "\x1b[31mrot\x1b[0m\tüber\n日本"


def test_json_is_the_same_value_without_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_json({"name": HOSTILE})
    out = capsys.readouterr().out
    assert json.loads(out) == {"name": HOSTILE}
    assert not set(out) & set("\x1b\x07\x9b\u202e\r")


def test_a_written_file_replaces_the_old_one_and_keeps_its_mode_and_its_link(
    tmp_path: Path,
) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    write_file(tmp_path / "link", "new \ud800")
    assert (tmp_path / "real").read_text() == "new \\ud800"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


def test_a_pipe_is_written_to() -> None:
    reads, writes = os.pipe()
    write_file(Path(f"/dev/fd/{writes}"), "text")
    assert os.read(reads, 10) == b"text"
    os.close(reads)
    os.close(writes)


def test_a_device_is_written_to_and_not_replaced() -> None:
    write_file(Path(os.devnull), "x")
    assert Path(os.devnull).is_char_device()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"cannot write .*gone"):
        write_file(tmp_path / "gone" / "x", "text")
