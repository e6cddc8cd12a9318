"""The policy of retention, as the settings say it: what is kept whatever else goes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.settings import Settings

BLESSED, PUSHED, TAGGED = "blessed", "pushed", "tagged"
ALL = "*"

_AGE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([smhdw])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True)
class Policy:
    """Rules by which artifacts are kept; one is enough.

    Args:
        keep_last: number of the newest runs of each pipeline, and of the newest that were
            complete, whose artifacts are kept.
        younger: seconds since an artifact was made, or last used by a run.
        keep: `blessed`, `pushed` and `tagged`: kinds of artifacts that are kept.
        upstream: types of what these were made of that is kept with them; `*` for all.
    """

    keep_last: int = 10
    younger: float = 7 * 86_400.0
    keep: frozenset[str] = frozenset({BLESSED, PUSHED, TAGGED})
    upstream: frozenset[str] = frozenset({ALL})


def read_policy(settings: Settings) -> Policy:
    """Return the policy in the settings.

    Raises:
        SettingsError: the age is none.
    """
    return Policy(
        settings.gc_keep_last,
        age_seconds(settings.gc_younger),
        frozenset(settings.gc_keep) - {"none"},
        frozenset(settings.gc_upstream) - {"none"},
    )


def age_seconds(text: str, what: str = "setting 'gc_younger'") -> float:
    """Return the seconds of an age, such as `12h` or `30d`.

    Args:
        what: what to call it in an error.

    Raises:
        SettingsError: it is none.
    """
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise SettingsError(
            f"{what} is {text!r}, which is no age",
            hint="write a number and s, m, h, d or w, as in 12h or 30d",
        )
    return float(found[1]) * _SECONDS[found[2]]
