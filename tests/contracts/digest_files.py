"""What the tests of mlops_pipeline/roots share."""

import time

from mlops_pipeline.roots import Stamp, is_settled

LARGE = b"x" * 50_000


def settle(path):
    """Wait until a write to the file must change its times."""
    status = path.stat()
    stamp = Stamp(0, status.st_mtime_ns, status.st_ctime_ns, 0, 0)
    while not is_settled(stamp, time.time_ns()):
        time.sleep(0.005)
