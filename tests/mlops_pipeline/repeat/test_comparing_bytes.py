from __future__ import annotations

from pathlib import Path

import pytest

from mlops_pipeline.repeat import Verdict
from mlops_pipeline.repeat.comparing_bytes import _compare_file


@pytest.mark.parametrize(
    ("old", "new", "tolerance", "verdict", "words"),
    [
        ('{"auc": 0.91}', '{"auc": 0.9101}', 0.01, Verdict.WITHIN, "auc: 0.91 -> 0.9101"),
        ('{"auc": 0.91}', '{"auc": 0.95}', 0.01, Verdict.DIFFERS, "auc: 0.91 -> 0.95"),
        ('{"a": [1, 2]}', '{"a": [1, 2.001]}', 0.01, Verdict.WITHIN, "a[1]: 2 -> 2.001"),
        ('{"a": [1, 2]}', '{"a": [1]}', 9.0, Verdict.DIFFERS, "a: [1, 2] -> [1]"),
        ('{"a": 1}', '{"b": 1}', 9.0, Verdict.DIFFERS, "a: 1 -> nothing"),
        ('{"a": 1}', '{"a": true}', 9.0, Verdict.WITHIN, ""),
        ('{"a": NaN}', '{ "a": NaN}', 0.0, Verdict.WITHIN, ""),
        ('{"a": NaN}', '{"a": 1.0}', 9.0, Verdict.DIFFERS, "a: NaN -> 1.0"),
        ("one\ntwo", "one\nfour", None, Verdict.DIFFERS, "7 bytes -> 8 bytes, from line 2"),
        ("one\ntwo", "one\nfour", 1.0, Verdict.OPAQUE, "7 bytes -> 8 bytes, from line 2"),
        ("[" * 100_000, "{", 1.0, Verdict.OPAQUE, "100000 bytes -> 1 bytes, from line 1"),
        ("1e400", "1", 1.0, Verdict.DIFFERS, ": Infinity -> 1".lstrip(": ")),
    ],
)
def test_files_are_compared_by_bytes_or_by_their_numbers(
    tmp_path: Path, old: str, new: str, tolerance: float | None, verdict: Verdict, words: str
) -> None:
    (tmp_path / "a").write_text(old)
    (tmp_path / "b").write_text(new)
    found = _compare_file(tmp_path / "a", tmp_path / "b", tolerance)
    assert found == (verdict, words)


def test_a_file_that_only_one_run_has_differs(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    assert _compare_file(tmp_path / "a", None, 1.0)[1] == "only the first run has it"
    assert _compare_file(None, tmp_path / "a", 1.0)[0] is Verdict.DIFFERS
