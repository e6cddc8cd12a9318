"""Where settings come from, and what is said of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.settings import Settings, Sources, describe_setting, find_project, resolve
from mlops_pipeline.store import file_of


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mlops.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(project: Path, **sources: object) -> Settings:
    return resolve(Sources(**{"start": project, "environment": {}, **sources})).values  # type: ignore[arg-type]


def test_the_default_store_and_root_are_below_the_project(project: Path) -> None:
    found = settings(project)
    assert found.store == f"sqlite:///{project}/.mlops/metadata.db"
    assert found.root == f"{project}/.mlops/artifacts"


def test_the_project_is_the_nearest_folder_upward_with_a_project_file(project: Path) -> None:
    inner = project / "pipelines" / "penguin"
    inner.mkdir(parents=True)
    assert find_project(inner) == project
    (inner / "pyproject.toml").write_text("")
    assert find_project(inner) == inner


def test_flags_win_over_the_environment_which_wins_over_the_file(project: Path) -> None:
    (project / "mlops.toml").write_text("workers = 1\nlease = 5\nlock = 'a.lock'")
    found = resolve(Sources(project, {"workers": 3}, {"MLOPS_WORKERS": "2", "MLOPS_LEASE": "7.5"}))
    assert found.values.workers == 3
    assert found.values.lease == 7.5
    assert found.values.lock == str(project / "a.lock")
    others = {
        name: origin
        for name, origin in found.origins.items()
        if any(each in name for each in ("kubeflow", "gc_", "openlineage"))
    }
    assert set(others.values()) == {"default"}
    assert {name: found.origins[name] for name in found.origins if name not in others} == {
        "store": "default",
        "root": "default",
        "workers": "--workers",
        "lease": "MLOPS_LEASE",
        "lock": str(project / "mlops.toml"),
        "scratch": "default",
        "scratch_limit": "default",
        "cache_verify": "default",
        "import_paths": "default",
        "ui_url": "default",
    }


def test_flags_that_were_not_given_change_nothing(project: Path) -> None:
    assert settings(project, flags={"workers": None, "import_paths": ()}).workers == 0


def test_paths_in_the_file_start_at_the_project_and_others_where_the_user_is(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "mlops.toml").write_text('root = "data"\nimport_paths = ["src"]')
    elsewhere = project / "sub"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert settings(elsewhere).root == str(project / "data")
    assert settings(elsewhere).import_paths == (str(project / "src"),)
    assert settings(elsewhere, flags={"root": "out"}).root == str(elsewhere / "out")


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("sqlite:///meta.db", "sqlite:///{project}/meta.db"),
        ("sqlite:////data/meta.db", "sqlite:////data/meta.db"),
        ("meta.db", "sqlite:///{project}/meta.db"),
        ("/data/meta.db", "sqlite:////data/meta.db"),
        ("mysql://host/db", "mysql://host/db"),
    ],
)
def test_a_store_is_a_url_or_a_file(project: Path, given: str, url: str) -> None:
    assert settings(project, flags={"store": given}).store == url.format(project=project)


@pytest.mark.parametrize("name", ["50% off", "really?", "a%20b", "#1", "mode=x?mode=ro"])
def test_a_folder_may_have_signs_that_mean_something_in_urls(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "mlops.toml").write_text("")
    url = settings(folder).store
    assert file_of(url) == folder / ".mlops" / "metadata.db"
    assert settings(folder, flags={"store": url}).store == url


def test_a_root_may_be_a_url(project: Path) -> None:
    assert settings(project, flags={"root": "s3://bucket/x"}).root == "s3://bucket/x"


def test_an_unknown_key_gives_the_near_miss(project: Path) -> None:
    (project / "mlops.toml").write_text("worker = 4")
    with pytest.raises(SettingsError, match="unknown setting 'worker'") as caught:
        settings(project)
    assert caught.value.hint == "did you mean 'workers'?"


@pytest.mark.parametrize(
    "line",
    [
        'workers = "4"',
        "workers = -1",
        "lease = 0",
        "lease = inf",
        "lease = nan",
        "import_paths = 'a'",
    ],
)
def test_a_wrong_value_names_the_setting_and_where_it_is_from(project: Path, line: str) -> None:
    (project / "mlops.toml").write_text(line)
    name = line.split()[0]
    with pytest.raises(SettingsError, match=rf"setting '{name}' from .*mlops\.toml is"):
        settings(project)


def test_a_wrong_value_in_the_environment_names_the_variable(project: Path) -> None:
    with pytest.raises(SettingsError, match="from MLOPS_WORKERS is 'many': expected int"):
        settings(project, environment={"MLOPS_WORKERS": "many"})


def test_broken_toml_is_the_users_error(project: Path) -> None:
    (project / "mlops.toml").write_text("root = data")
    with pytest.raises(SettingsError, match="not valid TOML"):
        settings(project)


@pytest.mark.parametrize(
    "text", ["workers = " + "[" * 5000 + "]" * 5000, 'root = "a\\u0000b"', 'lock = "\\u0000"']
)
def test_odd_toml_is_the_users_error(project: Path, text: str) -> None:
    (project / "mlops.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"mlops\.toml"):
        resolve(Sources(project))


def test_a_misspelt_variable_is_warned_of(project: Path) -> None:
    found = resolve(Sources(project, {}, {"MLOPS_WORKER": "2", "MLOPS_API_TOKEN_FOR_X": "y"}))
    assert found.warnings == ("MLOPS_WORKER is not a setting; did you mean 'MLOPS_WORKERS'?",)


def test_every_setting_is_described() -> None:
    assert all(describe_setting(name) for name in Settings.__struct_fields__)


@pytest.mark.parametrize("text", ["cache.verify = 'always'", "[cache]\nverify = 'always'"])
def test_a_setting_may_stand_in_a_table(tmp_path, text):
    (tmp_path / "mlops.toml").write_text(text)
    assert resolve(Sources(tmp_path, environment={})).values.cache_verify == "always"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("cache.verify = 'never'", "cache_verify"),
        ("cache.verfy = 'always'", "cache.verfy"),
        ("cache.verify.all = true", "cache_verify"),
        ("cache = 'always'", "cache"),
        ("[cache]", "cache"),
        ("[store]\nurl = 'x'", "store"),
    ],
)
def test_a_wrong_table_is_named(tmp_path, text, named):
    (tmp_path / "mlops.toml").write_text(text)
    with pytest.raises(SettingsError, match=f"'{named}'"):
        resolve(Sources(tmp_path, environment={}))


def test_events_wait_beside_a_store_in_a_file(project: Path) -> None:
    for store, folder in (
        ("sqlite:///data/m.db", project / "data"),
        ("grpc://host:8080", project / ".mlops"),
        ("", project / ".mlops"),
    ):
        text = f'openlineage.url = "http://x"\n{f"store = {store!r}" if store else ""}'
        (project / "mlops.toml").write_text(text)
        found = resolve(Sources(project, {}, {})).values
        assert found.openlineage_spool == str(folder / "openlineage")
    (project / "mlops.toml").write_text("")
    assert resolve(Sources(project, {}, {})).values.openlineage_spool == ""


def test_an_address_of_events_may_be_a_file(project: Path) -> None:
    (project / "mlops.toml").write_text('openlineage.url = "ol.yml"\nopenlineage.spool = "s"')
    found = resolve(Sources(project, {}, {})).values
    assert found.openlineage_url == str(project / "ol.yml")
    assert found.openlineage_spool == str(project / "s")
