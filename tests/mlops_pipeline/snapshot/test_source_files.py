from __future__ import annotations

from pathlib import Path

import pytest

from mlops_pipeline.snapshot import list_sources, source_files
from mlops_pipeline.snapshot.source_files import holds_secret, source_places


def write(folder: Path, *names: str, text: str = "x = 1\n") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def names(folder: Path) -> set[str]:
    return {each.name for each in list_sources([str(folder)]).files}


def test_programs_and_their_settings_are_kept_and_data_is_not(tmp_path: Path) -> None:
    write(tmp_path, "pipeline.py", "sub/model.py", "query.sql", "mlops.toml", "data.csv", "m.bin")
    assert names(tmp_path) == {"0/pipeline.py", "0/sub/model.py", "0/query.sql", "0/mlops.toml"}


def test_hidden_files_secrets_and_environments_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, ".env", ".git/config.toml", "credentials.json", "a.py", "secrets.py")
    write(tmp_path, "venv2/pyvenv.cfg", "venv2/lib/m.py", "node_modules/m.json", "key.pem")
    listed = list_sources([str(tmp_path)])
    assert {each.name for each in listed.files} == {"0/a.py", "0/secrets.py"}
    assert listed.left_out == {"0/credentials.json": "its name says that it may hold a secret"}


def test_what_version_control_ignores_is_left_out_without_a_word(tmp_path: Path) -> None:
    write(tmp_path, "p/a.py", "p/made.py", "p/out/b.py")
    (tmp_path / ".gitignore").write_text("made.py\n")
    (tmp_path / "p" / ".gitignore").write_text("out/\n")
    listed = list_sources([str(tmp_path / "p")], tmp_path)
    assert {each.name for each in listed.files} == {"0/a.py", "0/.gitignore"}
    assert listed.left_out == {}


def test_limits_have_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "large.py", text="x" * 60)
    write(tmp_path, *(f"m{number}.py" for number in range(4)))
    monkeypatch.setattr(source_files, "LARGEST", 50)
    assert list_sources([str(tmp_path)]).left_out == {
        "0/large.py": "it has 60 bytes; up to 50 are kept"
    }
    monkeypatch.setattr(source_files, "MOST_FILES", 2)
    listed = list_sources([str(tmp_path)])
    assert (len(listed.files), "more than 2 sources" in listed.left_out["0"]) == (2, True)


def test_a_link_to_a_folder_around_it_ends(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert names(tmp_path) == {"0/a.py"}


def test_a_name_that_is_no_text_is_left_out(tmp_path: Path) -> None:
    path = str(tmp_path).encode() + b"/\xff.py"
    with open(path, "wb"):  # noqa: PTH123 - a name in bytes
        pass
    assert names(tmp_path) == set()


def test_places_inside_others_and_the_home_folder_are_no_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    given = [tmp_path / "p", tmp_path / "p" / "sub", tmp_path / "home", tmp_path, Path("/")]
    assert source_places(given) == [str(tmp_path / "p")]


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        'store = "postgresql://ada:hush@db/ml"',
        "aws_secret_access_key = abc",
    ],
)
def test_keys_and_passwords_are_seen(text: str) -> None:
    assert holds_secret(text.encode())
    assert not holds_secret(b'url = f"postgresql://{user}:{password}@db/ml"')
