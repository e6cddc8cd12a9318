"""Roots of other systems for tests: made whole or not at all, and what is noted of them."""

import importlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAKES = """#!/bin/sh
for tree; do case "$tree" in /*) touch "$tree/made"; echo "$@" >> "{log}";; esac; done
"""
FAILS = """#!/bin/sh
for tree; do case "$tree" in /*) touch "$tree/half";; esac; done
echo "E: no such mirror" >&2
exit 25
"""

# Run in a namespace of its own: mounts a folder, then calls a function of tests/roots with a root.
MOUNTED = """
set -e
mount --make-rprivate /
mount --bind "$1" "$2"
exec "$3" -c "$4" "$5" "$6"
"""
CALL = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import debian, keep
try:
    {call}(Path(sys.argv[2]))
except keep.Failed as failure:
    sys.exit(f"refused: {{failure}}")
"""
as_root = pytest.mark.skipif(
    os.geteuid() != 0
    or not shutil.which("unshare")
    or subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"]).returncode != 0,
    reason="needs root and namespaces of mounts",
)


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> object:
    """Imports a module of tests/roots."""
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "roots"))
    return importlib.import_module


@pytest.fixture
def keep(part: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    assert callable(part)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    module: ModuleType = part("keep")
    return module


def mmdebstrap(tmp_path: Path, script: str) -> Path:
    """A stand-in for mmdebstrap, and for the apt that names its mirror; the path of its log."""
    log = tmp_path / "log"
    for name, text in (("mmdebstrap", script.format(log=log)), ("apt-get", "#!/bin/sh\n")):
        program = tmp_path / "bin" / name
        program.write_text(text)
        program.chmod(0o755)
    return log


def test_a_root_that_could_not_be_made_is_never_taken_for_one(
    keep: ModuleType, tmp_path: Path
) -> None:
    tree = tmp_path / "roots" / "debian"
    tree.parent.mkdir()
    mmdebstrap(tmp_path, FAILS)
    with pytest.raises(keep.Failed, match="no such mirror"):
        keep.provide(keep.recipe(), tree)
    assert not tree.exists()
    mmdebstrap(tmp_path, MAKES)
    keep.provide(keep.recipe(), tree)
    assert (tree / "made").exists()
    # What was left of the first attempt is gone.
    assert sorted(path.name for path in tree.parent.iterdir()) == ["debian", "debian.log"]


def test_a_root_is_kept_until_its_packages_change(keep: ModuleType, tmp_path: Path) -> None:
    tree = tmp_path / "debian"
    log = mmdebstrap(tmp_path, MAKES)
    assert keep.provide(keep.recipe(["python3"]), tree) > 0
    (tree / "venv").write_text("")
    assert keep.provide(keep.recipe(["python3"]), tree) == 0
    assert (tree / "venv").exists()
    assert keep.provide(keep.recipe(["python3", "git"]), tree) > 0
    assert not (tree / "venv").exists()
    assert len(log.read_text().splitlines()) == 2


def test_a_root_that_was_half_removed_is_not_taken_for_a_whole_one(
    keep: ModuleType, tmp_path: Path
) -> None:
    tree = tmp_path / "roots" / "debian"
    tree.parent.mkdir()
    mmdebstrap(tmp_path, MAKES)
    first, second = keep.recipe(["python3"]), keep.recipe(["git"])
    keep.provide(first, tree)
    (tree / "venv").write_text("")
    rm = tmp_path / "bin" / "rm"
    rm.write_text("#!/bin/sh\necho 'disk gone' >&2\nexit 1\n")
    rm.chmod(0o755)
    with pytest.raises(keep.Failed, match="disk gone"):
        keep.provide(second, tree)
    rm.unlink()
    assert keep.provide(first, tree) > 0
    assert not (tree / "venv").exists()
    assert sorted(path.name for path in tree.parent.iterdir()) == ["debian", "debian.log"]


@pytest.mark.slow  # Mounts and unmounts again and again.
@as_root
@pytest.mark.parametrize("call", ["keep.remove", "keep.clear", "debian.clone"])
@pytest.mark.parametrize("way", ["plain", "link", "space", "tree is a mount"])
def test_what_is_mounted_in_a_root_is_never_removed(tmp_path: Path, call: str, way: str) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / "data").write_text("precious")
    folder = tmp_path / ("a b\\134" if way == "space" else "roots")
    # In the checkout, which `git clean` empties.
    inside = "" if way == "tree is a mount" else "srv/mlops pipeline/x"
    point = folder / "debian" / inside
    point.mkdir(parents=True)
    if way == "link":
        (tmp_path / "link").symlink_to(folder)
        folder = tmp_path / "link"
    argv = [str(ours), str(point), sys.executable, CALL.format(call=call)]
    argv += [str(ROOT / "tests" / "roots"), str(folder / "debian")]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", MOUNTED, "sh", *argv],
        capture_output=True,
        text=True,
    )
    assert (ours / "data").exists()
    assert done.returncode == 1
    assert done.stderr.startswith("refused: "), done.stderr
    assert str(point) in done.stderr


def test_of_a_link_to_a_root_only_the_link_is_removed(keep: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "debian").symlink_to("elsewhere")
    keep.clear(tmp_path / "debian")
    assert (tmp_path / "elsewhere").is_dir()
    assert not (tmp_path / "debian").is_symlink()


@pytest.mark.slow  # git is called again and again
def test_locks_of_a_git_that_was_killed_do_not_block_a_root(part: object, tmp_path: Path) -> None:
    assert callable(part)
    debian = part("debian")
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    # The environments of earlier runs stay; all else is the commit's.
    checkout = Path(f"{tmp_path}{debian.CHECKOUT}")
    commit = debian.clone(tmp_path)
    for name in ("index.lock", "config.lock", "shallow.lock", "HEAD.lock"):
        (checkout / ".git" / name).write_text("")
    (checkout / ".venvs").mkdir()
    (checkout / "left").write_text("")
    (checkout / "README.md").unlink()
    assert debian.clone(tmp_path) == commit
    assert (checkout / "README.md").exists()
    assert (checkout / ".venvs").exists()
    assert not (checkout / "left").exists()


def test_links_of_a_root_are_followed_inside_it(part: object, tmp_path: Path) -> None:
    assert callable(part)
    enter = part("enter")
    tree = tmp_path / "a tree"
    (tree / "usr" / "lib").mkdir(parents=True)
    (tree / "lib").symlink_to("usr/lib")
    (tree / "etc").symlink_to("/usr/lib/../../../../conf")
    (tree / "round").symlink_to("/round")
    assert enter.parent(tree, "/lib/x") == tree / "usr" / "lib"
    assert enter.parent(tree, "/etc/pip/pip.conf") == tree / "conf" / "pip"
    assert enter.parent(tree, "/new/folder/x") == tree / "new" / "folder"
    with pytest.raises(enter.keep.Failed, match="circle"):
        enter.parent(tree, "/round/x")


@as_root
def test_files_are_lent_to_a_root_behind_links_and_spaces(part: object, tmp_path: Path) -> None:
    assert callable(part)
    enter = part("enter")
    busybox = shutil.which("busybox")
    if not busybox or b"/ld-linux" in Path(busybox).read_bytes():
        pytest.skip("needs a busybox without shared libraries: apt-get install busybox-static")
    tree, outside = tmp_path / "a tree", tmp_path / "pip.conf"
    outside.write_text("lent")
    for name in ("bin", "proc", "sys", "dev", "run"):
        (tree / name).mkdir(parents=True)
    for name in ("sh", "chroot", "umount", "cat"):
        shutil.copy(busybox, tree / "bin" / name)
    (tree / "etc").symlink_to(tmp_path / "conf")
    root = enter.Root(tree, {"/etc/my pip/pip.conf": str(outside)})
    argv = enter.command(root, ["/bin/cat", "/etc/my pip/pip.conf"])
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.stdout == "lent", done.stderr
    # The link leads to the tree's folder of this name, not to ours.
    assert not (tmp_path / "conf").exists()


def test_what_pip_needs_is_lent_and_nothing_else(part: object, tmp_path: Path) -> None:
    assert callable(part)
    lend = part("lend")
    index = tmp_path / "index"
    (index / "simple").mkdir(parents=True)
    wheels, conf = tmp_path / "wheels", tmp_path / "pip.conf"
    wheels.mkdir()
    conf.write_text(f"[global]\nindex-url = file://{index}/simple\ntimeout = 60\n")
    environment = {
        "HOME": str(tmp_path),
        "PIP_CONFIG_FILE": str(conf),
        "PIP_FIND_LINKS": f"{wheels} /no/such/folder",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "https_proxy": "http://proxy.example:3128",
    }
    binds = lend.binds(environment)
    assert {str(index), str(wheels)} <= set(binds)
    assert binds[f"{lend.HOME}/.config/pip/pip.conf"] == str(conf)
    assert "/no/such/folder" not in binds
    variables = lend.variables(environment)
    assert variables["https_proxy"] == "http://proxy.example:3128"
    assert "secret" not in variables.values()
    assert variables["HOME"] == lend.HOME


RAN = """ml environment ready after 156 s
[1/2] A  run  1 s
""" + "\n".join(f"[{n}/8] Node{n}   run         0.63 s" for n in range(1, 9))
END = """
run 20261128-090010-9679 of penguin: complete · 12.2 s · 8 run
Evaluator: model blessed
model pushed to serving/penguin/1
"""


@pytest.mark.parametrize(
    ("output", "good", "text"),
    [
        (RAN + END, True, "8 nodes, blessed, pushed"),
        (RAN + END.replace("model blessed", "model not blessed"), False, "8 nodes, pushed"),
        (RAN.replace("[8/8]", "[x]") + END, False, "7 nodes, blessed, pushed"),
        ("", False, "0 nodes"),
    ],
)
def test_a_run_counts_when_all_nodes_ran_and_the_model_was_pushed(
    part: object, output: str, good: bool, text: str
) -> None:
    assert callable(part)
    seen = part("observe").penguin(output.splitlines(keepends=True))
    assert (seen.good, seen.text) == (good, text)
    if good:
        assert seen.numbers == {"set_up_seconds": 156.0, "first_run_seconds": 12.2}


def test_a_run_of_more_than_a_minute_is_read_in_seconds(part: object) -> None:
    assert callable(part)
    observe = part("observe")
    assert observe.duration("run 1 of penguin: complete · 1 min 02 s · 8 run") == 62.0
    assert observe.duration("run 1 of penguin: failed · 1 min 02 s") is None


@pytest.mark.parametrize(
    ("output", "good"),
    [
        ("3 passed, 0 failed, 1 skipped\n", True),
        ("3 passed, 1 failed, 1 skipped\n", False),
        ("0 passed, 0 failed, 9 skipped\n", False),
        ("", False),
    ],
)
def test_tests_count_when_some_passed_and_none_failed(
    part: object, output: str, good: bool
) -> None:
    assert callable(part)
    assert part("observe").tests([output]).good is good


def test_the_table_of_platforms_and_the_readme_say_what_was_noted(part: object) -> None:
    assert callable(part)
    for file, text in part("platforms").written().items():
        assert file.read_text() == text, f"{file.name}: run python3 tests/roots/platforms.py"


def test_the_readme_names_no_system_where_nothing_was_seen(part: object) -> None:
    assert callable(part)
    seen = {record.platform for record in part("records").load()}
    assert seen
    named = set(
        re.findall(r"\b(?:Debian|Ubuntu|RHEL|Fedora) \d[\d.]*", (ROOT / "README.md").read_text())
    )
    assert named <= seen


def test_the_table_has_the_constraint_files_of_dev_py(part: object) -> None:
    assert callable(part)
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    assert spec
    assert spec.loader
    dev = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(dev)
    locks = {f"{a}.{b}": (x.file, x.glibc) for x in dev.WORLDS["ml"].locks for a, b in x.pythons}
    assert locks == part("platforms").LOCKS


def test_a_note_replaces_an_older_one_and_keeps_what_was_not_measured(
    part: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(part)
    records = part("records")
    monkeypatch.setattr(records, "FILE", tmp_path / "seen.json")
    first = {"gigabytes": 2.0, "set_up_seconds": 8.0}
    old = records.Record(
        "Debian 13", "2.41", "3.13.4", "ml", "x", "1", "a", first, {"set_up_seconds": 0.1}
    )
    records.note(old)
    later = {"numbers": {"test_seconds": 9.0}, "loads": {"test_seconds": 5.0}}
    records.note(old._replace(python="3.13.5", result="2", **later))
    assert len(json.loads((tmp_path / "seen.json").read_text())) == 1
    kept = records.load()[0]
    assert (kept.python, kept.result) == ("3.13.5", "2")
    assert kept.numbers == {**first, "test_seconds": 9.0}
    # Each time has the load that it was measured with.
    assert kept.loads == {"set_up_seconds": 0.1, "test_seconds": 5.0}


@pytest.mark.skipif(os.geteuid() == 0, reason="root can enter roots")
def test_without_root_one_line_says_that_nothing_ran() -> None:
    script = ROOT / "tests" / "roots" / "debian.py"
    done = subprocess.run(["python3", str(script)], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout == "NOT RUN: Debian 13: only root can enter another root\n"


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        ([], 0),
        (["penguin"], 2),
        (["--run", "true"], 2),
        (["--required"], 2),
    ],
)
def test_what_was_asked_for_and_cannot_run_is_no_success(
    tmp_path: Path, argv: list[str], code: int
) -> None:
    # No program is there that makes roots.
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "roots" / "debian.py"), *argv],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr
    assert re.fullmatch(r"NOT RUN: Debian 13: .+\n", done.stdout)
    assert list(tmp_path.iterdir()) == []


def test_steps_without_their_python_are_left_out_and_named(
    part: object,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert callable(part)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert part("debian").runnable(["penguin", "ml-3.12"]) == ["penguin"]
    assert capsys.readouterr().out == (
        "NOT RUN: ml-3.12 in Debian 13: pyenv has no Python 3.12 here to lend\n"
    )


@as_root
def test_a_step_that_was_asked_for_without_its_python_is_no_success(
    part: object, tmp_path: Path
) -> None:
    assert callable(part)
    if reason := part("keep").obstacle():
        pytest.skip(f"no root can be made: {reason}")
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "roots" / "debian.py"), "ml-3.12"],
        env={
            **os.environ,
            "PYENV_ROOT": str(tmp_path / "none"),
            "MLOPS_TEST_ROOTS": str(tmp_path / "roots"),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    assert "pyenv has no Python 3.12" in done.stdout
    # The reason comes before minutes of making a root.
    assert not (tmp_path / "roots").exists()


def test_the_closing_line_of_pytest_is_counted(part: object) -> None:
    assert callable(part)
    plain = part("observe").plain
    assert (
        plain(["== 1 failed, 12 passed, 2 skipped in 3 s =="]) == "12 passed, 1 failed, 2 skipped"
    )
    late = [
        "12 passed in 3.10s\n",
        "Exception ignored in: <function f>\n",
        "TypeError: 3 skipped\n",
    ]
    assert plain(late) == "12 passed, 0 failed, 0 skipped"
    assert plain([]) == "0 passed, 0 failed, 0 skipped"


def ci(
    tmp_path: Path, here: int, there: int, uid: int = 0, **more: str
) -> subprocess.CompletedProcess[str]:
    """Runs .ci/run on a stand-in of a machine: exit codes of tests here and in Debian, its user.

    The variable `CLUSTER` is the exit code of those in Kubernetes.
    """
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name, script in {
        "dpkg": "exit ${DPKG:-0}",
        "apt-get": 'echo "E: no such mirror" >&2; exit ${APT:-0}',
        "id": f"echo {uid}",
        "uname": "echo x86_64",
        "go": "exit 0",
        "python3": f"""
            case "$1 $2" in
            "dev.py test") echo "30 passed, 1 failed, 2 skipped"; exit {here};;
            "tests/roots/debian.py --required" | "tests/roots/debian.py ")
                echo "asked: $2."; echo "5 passed, 0 failed, 4 skipped"; exit {there};;
            "tests/cluster/run.py --required" | "tests/cluster/run.py ")
                echo "pods: $2."; echo "3 passed, 0 failed, 0 skipped"; exit ${{CLUSTER:-0}};;
            *) exit 9;;
            esac""",
    }.items():
        (bin_ / name).write_text(f"#!/bin/sh\n{script}\n")
        (bin_ / name).chmod(0o755)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MLOPS_")}
    path = f"{bin_}:{os.environ['PATH']}"
    return subprocess.run(
        [str(ROOT / ".ci" / "run")],
        env={**environment, "PATH": path, "HOME": str(tmp_path), **more},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(("here", "there"), [(0, 0), (1, 0), (0, 1)])
def test_ci_ends_with_the_counts_of_all_it_ran_and_fails_with_any_part(
    tmp_path: Path, here: int, there: int
) -> None:
    done = ci(tmp_path, here, there)
    assert done.returncode == (1 if here or there else 0), done.stderr
    assert done.stdout.splitlines()[-1] == "38 passed, 1 failed, 6 skipped"


@pytest.mark.parametrize(("code", "told"), [("1", False), ("2", True)])
def test_ci_fails_with_its_pods_and_needs_them_where_they_can_be_had(
    tmp_path: Path, code: str, told: bool
) -> None:
    done = ci(tmp_path, 0, 0, CLUSTER=code)
    assert done.returncode == 1
    assert "pods: --required." in done.stdout
    assert ("MLOPS_CI_WITHOUT_KUBERNETES=1 leaves it out" in done.stdout) is told


def test_ci_leaves_its_pods_out_where_it_is_told_to(tmp_path: Path) -> None:
    done = ci(tmp_path, 0, 0, CLUSTER="1", MLOPS_CI_WITHOUT_KUBERNETES="1")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines.count("NOT RUN: Kubernetes: MLOPS_CI_WITHOUT_KUBERNETES is set") == 2


def test_ci_needs_its_debian_where_it_can_be_had(tmp_path: Path) -> None:
    done = ci(tmp_path, 0, 2)
    assert done.returncode == 1
    assert "asked: --required." in done.stdout
    assert "MLOPS_CI_WITHOUT_DEBIAN=1 leaves it out" in done.stdout


def test_ci_does_not_need_its_debian_where_it_cannot_be_had(tmp_path: Path) -> None:
    done = ci(tmp_path, 0, 0, uid=1000)
    assert done.returncode == 0
    assert "asked: ." in done.stdout
    assert "pods: ." in done.stdout


def test_ci_leaves_its_debian_out_where_it_is_told_to(tmp_path: Path) -> None:
    done = ci(tmp_path, 0, 2, MLOPS_CI_WITHOUT_DEBIAN="1")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines.count("NOT RUN: Debian 13: MLOPS_CI_WITHOUT_DEBIAN is set") == 2
    assert lines[-1] == "33 passed, 1 failed, 2 skipped"


def test_ci_gives_the_reason_why_it_could_not_install(tmp_path: Path) -> None:
    done = ci(tmp_path, 0, 2, DPKG="1", APT="100")
    assert done.returncode == 1
    assert re.search(r"could not install all of .*mmdebstrap.*:\nE: no such mirror\n", done.stdout)
