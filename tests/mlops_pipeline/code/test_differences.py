import pytest

from mlops_pipeline.code import diff


def test_diff_shows_the_changed_lines_with_their_numbers():
    before = "import os\n\n\ndef f(x):\n    # one\n    y = x\n    return y\n"
    after = "import os\n\ndef g(): pass\n\n\ndef f(x):\n    y = x\n    # two\n    return y + 1\n"
    assert diff(before, after, "lib/a.py::f") == (
        "--- lib/a.py:7\n+++ lib/a.py:9\n@@ -7 +9 @@ f\n-    return y\n+    return y + 1\n"
    )


@pytest.mark.parametrize(
    "after",
    [
        "import os\n# comment\ndef f(x):\n    '''Doc.'''\n    return x  # why\n",
        "import os\n\n\n\ndef f(\n    x,\n):\n    return (\n        x\n    )\n",
    ],
)
@pytest.mark.parametrize("name", ["a.py", "a.py::f"])
def test_diff_is_empty_where_only_comments_and_layout_differ(after, name):
    assert diff("import os\ndef f(x): return x\n", after, name) == ""


def test_diff_shows_changed_imports_of_a_symbol():
    after = "from b import h as g\ndef f(): g()\n"
    assert "+from b import h as g" in diff("from b import g\ndef f(): g()\n", after, "a.py::f")


def test_diff_of_a_new_or_removed_file_shows_it():
    assert diff("", "x = 1\n", "a.py") == "--- (none)\n+++ a.py:1\n@@ -0,0 +1 @@\n+x = 1\n"
    assert diff("x = 1\n", "", "a.py") == "--- a.py:1\n+++ (none)\n@@ -1 +0,0 @@\n-x = 1\n"


def test_diff_is_cut_to_the_limit():
    after = "\n".join(f"x{i} = {i}" for i in range(100))
    shown = diff("", after, "a.py", limit=10)
    assert len(shown.splitlines()) == 11
    assert "more lines" in shown


def test_diff_compares_plain_lines_where_the_code_cannot_be_parsed():
    assert "+y = 2" in diff("print 'x'\n", "print 'x'\ny = 2\n", "a.py")
