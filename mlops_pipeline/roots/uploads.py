"""Uploads a file or a folder to an object store, and makes sure that it arrived.

The listing afterwards is compared with what was sent: sizes, and the MD5 that S3 and GCS give.
"""

from __future__ import annotations

import base64
import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import NotFoundError, RootError
from mlops_pipeline.roots.digest_cache import StatCache
from mlops_pipeline.roots.digests import EMPTY, Entry, digest_file, digest_rows, walk
from mlops_pipeline.roots.object_store import (
    CHUNK,
    Listing,
    Object,
    digest_object,
    in_threads,
    key_of,
    list_objects,
    open_system,
    reached,
    write_bytes,
)

# With eight files and four parts of each at once, half a gigabyte of memory at most.
_PART = 16 << 20
_PARTS_AT_ONCE = 4
_MOST_PARTS = 10_000


def upload(path: Path, url: str, cache: StatCache | None = None) -> tuple[str, str]:
    """Copy a file or a folder to a URL where nothing is yet, and make sure that it arrived.

    Returns:
        The digest of what arrived, and the tag of its listing.

    Raises:
        RootError: an object is not what was sent, or the server is away.
        NotFoundError: a name cannot be kept, or a link leads to a folder around it.
    """
    system, root = open_system(url)
    files = _files(path)
    targets = {name: f"{root}/{name}" if name else root for name in files}

    def send(name: str) -> None:
        with reached(url):
            size = files[name].status.st_size
            system.put_file(files[name].path, targets[name], **_how(url, size))

    in_threads(send, files)
    if not files:
        write_bytes(f"{url}/{EMPTY}", b"")
    listing = list_objects(url)
    arrived = {each.name: each for each in listing.objects}
    if arrived.keys() != files.keys():
        wrong = sorted(arrived.keys() ^ files.keys())[0]
        raise RootError(
            f"{url} does not hold what was sent: {wrong or 'the file'} differs",
            hint="rename it if its name is unusual",
        )

    def check(name: str) -> str:
        return _check(listing, arrived[name], files[name], cache)

    digests = dict(zip(files, in_threads(check, files), strict=True))
    if listing.is_file:
        return digests[""], listing.tag
    rows = ((b"file", n.encode(), d.encode()) for n, d in digests.items())
    return digest_rows(rows), listing.tag


def upload_file(path: Path, url: str) -> None:
    """Copy one file, without looking if it arrived."""
    system, target = open_system(url)
    with reached(url):
        system.put_file(str(path), target, **_how(url, path.stat().st_size))


def _files(path: Path) -> dict[str, Entry]:
    """Return the files of a path, by name."""
    status = path.stat()
    if not stat.S_ISDIR(status.st_mode):
        return {"": Entry(b"", str(path), status)}
    found = {}
    for entry in walk(str(path), b"", {(status.st_dev, status.st_ino): b""}):
        try:
            name = entry.name.decode()
        except UnicodeDecodeError:
            raise NotFoundError(
                f"an object store cannot keep a file named {entry.name!r}",
                hint="give it a name in UTF-8",
            ) from None
        if entry.loop is not None:
            raise NotFoundError(
                f"{entry.path} is a link to a folder around it, which an object store cannot keep",
                hint="remove the link",
            )
        found[name] = entry
    return found


def _how(url: str, size: int) -> dict[str, Any]:
    """Return arguments that bound the memory of an upload."""
    if not url.startswith("s3://"):
        return {}
    return {"chunksize": _part_size(size), "max_concurrency": _PARTS_AT_ONCE}


def _part_size(size: int) -> int:
    smallest = -(-size // _MOST_PARTS)
    return max(_PART, -(-smallest // CHUNK) * CHUNK)


def _check(listing: Listing, each: Object, file: Entry, cache: StatCache | None) -> str:
    """Compare an object with the file that was sent; returns the digest of both.

    Its size and its tag do, where the tag is an MD5; where it is not, as with keys of the
    server's own, the object is read.
    """
    digest = digest_file(file.path, file.status, cache)
    same = each.size == file.status.st_size
    if same and not _proves(each, file):
        same = digest_object(listing, each, cache=None) == digest
    if not same:
        raise RootError(
            f"{listing.url} does not hold what was sent: {each.name or 'the file'} differs",
            hint="try again",
        )
    if cache and each.tags:
        cache.put(key_of(listing, each), each.stamp, digest)
    return digest


def _proves(each: Object, file: Entry) -> bool:
    """Return True if the tag of an object proves that it holds the bytes of a file."""
    tag = each.tags.get("ETag", "")
    parts = tag.partition("-")[2]
    if tag and (len(tag) == 32 or parts.isdigit()):
        size = _part_size(file.status.st_size) if parts else 0
        found = list(_md5s(file.path, size))
        if not parts:
            return found[0].hex() == tag
        whole = hashlib.md5(b"".join(found), usedforsecurity=False).hexdigest()
        return f"{whole}-{len(found)}" == tag
    tag = each.tags.get("md5Hash", "")
    return bool(tag) and base64.b64encode(next(_md5s(file.path, 0))).decode() == tag


def _md5s(path: str, part: int) -> Iterator[bytes]:
    """Yield the MD5 of each part of a file; of all of it, if `part` is 0."""
    with Path(path).open("rb", buffering=0) as file:
        left = part
        hashed = hashlib.md5(usedforsecurity=False)
        while block := file.read(min(CHUNK, left) if part else CHUNK):
            if part and not left:
                break
            hashed.update(block)
            left -= len(block)
            if part and left == 0:
                yield hashed.digest()
                hashed, left = hashlib.md5(usedforsecurity=False), part
        if not part or left < part:
            yield hashed.digest()
