"""URIs of artifacts: what is a path on this machine, and what is elsewhere."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from urllib.parse import unquote

from mlops_pipeline.errors import NotFoundError


def refuse_too_long(path: Path) -> None:
    """Raise the system's error for a path that is too long: not every version of Python does.

    Raises:
        OSError: it is too long.
    """
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise
    except ValueError:
        # There is a NUL in it.
        pass


def is_remote(uri: str) -> bool:
    """Return True if a URI is a URL, without a path on this machine."""
    scheme, separator, _ = uri.partition("://")
    return bool(separator) and scheme not in ("file", "local")


def without_password(url: str) -> str:
    """Return a URL as it may be shown: `***` stands for a password, wherever it is."""
    shown = re.sub(r"(://[^:/@?#]*:).*@", r"\1***@", url)
    return re.sub(
        r"(?i)([?&][^=&]*(?:password|passwd|pwd|secret|token)[^=&]*=)[^&#]*", r"\1***", shown
    )


def local_place(uri: str) -> Path:
    """Return the path of a URI that is not remote."""
    return Path(unquote(uri.partition("://")[2])) if "://" in uri else Path(uri)


def with_home(path: str | Path) -> Path:
    """Return a path with the home folder that `~` or `~name` at its beginning stands for.

    Raises:
        NotFoundError: there is none.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        name = Path(path).parts[0]
        raise NotFoundError(
            f"there is no home folder for {name!r}, in {str(path)!r}",
            hint=f"write the whole path, or ./{name} for a folder of that name",
        ) from None
