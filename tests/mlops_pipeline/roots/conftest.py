import pytest

from mlops_pipeline.roots import StatCache


@pytest.fixture
def cache(tmp_path):
    with StatCache(tmp_path / "cache" / ".." / "digests.db") as opened:
        yield opened


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    for name, text in {"a.txt": "one", "sub/b.txt": "two", "sub/deep/c": "three"}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root
