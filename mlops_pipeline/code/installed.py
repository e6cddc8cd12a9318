"""Look-up of the installed distribution that an import comes from, by file names.

`importlib.metadata.packages_distributions` opens every distribution, which takes seconds in a
large environment. Here the name is usually enough; if not, the lists of files are searched, once.
"""

from __future__ import annotations

import functools
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
