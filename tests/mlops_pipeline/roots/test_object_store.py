import fsspec
import pytest

from mlops_pipeline.errors import NotFoundError, SettingsError
from mlops_pipeline.roots import digest_path, digest_uri


def _upload(system, files):
    for name, data in files.items():
        with system.open(name, "wb") as file:
            file.write(data)


@pytest.fixture
def memory():
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def test_objects_have_the_digest_of_a_local_copy(tree, memory, cache):
    _upload(memory, {f"/x/{f.relative_to(tree)}": f.read_bytes() for f in tree.rglob("*.*")})
    _upload(memory, {"/x/sub/deep/c": b"three", "/x/__pycache__/d": b""})
    assert digest_uri("memory://x", cache) == digest_path(tree)
    assert digest_uri("memory://x/a.txt", cache) == digest_path(tree / "a.txt")
    assert digest_uri(tree.as_uri()) == digest_path(tree)
    assert digest_uri(str(tree)) == digest_path(tree)


def test_an_object_of_equal_size_that_changed_is_noticed(memory, cache):
    _upload(memory, {"/x": b"a"})
    before = digest_uri("memory://x", cache)
    _upload(memory, {"/x": b"b"})
    assert digest_uri("memory://x", cache) != before


def test_an_object_is_read_again_only_when_its_tag_changes(cache):
    class Tagged(fsspec.get_filesystem_class("memory")):
        protocol = "tagged"
        tag, reads = "one", 0

        @classmethod
        def _strip_protocol(cls, path):
            return super()._strip_protocol(path.replace("tagged://", "memory://"))

        def find(self, path, **options):
            found = super().find(path, **options)
            return {name: {**info, "ETag": Tagged.tag} for name, info in found.items()}

        def _open(self, *args, **options):
            Tagged.reads += 1
            return super()._open(*args, **options)

    fsspec.register_implementation("tagged", Tagged, clobber=True)
    system = fsspec.filesystem("tagged")
    system.pipe("/tagged-object", b"a")
    Tagged.reads = 0
    first = digest_uri("tagged://tagged-object", cache)
    assert (digest_uri("tagged://tagged-object", cache), Tagged.reads) == (first, 1)
    Tagged.tag = "two"
    system.pipe("/tagged-object", b"b")
    assert digest_uri("tagged://tagged-object", cache) != first
    system.store.clear()


def test_a_missing_object_says_so(memory):
    with pytest.raises(NotFoundError, match="memory://nothing does not exist"):
        digest_uri("memory://nothing")


def test_an_unknown_protocol_says_so():
    with pytest.raises(SettingsError, match="nosuch"):
        digest_uri("nosuch://x/y")
