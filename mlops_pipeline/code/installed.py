"""Look-up of the installed distribution that an import comes from, by file names.

`importlib.metadata.packages_distributions` opens every distribution, which takes seconds in a
large environment. Here the name is usually enough; if not, the lists of files are searched, once.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

# Imports that are not called like their distribution. Any other is found by search.
_KNOWN = {
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "google.protobuf": "protobuf",
    "mlops_components": "mlops-pipeline",
    "mlops_metadata": "mlops-pipeline",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
_SEPARATORS = re.compile(r"[-_.]+")
_INFO = re.compile(r"^(?P<name>.+?)-(?P<version>[^-]+)(-py[\d.]+.*)?\.(dist|egg)-info$")

_CODE = (".py", ".so", ".pyd")
_SECOND = 1_000_000_000
_MOST_EDITED = 300


class Distribution(NamedTuple):
    """An installed distribution: normalised name, version, and its folder of metadata."""

    name: str
    version: str
    info: str


def distribution_of(dotted: str, site: str, names: frozenset[str]) -> Distribution:
    """Return the distribution that a package belongs to.

    Args:
        dotted: name of the package; of a part of a namespace package, all of it.
        site: the folder that it is installed in.
        names: what that folder holds.

    Returns:
        One with version `unknown` where the package belongs to none.
    """
    installed = _installed(names)
    parts = dotted.split(".")
    above = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    for candidate in (*map(_KNOWN.get, above), _normalise(dotted)):
        if candidate in installed:
            return installed[candidate]
    return _search(dotted, site, names)


def content_of(distribution: Distribution, site: str) -> str:
    """Return a digest of the files of a distribution; empty where no list of them is kept.

    By its list of installed files, `RECORD`, which has a digest of each (PEP 376). A file that may
    have been edited since (a later time or another size) is read, and counts where it differs.
    """
    if not distribution.info:
        return _loose(Path(site), distribution.name)
    record = Path(site, distribution.info, "RECORD")
    try:
        status = record.stat()
    except OSError:
        return ""
    return _content(str(record), site, status.st_mtime_ns)


def _loose(site: Path, name: str) -> str:
    """Return a digest of the code of a package that was put there without a list of files."""
    files = [*site.glob(f"{name}.py"), *sorted((site / name).rglob("*.py"))]
    texts = [f"{file.relative_to(site)} {file.read_bytes()!r}" for file in files]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12] if texts else ""


@functools.lru_cache(maxsize=256)
def _content(record: str, site: str, installed: int) -> str:
    rows, sizes, late = [], [], []
    for line in Path(record).read_text("utf-8", "replace").splitlines():
        name, _, rest = line.rpartition(",")[0].rpartition(",")
        size = line.rpartition(",")[2]
        if not rest or name.startswith("..") or ".dist-info/" in name or name.endswith(".pyc"):
            continue
        rows.append(f"{name},{rest}")
        if name.endswith(_CODE):
            try:
                status = os.stat(f"{site}/{name}")  # noqa: PTH116 - there are thousands
            except OSError:
                sizes.append((name, rest))
                continue
            if str(status.st_size) != size:
                sizes.append((name, rest))
            elif status.st_mtime_ns > installed + _SECOND:
                late.append((name, rest))
    # A copied environment has new times all over: that is no edit.
    edited = [*sizes, *(late if len(late) <= _MOST_EDITED else [])]
    rows += [f"{name} {found}" for name, found in _edited(site, edited)]
    return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()[:12]


def _edited(site: str, suspects: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the files that are not what was installed, with their digests."""
    for name, recorded in suspects:
        try:
            digest = hashlib.sha256(Path(site, name).read_bytes())
        except OSError:
            yield name, "gone"
            continue
        plain = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
        if recorded != f"sha256={plain}":
            yield name, plain


def _normalise(name: str) -> str:
    return _SEPARATORS.sub("-", name).lower()


@functools.lru_cache(maxsize=8)
def _installed(names: frozenset[str]) -> dict[str, Distribution]:
    found = {}
    for entry in sorted(names):
        match = _INFO.match(entry)
        if match:
            name = _normalise(match["name"])
            found[name] = Distribution(name, match["version"], entry)
    return found


@functools.lru_cache(maxsize=1024)
def _search(dotted: str, site: str, names: frozenset[str]) -> Distribution:
    top = dotted.partition(".")[0]
    for distribution in _with_top_level(top, site, _installed(names).values()):
        if _has(Path(site, distribution.info), dotted):
            return distribution
    return Distribution(top, "unknown", "")


def _with_top_level(
    top: str, site: str, installed: Iterable[Distribution]
) -> Iterator[Distribution]:
    """Yield first those known to have a top-level package, then those that do not say."""
    silent = []
    for distribution in installed:
        try:
            listed = Path(site, distribution.info, "top_level.txt").read_text("utf-8").split()
        except OSError:
            silent.append(distribution)
            continue
        if top in listed:
            yield distribution
    yield from silent


def _has(info: Path, dotted: str) -> bool:
    """Return True if the list of installed files has a package."""
    try:
        record = b"\n" + (info / "RECORD").read_bytes()
    except OSError:
        return info.suffix == ".egg-info" and "." not in dotted
    start = b"\n" + dotted.replace(".", "/").encode()
    return any(start + end in record for end in (b"/", b".py,", b".so,", b".cpython-", b".abi3."))
