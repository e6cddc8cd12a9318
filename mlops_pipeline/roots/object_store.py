"""Files behind a URL that no local path leads to: list, digest, bring and remove them by fsspec.

What an object store says of an object in its listing (ETag, MD5, generation) changes whenever the
content does. `Listing.tag` sums that up, so that a known tag proves content without reading it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from mlops_pipeline.errors import NotFoundError, PipelineError, RootError, SettingsError
from mlops_pipeline.roots.digest_cache import StatCache
from mlops_pipeline.roots.digests import JUNK, digest_path, digest_rows

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
from mlops_pipeline.uris import is_remote, local_place

EXTRAS = {"s3": ("s3fs", "s3"), "gs": ("gcsfs", "gcs")}
"""By scheme: the module that speaks it, and our extra that brings it."""

SCHEMES = (*EXTRAS, "memory")

CHUNK = 1 << 20
_THREADS = 8

# What object stores say of an object and change whenever its content does.
_STRONG_TAGS = ("ETag", "etag", "md5Hash", "content_md5", "generation", "VersionId")

_T = TypeVar("_T")
_R = TypeVar("_R")


def check_url(url: str) -> None:
    """Refuse a URL that cannot be used, before any work is done for it.

    Raises:
        SettingsError: it holds credentials, its scheme is unknown, or a library is missing.
    """
    parts = urlsplit(url)
    if "@" in parts.netloc:
        # The URL itself is not printed: it may hold a secret, and logs are read by others.
        raise SettingsError(
            f"the {parts.scheme}:// URL holds credentials",
            hint="leave them out: they come from the environment or a profile, "
            "as s3fs and gcsfs read them",
        )
    if parts.scheme not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise SettingsError(
            f"{parts.scheme}:// cannot hold artifacts", hint=f"use a folder, or one of {known}"
        )
    if not parts.netloc or parts.query or parts.fragment or "::" in url:
        raise SettingsError(
            f"{url} is not the URL of a bucket or a folder in one",
            hint=f"write it as {parts.scheme}://bucket/folder",
        )
    _check_installed(parts.scheme, url)


def _check_installed(scheme: str, url: str) -> None:
    if scheme not in EXTRAS:
        return
    module, extra = EXTRAS[scheme]
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise SettingsError(
            f"{url} needs {module}, which cannot be imported: {error}",
            hint=f"pip install 'mlops-pipeline[{extra}]'",
        ) from None


def open_system(url: str) -> tuple[AbstractFileSystem, str]:
    """Return the file system of a URL, and the path in it.

    Raises:
        SettingsError: the URL is wrong, or the library that speaks its protocol is not installed.
    """
    from fsspec.core import url_to_fs

    _check_installed(url.partition("://")[0], url)
    try:
        system, path = url_to_fs(url)
    except ImportError as error:
        raise SettingsError(f"cannot read {url}: {error}", hint="install what it names") from None
    except ValueError as error:
        raise SettingsError(f"cannot read {url}: {error}", hint="check the URL") from None
    return system, str(path)


@contextlib.contextmanager
def reached(url: str) -> Iterator[None]:
    """Turn what libraries raise when a server refuses or is away into one error.

    Raises:
        NotFoundError: what was asked for is not there.
        RootError: anything else.
    """
    try:
        yield
    except PipelineError:
        raise
    except FileNotFoundError as error:
        raise NotFoundError(f"{url} does not exist: {error}", hint="check the URL") from None
    except PermissionError as error:
        raise RootError(
            f"{url} refuses access: {error}",
            hint="check the credentials in the environment, and what they allow",
        ) from None
    except Exception as error:
        name = type(error).__name__
        raise RootError(
            f"{url} cannot be reached: {name}: {error}", hint="check the network and the server"
        ) from error


@dataclass(frozen=True)
class Object:
    """An object of a listing.

    Args:
        name: below the URL that was listed; empty for the object at the URL itself.
        path: as the file system names it.
        tags: what the store says of its content; empty where it says nothing that is sure.
    """

    name: str
    path: str
    size: int
    tags: Mapping[str, str]

    @property
    def stamp(self) -> str:
        """Changes whenever the content does, if there are tags."""
        return f"{self.size}:{';'.join(f'{k}={v}' for k, v in self.tags.items())}"


@dataclass(frozen=True)
class Listing:
    """The objects at a URL, without `JUNK`."""

    url: str
    system: AbstractFileSystem
    objects: tuple[Object, ...]

    @property
    def tag(self) -> str:
        """Digest of names, sizes and tags; empty if some object has no tag."""
        if not all(each.tags for each in self.objects):
            return ""
        return digest_rows((b"tag", e.name.encode(), e.stamp.encode()) for e in self.objects)

    @property
    def is_file(self) -> bool:
        """True if there is an object at the URL itself."""
        return [each.name for each in self.objects] == [""]


def list_objects(url: str) -> Listing:
    """List the objects at a URL.

    Raises:
        NotFoundError: nothing is.
        RootError: the server is away, or refuses.
    """
    system, root, found = _find(url)
    if not found:
        raise NotFoundError(f"{url} does not exist", hint="check the URL")
    below = len(root.rstrip("/")) + 1
    named = {path: "" if path == root else path[below:] for path in found}
    return Listing(
        url,
        system,
        tuple(
            Object(name, path, int(found[path].get("size") or 0), _tags(found[path]))
            for path, name in sorted(named.items(), key=lambda item: item[1])
            # A name that ends with a slash marks a folder in the consoles of some stores.
            if not JUNK.intersection(name.split("/")) and not name.endswith("/")
        ),
    )


def _find(url: str) -> tuple[AbstractFileSystem, str, dict[str, dict[str, Any]]]:
    system, root = open_system(url)
    with reached(url):
        # Listings are kept by some systems; an old one would hide a change.
        system.invalidate_cache(root)
        return system, root, dict(system.find(root, detail=True))


def list_infos(url: str) -> list[tuple[str, dict[str, Any]]]:
    """Return name and facts of each object below a URL; there may be none.

    Raises:
        RootError: the server is away, or refuses.
    """
    try:
        _, root, found = _find(url)
    except NotFoundError:
        return []
    below = len(root.rstrip("/")) + 1
    return [(path[below:], info) for path, info in found.items()]


def names_below(url: str) -> set[str]:
    """Return the names of the objects right below a URL; there may be none.

    Raises:
        RootError: there is no such bucket, or the server is away, or refuses.
    """
    try:
        _, root, found = _find(url)
    except NotFoundError as error:
        # A missing folder is an empty one.
        raise RootError(error.message, hint="make the bucket, or choose another root") from None
    return {path[len(root.rstrip("/")) + 1 :] for path in found}


def _tags(info: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(info[key]).strip('"') for key in _STRONG_TAGS if info.get(key)}


def digest_uri(uri: str, cache: StatCache | None = None, known: tuple[str, str] = ("", "")) -> str:
    """Return the SHA-256 of a file or folder by URL, equal to `digest_path` of a copy.

    Nothing is read where the listing has strong tags (S3, GCS, Azure) and they are those that
    the cache or `known` has seen: a size and a time prove nothing about a remote file.

    Args:
        known: the tag of a listing, and the digest of what was listed.

    Raises:
        NotFoundError: there is nothing at the URL.
        SettingsError: the library that speaks the protocol is not installed.
        RootError: the server is away, or refuses.
    """
    if not is_remote(uri):
        return digest_path(local_place(uri), cache)
    return digest_listing(list_objects(uri), cache, known)


def digest_listing(
    listing: Listing, cache: StatCache | None = None, known: tuple[str, str] = ("", "")
) -> str:
    """Return the digest of what was listed; `digest_uri` says more."""
    if known[0] and known[0] == listing.tag:
        return known[1]
    read = functools.partial(digest_object, listing, cache=cache)
    digests = in_threads(read, listing.objects)
    if listing.is_file:
        return digests[0]
    names = [os.fsencode(each.name) for each in listing.objects]
    return digest_rows((b"file", n, d.encode()) for n, d in zip(names, digests, strict=True))


def key_of(listing: Listing, each: Object) -> str:
    """Return the name of an object in the cache of digests."""
    return f"{listing.url.partition('://')[0]}://{each.path}"


def digest_object(listing: Listing, each: Object, *, cache: StatCache | None) -> str:
    """Return the digest of one object, read only if the cache does not know it."""
    key = key_of(listing, each)
    if known := cache.get(key, each.stamp) if cache and each.tags else "":
        return known
    digest = hashlib.sha256()
    with reached(key), listing.system.open(each.path, "rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    if cache and each.tags:
        cache.put(key, each.stamp, digest.hexdigest())
    return digest.hexdigest()


def has_bucket(url: str) -> bool:
    """Return True if the bucket of a URL exists: objects missing in it are gone for good."""
    system, path = open_system(url)
    with reached(url):
        return bool(system.exists(path.lstrip("/").partition("/")[0]))


def read_bytes(url: str) -> bytes:
    """Return the content of one object, or of one local file."""
    if not is_remote(url):
        return local_place(url).read_bytes()
    system, path = open_system(url)
    with reached(url):
        return bytes(system.cat_file(path))


def write_bytes(url: str, data: bytes) -> None:
    """Write one object."""
    system, path = open_system(url)
    with reached(url):
        system.pipe_file(path, data)


def download(listing: Listing, folder: Path) -> None:
    """Copy the listed objects to a path that does not exist yet.

    Raises:
        NotFoundError: an object is gone meanwhile.
        RootError: the server is away, or a name would lead out of that path.
    """
    if listing.is_file:
        folder.parent.mkdir(parents=True, exist_ok=True)
    else:
        folder.mkdir(parents=True)

    def bring(each: Object) -> None:
        if {"..", "."} & set(each.name.split("/")) or each.name.startswith("/"):
            raise RootError(
                f"{listing.url} holds an object whose name leads out of it: {each.name}",
                hint="remove it",
            )
        target = folder / each.name if each.name else folder
        target.parent.mkdir(parents=True, exist_ok=True)
        with reached(listing.url):
            listing.system.get_file(each.path, str(target))

    in_threads(bring, listing.objects)


def remove_object(url: str) -> None:
    """Remove the object at a URL, if there is one."""
    system, path = open_system(url)
    with contextlib.suppress(NotFoundError), reached(url):
        system.rm_file(path)


def remove(url: str) -> None:
    """Remove all objects at a URL and below it, if there are any."""
    system, root = open_system(url)
    with contextlib.suppress(NotFoundError), reached(url):
        system.invalidate_cache(root)
        in_threads(functools.partial(_remove_one, system), system.find(root))
    _abort_uploads(system, root)


def _remove_one(system: AbstractFileSystem, path: str) -> None:
    # Not `rm`, which takes a star in a name for a pattern.
    with contextlib.suppress(FileNotFoundError):
        system.rm_file(path)


def _abort_uploads(system: AbstractFileSystem, root: str) -> None:
    """Drop the parts of large files that were never put together: S3 keeps and bills them."""
    if not hasattr(system, "call_s3"):
        return
    bucket, _, prefix = root.partition("/")
    # Not every server lists them, nor is everyone allowed to.
    with contextlib.suppress(Exception):
        found = system.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=prefix)
        for each in found.get("Uploads") or ():
            if each["Key"].startswith(prefix):
                system.call_s3(
                    "abort_multipart_upload",
                    Bucket=bucket,
                    Key=each["Key"],
                    UploadId=each["UploadId"],
                )


def in_threads(function: Callable[[_T], _R], items: Iterable[_T]) -> list[_R]:
    """Return the results in order; the first failure ends the work and stops waiting calls."""
    given = list(items)
    if len(given) < 2:
        return [function(item) for item in given]
    pool = ThreadPoolExecutor(min(len(given), _THREADS))
    try:
        return list(pool.map(function, given))
    finally:
        pool.shutdown(cancel_futures=True)
