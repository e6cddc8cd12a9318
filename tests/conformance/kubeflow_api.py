"""A stand-in for the API server of Kubeflow Pipelines (v2beta1). Started with a kfp SDK's Python.

It keeps what it is given in a file, so that it can be killed and started again, and refuses what
the real one refuses, by the rules in its Go code: unknown fields, specs that are none, parameters
of wrong names and types, names that are taken, cron texts, filters and pages.

Arguments: a folder, and a port or 0. `POST /control` sets how it behaves, `GET /control` tells what
it was asked.
"""

from __future__ import annotations

import email.parser
import email.policy
import http.server
import json
import re
import sys
import threading
import time
import urllib.parse
import uuid
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

PREFIX = "/apis/v2beta1"
FIELDS = {
    "pipelines": {"display_name", "description", "namespace"},
    "experiments": {"display_name", "description", "namespace"},
    "runs": {
        *("display_name", "description", "experiment_id", "pipeline_version_reference"),
        *("runtime_config", "service_account"),
    },
    "recurringruns": {
        *("display_name", "description", "experiment_id", "pipeline_version_reference"),
        *("runtime_config", "service_account", "trigger", "mode", "max_concurrency", "no_catchup"),
    },
}
IDS = {
    "pipelines": "pipeline_id",
    "versions": "pipeline_version_id",
    "experiments": "experiment_id",
    "runs": "run_id",
    "recurringruns": "recurring_run_id",
}
LISTS = {"versions": "pipeline_versions", "recurringruns": "recurringRuns"}
NUMBERS = ("NUMBER_INTEGER", "NUMBER_DOUBLE")
TYPES: dict[str, type | tuple[type, ...]] = {
    "STRING": str,
    "BOOLEAN": bool,
    "LIST": list,
    "STRUCT": dict,
    **dict.fromkeys(NUMBERS, (int, float)),
}
BOUNDS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class State:
    """All that is on the server, and how it behaves."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "state.json"
        self.lock = threading.Lock()
        if self.file.exists():
            kept = json.loads(self.file.read_text())
        else:
            kept = {"things": {kind: {} for kind in IDS}, "requests": [], "control": {}}
        self.things: dict[str, dict[str, Any]] = kept["things"]
        self.requests: list[list[Any]] = kept["requests"]
        self.control: dict[str, Any] = kept["control"]

    def save(self) -> None:
        kept = {"things": self.things, "requests": self.requests, "control": self.control}
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps(kept))
        draft.replace(self.file)

    def add(self, kind: str, thing: dict[str, Any]) -> dict[str, Any]:
        identifier = str(uuid.uuid4())
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.things[kind][identifier] = {**thing, IDS[kind]: identifier, "created_at": now}
        return dict(self.things[kind][identifier])

    def get(self, kind: str, identifier: str) -> dict[str, Any]:
        if identifier not in self.things[kind]:
            raise Refused(404, f"{IDS[kind]} {identifier} not found")
        return dict(self.things[kind][identifier])


def read_spec(data: bytes) -> dict[str, Any]:
    """A package, as the server checks one that is uploaded."""
    if len(data) > 32 << 20:
        raise Refused(400, "File size too large")
    documents = list(yaml.safe_load_all(data.decode()))
    try:
        spec = json_format.ParseDict(documents[0], pipeline_spec_pb2.PipelineSpec())
        for platform in documents[1:]:
            json_format.ParseDict(platform, pipeline_spec_pb2.PlatformSpec())
    except json_format.ParseError as error:
        raise Refused(400, f"invalid pipeline spec: {error}") from None
    if spec.schema_version != "2.1.0":
        raise Refused(400, "KFP only supports schema version 2.1.0")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,127}", spec.pipeline_info.name):
        raise Refused(400, f"pipeline's name {spec.pipeline_info.name!r} is invalid")
    executors = spec.deployment_spec.fields["executors"].struct_value.fields
    for name, component in [("root", spec.root), *spec.components.items()]:
        if component.executor_label and component.executor_label not in executors:
            raise Refused(400, f"{name}: no executor {component.executor_label}")
        for task_name, task in component.dag.tasks.items():
            if task.component_ref.name not in spec.components:
                raise Refused(400, f"{task_name}: no component {task.component_ref.name}")
            if set(task.dependent_tasks) - set(component.dag.tasks):
                raise Refused(400, f"{task_name} depends on tasks that are not there")
            if task.caching_options.enable_cache:
                raise Refused(400, f"{task_name} would be cached by Kubeflow")
    found: dict[str, Any] = documents[0]
    return found


def check_parameters(spec: dict[str, Any], given: dict[str, Any]) -> None:
    wanted = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    extra = given.keys() - wanted.keys()
    if extra:
        raise Refused(400, f"parameter(s) provided are not required by pipeline: {sorted(extra)}")
    for name, parameter in wanted.items():
        if name not in given:
            if not parameter.get("isOptional") and "defaultValue" not in parameter:
                raise Refused(400, f"parameter {name} is not optional, yet has no value")
            continue
        kind, value = parameter["parameterType"], given[name]
        if not isinstance(value, TYPES[kind]) or (kind in NUMBERS and isinstance(value, bool)):
            raise Refused(400, f"input parameter {name} requires type {kind}, not {value!r}")


def check_cron(text: str) -> None:
    fields = text.split(" ")
    # The real one takes five too, and reads the first as seconds: never meant so.
    if len(fields) != 6:
        raise Refused(400, f"Schedule cron is not a supported format: {text}")
    for field, (low, high) in zip(fields, BOUNDS, strict=True):
        for number in re.findall(r"\d+", re.sub(r"/\d+", "", field)):
            if not low <= int(number) <= high:
                raise Refused(400, f"Schedule cron: {number} out of range in {text}")


class Handler(http.server.BaseHTTPRequestHandler):
    state: State
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.serve("GET")

    def do_POST(self) -> None:
        self.serve("POST")

    def do_DELETE(self) -> None:
        self.serve("DELETE")

    def serve(self, method: str) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = {k: v[0] for k, v in urllib.parse.parse_qs(url.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.state.lock:
            if url.path == "/control":
                answer = self.do_control(body)
                self.answer(200, answer)
                return
            self.state.requests.append([method, url.path, query, len(body)])
            fault = self.fault(f"{method} {url.path}")
            try:
                if fault and not fault.get("after"):
                    raise Refused(fault["status"], "the server has a bad day")
                self.authorize()
                status, answer = 200, self.route(method, url.path, query, body)
                if fault:
                    raise Refused(fault["status"], "the answer was lost")
            except Refused as refused:
                status = refused.status
                answer = {"error": str(refused), "code": 3, "message": str(refused)}
            self.state.save()
            if status == 0:
                self.close_connection = True
                self.connection.close()
            else:
                self.answer(status, answer)

    def answer(self, status: int, answer: Any) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_control(self, body: bytes) -> Any:
        if body:
            self.state.control |= json.loads(body)
            self.state.save()
        return {"requests": self.state.requests, "things": self.state.things}

    def fault(self, asked: str) -> dict[str, Any] | None:
        for fault in self.state.control.get("faults", []):
            if re.search(fault["match"], asked) and fault["times"] > 0:
                fault["times"] -= 1
                return dict(fault)
        return None

    def authorize(self) -> None:
        token = self.state.control.get("token")
        if token and self.headers.get("Authorization") != f"Bearer {token}":
            raise Refused(401, "Request header error: there is no user identity header")

    def route(self, method: str, path: str, query: dict[str, str], body: bytes) -> Any:
        parts = path.removeprefix(f"{PREFIX}/").split("/")
        if parts == ["healthz"]:
            return {"multi_user": bool(self.state.control.get("multi_user"))}
        if parts == ["pipelines", "upload_version"]:
            return self.upload(query, body)
        kind = parts[0]
        if len(parts) > 2 and parts[2] == "versions":
            self.state.get("pipelines", parts[1])
            query["pipeline"], kind = parts[1], "versions"
            parts = ["versions", *parts[3:]]
        if kind not in IDS or not path.startswith(PREFIX):
            raise Refused(404, f"no handler for {path}")
        if method == "GET" and len(parts) == 1:
            return self.list(kind, query)
        if method == "POST" and len(parts) == 1:
            return self.create(kind, json.loads(body))
        identifier, _, verb = parts[1].partition(":")
        if method == "GET":
            return self.advance(identifier) if kind == "runs" else self.state.get(kind, identifier)
        thing = self.state.get(kind, identifier)
        if method == "DELETE":
            del self.state.things[kind][identifier]
        elif kind == "recurringruns" and verb in ("enable", "disable"):
            self.state.things[kind][identifier] = {**thing, "status": f"{verb.upper()}D"}
        else:
            raise Refused(404, f"no handler for {path}")
        return {}

    def check_namespace(self, namespace: str) -> None:
        several = bool(self.state.control.get("multi_user"))
        if several != bool(namespace):
            raise Refused(400, f"multi-user mode is {several}, and the namespace {namespace!r}")

    def list(self, kind: str, query: dict[str, str]) -> Any:
        if kind == "versions":
            owner = query.pop("pipeline")
        else:
            self.check_namespace(query.get("namespace", ""))
        known = {"page_size", "page_token", "sort_by", "namespace", "filter"}
        if query.keys() - known:
            raise Refused(400, f"unknown query {sorted(query)}")
        found = [
            thing
            for thing in self.state.things[kind].values()
            if kind != "versions" or thing["pipeline_id"] == owner
        ]
        for predicate in json.loads(query.get("filter", "{}")).get("predicates", []):
            if predicate["operation"] not in ("EQUALS", 1) or predicate["key"] != "display_name":
                raise Refused(400, f"invalid filter {predicate}")
            found = [thing for thing in found if thing["display_name"] == predicate["stringValue"]]
        if query.get("sort_by") == "created_at desc":
            found.reverse()
        elif query.get("sort_by"):
            raise Refused(400, f"invalid sort_by {query['sort_by']}")
        size = min(int(query.get("page_size") or 20), self.state.control.get("page", 200))
        start = int(query.get("page_token") or 0)
        page: dict[str, Any] = {LISTS.get(kind, kind): found[start : start + size]}
        if start + size < len(found):
            page["next_page_token"] = str(start + size)
        return {**page, "total_size": len(found)}

    def create(self, kind: str, body: dict[str, Any]) -> Any:
        body = {name: value for name, value in body.items() if value is not None}
        if body.keys() - FIELDS[kind]:
            raise Refused(400, f"unknown fields {sorted(body.keys() - FIELDS[kind])}")
        if not body.get("display_name"):
            raise Refused(400, "display_name is required")
        if kind in ("pipelines", "experiments"):
            self.check_namespace(body.get("namespace", ""))
            self.refuse_taken(kind, body["display_name"], {})
            return self.state.add(kind, body)
        self.check_job(body)
        if kind == "runs":
            return self.state.add(kind, {**body, "state": "PENDING", "polls": 0})
        if not 1 <= int(body.get("max_concurrency", 0)) <= 10:
            raise Refused(400, "The max concurrency of the recurring run is out of range")
        trigger = body.get("trigger", {})
        if len(trigger) != 1:
            raise Refused(400, "a trigger is required")
        if "cron_schedule" in trigger:
            check_cron(trigger["cron_schedule"]["cron"])
        elif int(trigger["periodic_schedule"]["interval_second"]) < 1:
            raise Refused(400, "the interval is too short")
        mode = body.pop("mode", "MODE_UNSPECIFIED")
        if mode not in ("ENABLE", "DISABLE"):
            raise Refused(400, f"unknown mode {mode}")
        body["max_concurrency"] = str(body["max_concurrency"])
        return self.state.add(kind, {**body, "status": f"{mode}D"})

    def check_job(self, body: dict[str, Any]) -> None:
        self.state.get("experiments", body.get("experiment_id", ""))
        reference = body.get("pipeline_version_reference", {})
        version = self.state.get("versions", reference.get("pipeline_version_id", ""))
        if version["pipeline_id"] != reference.get("pipeline_id"):
            raise Refused(400, "the version is one of another pipeline")
        config = body.get("runtime_config", {})
        if config.keys() - {"parameters", "pipeline_root"}:
            raise Refused(400, f"unknown fields in runtime_config: {sorted(config)}")
        check_parameters(version["pipeline_spec"], config.get("parameters", {}))

    def upload(self, query: dict[str, str], body: bytes) -> Any:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parser = email.parser.BytesParser(policy=email.policy.default)
        parts = list(parser.parsebytes(head + body).iter_parts())
        if len(parts) != 1 or parts[0].get_param("name", header="content-disposition") != (
            "uploadfile"
        ):
            raise Refused(400, "Failed to read pipeline from file")
        if not str(parts[0].get_filename()).endswith((".yaml", ".yml", ".zip", ".tar.gz")):
            raise Refused(400, "Unexpected pipeline file format")
        owner = self.state.get("pipelines", query.get("pipelineid", ""))["pipeline_id"]
        self.refuse_taken("versions", query["name"], {"pipeline_id": owner})
        spec = read_spec(parts[0].get_payload(decode=True))
        about = {"display_name": query["name"], "description": query.get("description", "")}
        return self.state.add("versions", {**about, "pipeline_id": owner, "pipeline_spec": spec})

    def refuse_taken(self, kind: str, name: str, where: dict[str, str]) -> None:
        for thing in self.state.things[kind].values():
            if thing["display_name"] == name and all(thing[k] == v for k, v in where.items()):
                raise Refused(409, f"{kind}: {name} already exists")

    def advance(self, identifier: str) -> Any:
        """A run goes on a step whenever it is asked for."""
        run = self.state.get("runs", identifier)
        fate = self.state.control.get("fate", ["PENDING", "RUNNING", "SUCCEEDED"])
        run["state"] = fate[min(run["polls"], len(fate) - 1)]
        run["polls"] += 1
        self.state.things["runs"][identifier] = run
        version = self.state.get(
            "versions", run["pipeline_version_reference"]["pipeline_version_id"]
        )
        tasks = version["pipeline_spec"]["components"]["comp-nodes"]["dag"]["tasks"]
        # By the key of the task, as a real server does it.
        details = [{"display_name": name, "state": run["state"]} for name in [*tasks, "x-driver"]]
        if run["state"] == "FAILED":
            details[0]["error"] = {"code": 2, "message": "Error (exit code 1)"}
        return {**run, "run_details": {"task_details": details}}


if __name__ == "__main__":
    place = Path(sys.argv[1])
    Handler.state = State(place)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler)
    (place / "port").write_text(str(server.server_port))
    server.serve_forever()
