"""What this machine lends to a root: certificates, names of hosts, and how pip reaches its index.

Nothing of it is copied: files and folders are bound read-only while something runs in the root.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

HOME = "/root"
ALWAYS = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs", "/usr/share/ca-certificates")
LOCAL = ("/usr/local/share/ca-certificates",)
NAMES = re.compile(
    r"PIP_\w+|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|(https?|all|no)_proxy",
    re.IGNORECASE,
)


def variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that pip and TLS read, and a plain environment of root around them."""
    kept = {name: value for name, value in environment.items() if NAMES.fullmatch(name)}
    plain = {
        "HOME": HOME,
        "USER": "root",
        "LANG": "C.UTF-8",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "TERM": "dumb",
    }
    # A file of settings is lent under pip's own name for it.
    return {**{k: v for k, v in kept.items() if k != "PIP_CONFIG_FILE"}, **plain}


def configurations(environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """The files of pip's settings on this machine, and their names in the root."""
    home = Path(environment.get("HOME") or "/")
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    yield Path("/etc/pip.conf"), "/etc/pip.conf"
    yield home / ".pip" / "pip.conf", f"{HOME}/.pip/pip.conf"
    named = environment.get("PIP_CONFIG_FILE")
    chosen = Path(named) if named else config / "pip" / "pip.conf"
    yield chosen, f"{HOME}/.config/pip/pip.conf"


def words(environment: Mapping[str, str]) -> Iterator[str]:
    """The words of all settings; some of them are paths."""
    for value in variables(environment).values():
        yield from value.split()
    for file, _ in configurations(environment):
        if file.is_file():
            parser = configparser.RawConfigParser()
            parser.read_string(file.read_text(encoding="utf-8"))
            for section in parser.values():
                for value in section.values():
                    yield from value.split()


def binds(environment: Mapping[str, str]) -> dict[str, str]:
    """What is to be bound read-only: paths in the root, and those of this machine behind them."""
    found = {path: path for path in (*ALWAYS, *LOCAL) if Path(path).exists()}
    for file, inside in configurations(environment):
        if file.is_file():
            found[inside] = str(file)
    for word in words(environment):
        path = word[len("file://") :] if word.startswith("file://") else word
        # An index on this disk has its files beside it.
        path = path[: -len("/simple")] if path.endswith("/simple") else path
        covered = any(path == one or path.startswith(f"{one}/") for one in found)
        deep = path.startswith("/") and len(Path(path).parts) > 2
        if deep and not covered and Path(path).exists():
            found[path] = path
    return found
