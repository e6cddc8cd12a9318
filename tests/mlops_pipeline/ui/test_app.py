"""The application: each page as HTML and as JSON, hostile records, files, errors."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asgi_client import Asking
from hypothesis import given, settings
from hypothesis.strategies import text
from model_runs import read_judged_runs
from page_runs import HOSTILE, Tree, hostile_reader, page, read_three_runs
from registered_models import with_versions

from mlops_pipeline.models import rollback, set_alias
from mlops_pipeline.run_state import this_process
from mlops_pipeline.store import (
    NOTE,
    TAG_ADDED,
    ArtifactRecord,
    Execution,
    MemoryStore,
    Run,
    State,
    put_mark,
    run_target,
)
from mlops_pipeline.ui.app import make_app
from mlops_pipeline.ui.guard import Access
from mlops_pipeline.ui.views import PAGES, Reader, address_of, plain


def artifact(reader: Reader, kind: str) -> int:
    return reader.store.artifacts_by_type(kind)[0].id


def addresses(reader: Reader) -> list[str]:
    """The address of one page of each kind."""
    run = reader.store.list_runs(limit=1)[0].id
    node = reader.store.executions_of_run(run)[0].node_id
    model = artifact(reader, "Model")
    return [
        address_of(""),
        address_of("runs"),
        address_of("runs", pipeline=reader.store.list_runs(limit=1)[0].pipeline),
        address_of("run", id=run),
        address_of("node", run=run, name=node),
        address_of("artifact", id=model),
        address_of("lineage", id=model, up=3, down=3),
        address_of("models"),
        address_of("model", id=model),
        address_of("data"),
        address_of("reuse"),
        address_of("datasets"),
        address_of("search", q=run),
    ]


@pytest.mark.parametrize("index", range(13))
def test_a_page_is_html_and_its_facts_are_json(reader: Reader, client: Any, index: int) -> None:
    address = addresses(reader)[index]
    answer = client(reader).get(f"/{address}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    (api,) = [link for link in Tree(answer.text).links if link.startswith("api/")]
    facts = client(reader).get(f"/{api}")
    assert facts.json() == json.loads(json.dumps(plain(page(reader, address.removeprefix("./")))))


def test_every_kind_of_page_is_asked_for_here(reader: Reader) -> None:
    asked = {address.removeprefix("./").partition("?")[0] for address in addresses(reader)}
    # Two runs have to be named for a comparison; it has tests of its own below.
    assert asked == set(PAGES) - {"file", "compare"}


def test_the_page_of_a_run_shows_its_nodes_reasons_and_warnings(
    reader: Reader, client: Any
) -> None:
    text = Tree(client(reader).get("/run?id=second").text).text
    assert "Square \u00d7 6" in text
    assert "same as execution" in text
    assert "3 anomalies in <age>" in text
    assert "steps" in text


def test_a_failed_node_shows_its_error_and_the_run_what_to_do(reader: Reader, client: Any) -> None:
    assert "mlops resume failing" in client(reader).get("/run?id=failing").text
    text = Tree(client(reader).get("/node?run=failing&name=Train").text).text
    assert "13 steps are <b>unlucky</b>" in text
    assert "Traceback" in text or "ValueError" in text


def test_the_metrics_of_an_evaluation_are_a_table(reader: Reader, client: Any) -> None:
    text = Tree(client(reader).get(f"/artifact?id={artifact(reader, 'ModelEvaluation')}").text).text
    assert "country=DE" in text
    assert "0.9125" in text


@pytest.mark.slow  # Asks for every page.
def test_all_links_are_relative_and_lead_to_pages(reader: Reader, client: Any) -> None:
    asked, todo = {"./"}, ["./"]
    while todo:
        answer = client(reader).get(f"/{todo.pop()}")
        assert answer.status_code in (200, 304)
        links = {link.partition("#")[0] for link in Tree(answer.text).links} - asked - {""}
        assert not [link for link in links if link.startswith(("/", "http", ".."))]
        new = [link for link in links if link.partition("?")[0] in PAGES]
        asked.update(links)
        todo += new
    assert len(asked) > 50


@pytest.mark.parametrize("index", range(13))
def test_hostile_names_change_nothing_of_a_page_but_its_text(
    client: Any, tmp_path: Path, index: int
) -> None:
    found = []
    for name in ("harmless", HOSTILE):
        reader = hostile_reader(tmp_path, name)
        address = addresses(reader)[index]
        answer = client(reader).get(f"/{address}")
        assert answer.status_code == 200, answer.text
        found.append(Tree(answer.text))
    assert found[0].elements == found[1].elements
    assert not any(each in found[1].text for each in "\u202e\x00\x1b")


@pytest.mark.slow  # Megabytes.
def test_a_value_of_a_megabyte_is_cut_and_is_whole_in_the_json(client: Any, tmp_path: Path) -> None:
    reader = hostile_reader(tmp_path, "m" * 1_000_000)
    for address in addresses(reader):
        query = address if len(address) < 10_000 else "./"
        assert len(client(reader).get(f"/{query}").content) < 100_000
    assert "1,000,000 characters" in client(reader).get("/artifact?id=2").text
    assert len(client(reader).get("/api/artifact?id=2").content) > 2_000_000


def test_a_lone_surrogate_in_a_record_is_written_out(client: Any, tmp_path: Path) -> None:
    reader = hostile_reader(tmp_path, "a\ud800b")
    for address in ("", "runs", "models", "artifact?id=2", "lineage?id=2"):
        assert client(reader).get(f"/{address}").status_code == 200
    assert "\\ud800" in client(reader).get("/").text


def test_what_has_not_changed_is_not_sent_again(reader: Reader, client: Any) -> None:
    first = client(reader).get("/models")
    again = client(reader).get("/models", if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")


def test_an_empty_store_says_what_to_do(client: Any) -> None:
    empty = client(Reader(MemoryStore(), "memory://"))
    for address in ("", "runs", "models", "datasets", "search"):
        assert "empty" in empty.get(f"/{address}").text
    assert "mlops run PIPELINE" in empty.get("/").text
    missing = client(Reader(MemoryStore(), "sqlite:////x.db", there=False)).get("/")
    assert "does not exist yet" in missing.text


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("run?id=nope", 404, "there is no run"),
        ("run", 400, "needs &#39;id&#39;"),
        ("node?run=second&name=Trane", 404, "did you mean"),
        ("artifact?id=999999", 404, "there is no artifact"),
        ("artifact?id=x%00", 404, "there is no artifact"),
        ("lineage?id=1&up=x", 400, "whole number"),
        ("nothing", 404, "no such page"),
        ("a/b/c", 404, "no such page"),
    ],
)
def test_a_mistake_in_an_address_is_a_page_that_says_so(
    reader: Reader, client: Any, address: str, status: int, said: str
) -> None:
    answer = client(reader).get(f"/{address}")
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    depth = address.partition("?")[0].count("/")
    assert f'href="{"../" * depth}static/style.css"' in answer.text


def test_a_mistake_in_the_api_is_a_problem_with_a_title(reader: Reader, client: Any) -> None:
    answer = client(reader).get("/api/run?id=nope")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["status"], "no run" in answer.json()["title"]) == (404, True)


def test_a_list_of_runs_leads_to_more_until_it_cannot(client: Any) -> None:
    store = MemoryStore()
    for index in range(501):
        store.put_run(Run(f"r{index}", "p", State.COMPLETE, started=1.0, finished=2.0))
    asking = client(Reader(store))
    assert "runs?pipeline=&amp;limit=100" in asking.get("/runs").text
    assert "More runs" not in asking.get("/runs?limit=500").text
    assert "mlops runs --limit" in asking.get("/runs?limit=999").text


def test_a_defect_is_an_error_page_without_a_traceback(client: Any) -> None:
    def broken() -> Reader:
        raise RuntimeError("secret of the store")

    answer = Asking(make_app(broken, Access())).get("/models")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "RuntimeError" in answer.text


def test_registered_models_stand_on_the_page_of_models_whatever_was_written(client: Any) -> None:
    store = MemoryStore()
    with_versions(store, 2)
    set_alias(store, "fraud", 1, by="<b>ann", why="<script>alert(1)</script>")
    rollback(store, "fraud", to=2, why="\u202eerrors")
    asking = client(Reader(store))
    html = asking.get("/models").text
    assert "Versions of fraud" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert" not in html
    assert "<b>ann" not in html
    facts = json.loads(asking.get("/api/models").text)
    assert [each["version"] for each in facts["registered"][0]["moves"]] == [2, 1]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_pages_can_only_be_read(reader: Reader, client: Any, method: str) -> None:
    assert client(reader).request(method, "/run?id=second").status_code == 405


def test_a_model_is_a_page_with_tables_for_its_charts(client: Any, tmp_path: Path) -> None:
    asking = client(read_judged_runs(tmp_path))
    html = asking.get("/model?id=last").text
    assert html.count("<m-chart>") == html.count("</m-chart>") == 6
    assert "1 of 2 slices loses, 1 of them beyond noise" in html
    assert "no interval: no examples" in html
    assert 's-bad">no examples' in html
    card = asking.get("/card?id=last")
    assert card.headers["content-type"] == "text/markdown; charset=utf-8"
    assert card.headers["content-disposition"].startswith("attachment")
    assert "| country\\=DE" in card.text or "| country=DE" in card.text
    assert asking.get("/card?id=999").status_code == 404


def test_hostile_metrics_and_slices_leave_the_page_of_a_model_as_it_is(
    client: Any, tmp_path: Path
) -> None:
    found = []
    reader = read_judged_runs(tmp_path)
    for name in ("harmless", HOSTILE):
        row = {"example_count": 9, name: 0.5, "nothing": None}
        slices = [{"slice": {name: name}, "metrics": row}]
        document = {"overall": row, "slices": slices, "validation": {"reasons": [name]}}
        for evaluation in reader.store.artifacts_by_type("ModelEvaluation"):
            Path(evaluation.uri, "metrics.json").write_text(json.dumps(document))
        html = client(reader).get("/model?id=last").text
        assert not any(each in html for each in "\u202e\x00\x1b")
        found.append(Tree(html).elements)
    assert found[0] == found[1]


def test_html_of_an_artifact_is_shown_in_a_frame_that_runs_nothing(
    reader: Reader, client: Any
) -> None:
    model = artifact(reader, "Model")
    shown = client(reader).get(f"/file?artifact={model}&path=report.html").text
    assert '<iframe class="sheet" sandbox src=' in shown
    assert "<h1>fine" not in shown
    raw = client(reader).get(f"/raw?artifact={model}&path=report.html")
    policy = raw.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script" not in policy
    assert raw.headers["x-content-type-options"] == "nosniff"


def test_a_file_that_is_no_page_or_image_is_saved_or_shown_as_text(
    reader: Reader, client: Any
) -> None:
    model = artifact(reader, "Model")
    raw = client(reader).get(f"/raw?artifact={model}&path=weights")
    assert raw.headers["content-type"] == "text/plain; charset=utf-8"
    saved = client(reader).get(f"/raw?artifact={model}&path=weights&save=1")
    assert saved.headers["content-disposition"] == 'attachment; filename="weights"'


def test_a_large_file_comes_whole(client: Any, tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"\xff" * 1_000_003)
    store = MemoryStore()
    outputs = {"model": [ArtifactRecord("Model", str(tmp_path))]}
    store.put_execution(read_execution(), outputs=outputs)
    reader = Reader(store, roots=(str(tmp_path),))
    raw = client(reader).get(f"/raw?artifact={artifact(reader, 'Model')}&path=weights")
    assert (len(raw.content), raw.headers["content-length"]) == (1_000_003, "1000003")
    assert raw.headers["content-type"] == "application/octet-stream"
    assert raw.headers["content-disposition"] == 'attachment; filename="weights"'


@pytest.mark.parametrize(
    "path", ["../../../../etc/passwd", "/etc/passwd", "a/../../x", "%00", "link", "pipe", "dir"]
)
def test_no_file_outside_an_artifact_is_handed_out(client: Any, tmp_path: Path, path: str) -> None:
    top = tmp_path / "root" / "model"
    (top / "dir").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (top / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(top / "pipe")
    store = MemoryStore()
    store.put_execution(read_execution(), outputs={"model": [ArtifactRecord("Model", str(top))]})
    number = artifact(Reader(store), "Model")
    asking = client(Reader(store, roots=(str(tmp_path / "root"),)))
    for page_name in ("raw", "file"):
        answer = asking.get(f"/{page_name}?artifact={number}&path={path}")
        assert answer.status_code == 404, answer.text
        assert "secret" not in answer.text.replace("no secret", "")


@pytest.mark.parametrize("uri", ["/etc", "file:///etc", "/etc/passwd", "s3://x/y", "", "file://[x"])
def test_a_record_cannot_open_what_is_outside_the_known_folders(
    client: Any, tmp_path: Path, uri: str
) -> None:
    store = MemoryStore()
    store.put_execution(read_execution(), outputs={"model": [ArtifactRecord("Model", uri)]})
    asking = client(Reader(store, roots=(str(tmp_path),)))
    number = artifact(Reader(store), "Model")
    assert asking.get(f"/artifact?id={number}").status_code == 200
    answer = asking.get(f"/raw?artifact={number}&path=passwd")
    assert answer.status_code == 404
    assert "root:" not in answer.text


def read_execution() -> Execution:
    return Execution("c", "p", "r", "n", State.COMPLETE)


def test_the_static_files_are_those_and_no_others(reader: Reader, client: Any) -> None:
    assert client(reader).get("/static/style.css").headers["content-type"].startswith("text/css")
    assert client(reader).get("/static/live.js").status_code == 200
    for name in ("../app.py", "..%2fapp.py", "%2e%2e/app.py", "x.css"):
        assert client(reader).get(f"/static/{name}").status_code == 404


def test_a_run_that_goes_on_is_followed_and_one_that_is_over_is_not(
    reader: Reader, client: Any, tmp_path: Path
) -> None:
    assert "live.js" not in client(reader).get("/run?id=second").text
    going = read_three_runs(tmp_path)
    run = going.store.get_run("second")
    assert run
    going.store.put_run(replace(run, state=State.RUNNING, finished=0.0, properties=this_process()))
    for address in ("run?id=second", "", "runs"):
        assert "live.js" in client(going).get(f"/{address}").text


ANY_NAME = text(min_size=1, max_size=30).filter(lambda each: bool(each.strip()))


@settings(max_examples=15, deadline=None, derandomize=True, database=None)
@given(ANY_NAME)
@pytest.mark.slow  # Many examples.
def test_any_name_leaves_the_elements_of_a_page_as_they_are(name: str) -> None:
    found = []
    for each in ("harmless", name):
        reader = hostile_reader(Path("/nowhere"), each)
        asking = Asking(make_app(lambda reader=reader: reader, Access()))
        answers = [asking.get(f"/{address}") for address in addresses(reader)[:-1]]
        assert [answer.status_code for answer in answers] == [200] * len(answers)
        found.append([Tree(answer.text).elements for answer in answers])
    assert found[0] == found[1]


def test_runs_compared_are_a_page_and_json(reader: Reader, client: Any) -> None:
    asking = client(reader)
    html = asking.get("/compare?a=first&b=second")
    assert (html.status_code, "the models differ" in html.text) == (200, True)
    facts = asking.get("/api/compare?a=first&b=second").json()
    assert json.dumps(facts).count('"verdict": "the models differ"') == 1
    assert asking.get("/compare?a=first&b=first").status_code in (400, 404)


def test_runs_compared_have_the_elements_of_harmless_names(client: Any, tmp_path: Path) -> None:
    trees = []
    for name in ("harmless", HOSTILE):
        hostile = hostile_reader(tmp_path, name)
        hostile.store.put_run(Run(f"{name}2", name, State.COMPLETE, parameters={name: 2}))
        address = address_of("compare", a=name, b=f"{name}2")
        answer = client(hostile).get(f"/{address}")
        assert answer.status_code == 200, answer.text
        trees.append(Tree(answer.text).elements)
    assert trees[0] == trees[1]


def test_tags_and_notes_are_shown_as_texts_whatever_is_in_them(client: Any) -> None:
    store = MemoryStore()
    store.put_run(Run("a", "p", State.COMPLETE, started=1.0, finished=2.0))
    put_mark(store, run_target("a"), TAG_ADDED, "<i>good</i>")
    put_mark(store, run_target("a"), NOTE, "<script>alert(1)</script>", by="<b>ada</b>")
    asking = client(Reader(store))
    tree = Tree(asking.get("/run?id=a").text)
    assert "<i>good</i>" in tree.text
    assert "<script>alert(1)</script>" in tree.text
    assert "<b>ada</b>" in tree.text
    assert json.loads(asking.get("/api/run?id=a").text)["tags"] == ["<i>good</i>"]
