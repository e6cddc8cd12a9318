"""`mlops doctor`: checks of everything that a run needs."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import click

from mlops_pipeline import __version__
from mlops_pipeline.cli.output import json_option, screen, write, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.errors import PipelineError
from mlops_pipeline.inspection import size
from mlops_pipeline.roots import RemoteRoot, check_url, make_scratch
from mlops_pipeline.run_state import copies_in, scratch_folder
from mlops_pipeline.settings import Resolved
from mlops_pipeline.store import file_of, open_store
from mlops_pipeline.uris import is_remote

OLDEST_PYTHON = (3, 10)
LITTLE_SPACE = 2e9
EXTRAS = {
    "mlmd": ("ml-metadata",),
    "tensorflow": (
        "tensorflow",
        "tensorflow-data-validation",
        "tensorflow-transform",
        "tensorflow-model-analysis",
        "apache-beam",
    ),
    "airflow": ("apache-airflow",),
    "kubeflow": ("kfp",),
    "s3": ("s3fs",),
    "gcs": ("gcsfs",),
}
"""Packages that come with each extra."""
Verdict = Literal["ok", "note", "warn", "fail"]


SIGNS = {"ok": ("✓", "green"), "note": ("·", "dim"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@click.command()
@json_option
@project_options
def doctor(project: Project, as_json: bool) -> int:
    """Check the environment, the store and the folders.

    Ends with 1 if something is broken.
    """
    findings = list(examine(project.resolved))
    failed = [finding for finding in findings if finding.verdict == "fail"]
    if as_json:
        write_json(findings)
        return 1 if failed else 0
    here = screen()
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        sign, style = SIGNS[finding.verdict]
        write([f"{here.paint(sign, style)} {finding.check.ljust(width)}  {finding.found}"])
        if finding.hint:
            write([here.paint(f"  {' ' * width}  {finding.hint}", "dim")])
    write(["", f"{len(failed)} to fix" if failed else "all that a run needs is there"])
    return 1 if failed else 0


@dataclass(frozen=True)
class CheckResult:
    """The result of one check.

    Args:
        hint: what to do, where something is to do.
    """

    check: str
    verdict: Verdict
    found: str
    hint: str = ""


def examine(resolved: Resolved) -> Iterator[CheckResult]:
    """Make all checks; one that breaks is a finding too."""
    for check in (_python, _packages, _conflict, _compiler, _settings, _store, _root, _machine):
        yield from check(resolved)


def own_version() -> str:
    """Return the version of this distribution, also where it runs from its sources."""
    return _installed("mlops-pipeline") or f"{__version__} (from sources)"


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _python(resolved: Resolved) -> Iterator[CheckResult]:
    found = f"{platform.python_version()} at {sys.executable}"
    good = sys.version_info >= OLDEST_PYTHON
    oldest = ".".join(map(str, OLDEST_PYTHON))
    yield CheckResult(
        "python", "ok" if good else "fail", found, "" if good else f"use {oldest} or newer"
    )
    yield CheckResult("mlops-pipeline", "ok", own_version())


def _packages(resolved: Resolved) -> Iterator[CheckResult]:
    for extra, packages in EXTRAS.items():
        found = {package: _installed(package) for package in packages}
        have = ", ".join(f"{name} {number}" for name, number in found.items() if number)
        missing = ", ".join(name for name, number in found.items() if not number)
        install = f"pip install 'mlops-pipeline[{extra}]'"
        if not have:
            yield CheckResult(f"[{extra}]", "note", f"not installed; if you need it: {install}")
        elif missing:
            yield CheckResult(f"[{extra}]", "warn", f"{have}; without {missing}", install)
        else:
            yield CheckResult(f"[{extra}]", "ok", have)


def _conflict(resolved: Resolved) -> Iterator[CheckResult]:
    if _installed("apache-airflow") and _installed("ml-metadata"):
        yield CheckResult(
            "airflow and ml-metadata",
            "warn",
            "are in one environment, though they ask for different versions of protobuf",
            "make one environment for [airflow] and one for [mlmd]",
        )


def _compiler(resolved: Resolved) -> Iterator[CheckResult]:
    found = next((path for name in ("c++", "g++", "clang++") if (path := shutil.which(name))), "")
    # Only packages without a wheel for this platform are compiled when they are installed.
    hint = "" if found else "install g++ if a package has to be built, as pip then says"
    yield CheckResult("C++ compiler", "ok" if found else "note", found or "none", hint)


def _settings(resolved: Resolved) -> Iterator[CheckResult]:
    yield CheckResult("project", "ok", str(resolved.project))
    for warning in resolved.warnings:
        yield CheckResult("settings", "warn", warning)


def _store(resolved: Resolved) -> Iterator[CheckResult]:
    url = resolved.values.store
    file = file_of(url)
    if file is not None and not file.exists():
        yield from _new_store(url, file)
        return
    try:
        store = open_store(url)
        try:
            runs = store.list_runs(limit=1)
        finally:
            store.close()
    except PipelineError as error:
        yield CheckResult("store", "fail", error.message, error.hint)
        return
    last = f"; last run {runs[0].id}" if runs else "; no runs yet"
    yield CheckResult("store", "ok", f"{url}{last}")


def _new_store(url: str, file: Path) -> Iterator[CheckResult]:
    """Yield a store that the first run makes: that it could is tried on one elsewhere."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            open_store(f"sqlite:///{folder}/trial.db").close()
        except PipelineError as error:
            yield CheckResult(
                "store", "fail", error.message.replace(f"{folder}/trial.db", str(file)), error.hint
            )
            return
    yield CheckResult("store", "ok", f"{url}; the first run makes it")


def _root(resolved: Resolved) -> Iterator[CheckResult]:
    root = resolved.values.root
    if is_remote(root):
        yield _remote_root(root, resolved)
        return
    folder = Path(root)
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    if not os.access(existing, os.W_OK):
        yield CheckResult(
            "artifact root", "fail", f"{root} cannot be written", "choose another with --root"
        )
        return
    free = shutil.disk_usage(existing).free
    little = free < LITTLE_SPACE
    hint = "free some space, or choose another root with --root" if little else ""
    yield CheckResult(
        "artifact root", "warn" if little else "ok", f"{root}, {size(free)} free", hint
    )


def _remote_root(root: str, resolved: Resolved) -> CheckResult:
    """Return a root elsewhere: an object is written, read and removed."""
    settings = resolved.values
    try:
        check_url(root)
        scratch = scratch_folder(settings.scratch)
        make_scratch(scratch)
        RemoteRoot(
            root.rstrip("/"), scratch, copies_in(settings.scratch, settings.scratch_limit)
        ).check()
    except PipelineError as error:
        return CheckResult("artifact root", "fail", error.message, error.hint)
    free = shutil.disk_usage(scratch).free
    little = free < LITTLE_SPACE
    return CheckResult(
        "artifact root",
        "warn" if little else "ok",
        f"{root}; local copies in {scratch}, {size(free)} free",
        "free some space, or choose another folder with `scratch` in mlops.toml" if little else "",
    )


def _machine(resolved: Resolved) -> Iterator[CheckResult]:
    cores = len(os.sched_getaffinity(0))
    workers = resolved.values.workers or cores
    yield CheckResult("machine", "ok", f"{cores} cores, {workers} workers, {platform.platform()}")
