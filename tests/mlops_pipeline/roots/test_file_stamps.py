import hashlib
import os

from digest_files import settle

from mlops_pipeline.roots import Stamp, digest_path, is_settled


def test_a_file_that_was_just_written_is_not_trusted(tmp_path, cache):
    file = tmp_path / "f"
    for byte in b"abcdefghij":
        # Within one tick of the clock of the file system, only the content tells them apart.
        file.write_bytes(bytes([byte]) * 50_000)
        assert digest_path(file, cache) == hashlib.sha256(bytes([byte]) * 50_000).hexdigest()


def test_a_file_moved_into_the_place_of_another_is_noticed(tmp_path, cache):
    for name in "ab":
        (tmp_path / name).write_bytes(name.encode() * 50_000)
        os.utime(tmp_path / name, (1, 1))
    settle(tmp_path / "b")
    before = digest_path(tmp_path / "a", cache)
    (tmp_path / "b").replace(tmp_path / "a")
    assert digest_path(tmp_path / "a", cache) != before


def test_times_in_whole_seconds_need_longer_to_settle():
    second = 1_000_000_000
    fine, coarse = Stamp(1, second + 1, second + 1, 1, 1), Stamp(1, second, second, 1, 1)
    assert is_settled(fine, second + second // 2)
    assert not is_settled(coarse, second + second // 2)
    assert is_settled(coarse, 4 * second)
    assert not is_settled(fine, second // 2)
