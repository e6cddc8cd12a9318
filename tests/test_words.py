"""The words of the code: docstrings open plainly, names mean one thing, quaint words stay rare."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from source_trees import statements, tree_of

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "mlops_pipeline": ROOT / "mlops_pipeline",
    "mlops_components": ROOT / "components" / "mlops_components",
    "mlops_metadata": ROOT / "metadata" / "mlops_metadata",
}
TREES = {**PACKAGES, "docker": ROOT / "docker", "benchmarks": ROOT / "benchmarks"}
QUESTIONS = {"what", "which", "whether", "who", "whose", "where", "how", "why", "when"}
MOST_QUESTIONS = 0.02
"""Largest share of docstrings that open with a question word."""

QUAINT = r"\b(mend\w*|told|said|heed\w*|aloud|anew|strange|outliv\w*|whoever|befall\w*)\b"
MOST_QUAINT = 4
"""Largest number of quaint words in a package, in 1,000 lines of code."""

Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def modules(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*.py")) if "template" not in path.parts]


def is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def docstrings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and text of the docstrings of modules, classes, functions and values."""
    for scope in (tree, *statements(tree)):
        if not isinstance(scope, Scope):
            continue
        previous: ast.stmt | None = None
        for statement in scope.body:
            documents = previous is None or isinstance(previous, ast.Assign | ast.AnnAssign)
            if documents and is_text(statement):
                yield statement.lineno, ast.literal_eval(statement.value)  # type: ignore[attr-defined]
            previous = statement


def opening(text: str) -> str:
    found = re.match(r"\W*(\w+)", text)
    return found[1].lower() if found else ""


@pytest.mark.parametrize("name", TREES)
def test_docstrings_say_what_they_are_and_do_not_ask(name: str) -> None:
    asking, count = [], 0
    for path in modules(TREES[name]):
        for line, text in docstrings(tree_of(path)):
            count += 1
            if opening(text) in QUESTIONS:
                asking.append(f"{path.relative_to(ROOT)}:{line}: {text.splitlines()[0]}")
    assert count
    assert len(asking) <= MOST_QUESTIONS * count, "\n".join(asking)


def test_docstrings_of_values_count_too() -> None:
    tree = ast.parse('"""One."""\nx = 1\n"""Two."""\ndef f():\n    """Three."""\n    "none"\n')
    assert [text for _, text in docstrings(tree)] == ["One.", "Two.", "Three."]


FACES = {"api", "testing"}
"""Modules that hand the functions of others on under the same names."""

SAME_MEANING = {
    "mlops_pipeline": {
        # A query in a pipeline, and the resolver that answers it.
        "external",
        "latest",
        "latest_blessed_model",
        "rolling_window",
        "span_range",
    },
}


def public_names(folder: Path) -> dict[str, set[str]]:
    """Return the modules that define each public class and function, by name."""
    found = defaultdict(set)
    for path in modules(folder):
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name[0] != "_":
                found[node.name].add(str(path.relative_to(folder)))
    return found


@pytest.mark.parametrize("name", PACKAGES)
def test_no_public_name_has_two_meanings(name: str) -> None:
    folder = PACKAGES[name]
    twice = {}
    for word, files in public_names(folder).items():
        # Commands are named after the functions that they call, and each runner is a package.
        ours = {
            file
            for file in files
            if not file.startswith(("cli/", "runners/airflow/", "runners/kubeflow/"))
            and Path(file).stem not in FACES
        }
        if len(ours) > 1 and word not in SAME_MEANING.get(name, ()) and word != "main":
            twice[word] = sorted(ours)
    assert twice == {}


@pytest.mark.parametrize("name", PACKAGES)
def test_quaint_words_stay_rare(name: str) -> None:
    texts = {path: path.read_text() for path in modules(PACKAGES[name])}
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(QUAINT, line)
    ]
    lines = sum(text.count("\n") for text in texts.values())
    assert len(found) <= MOST_QUAINT * lines / 1000, "\n".join(found)
