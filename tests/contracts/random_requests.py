"""Random requests to ML Metadata's service, which two servers are compared by.

Not a test module: tests import it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from ml_metadata.proto import metadata_store_pb2 as pb
from ml_metadata.proto import metadata_store_service_pb2 as service

NAMES = ("a", "b", "c", "it's", 'q"uote', "", "Zoë", "back\\slash", "100%", "x_y")
PROPERTIES = {"size": pb.INT, "ratio": pb.DOUBLE, "note": pb.STRING, "on": pb.BOOLEAN}
KINDS = ("Artifact", "Execution", "Context")
STATES = ("UNKNOWN", "PENDING", "LIVE", "MARKED_FOR_DELETION", "DELETED")
LAST_STATES = ("UNKNOWN", "NEW", "RUNNING", "COMPLETE", "FAILED", "CACHED", "CANCELED")
EVENTS = ("INPUT", "OUTPUT", "DECLARED_INPUT", "DECLARED_OUTPUT", "INTERNAL_INPUT")


class Requests:
    """A stream of requests that mostly fit what was put before.

    Args:
        seed: the same one gives the same requests.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._makers: list[Callable[[], Any]] = [
            self._put_types,
            *[lambda kind=kind: self._put_nodes(kind) for kind in KINDS],
            *[lambda kind=kind: self._put_nodes(kind) for kind in KINDS],
            self._put_events,
            self._put_links,
            self._put_parents,
            self._put_execution,
            self._put_execution,
            self._put_subgraph,
            *[lambda kind=kind: self._list(kind) for kind in KINDS],
            *[lambda kind=kind: self._list(kind) for kind in KINDS],
            *[lambda kind=kind: self._get(kind) for kind in KINDS],
            self._get_other,
            self._lineage,
        ]

    def some(self, count: int) -> Iterator[Any]:
        """Yield requests; the first make the types that others need."""
        yield service.PutTypesRequest(
            artifact_types=[pb.ArtifactType(name="A", properties=PROPERTIES, base_type=2)],
            execution_types=[pb.ExecutionType(name="E", properties=PROPERTIES)],
            context_types=[pb.ContextType(name="C", properties=PROPERTIES)],
        )
        for _ in range(count):
            yield self._pick(self._makers)()

    def _pick(self, things: Any) -> Any:
        return self._random.choice(list(things))

    def _often(self, chance: float = 0.8) -> bool:
        return self._random.random() < chance

    def _id(self) -> int:
        return self._random.randint(1, 8) if self._often(0.98) else self._pick((0, -1, 99))

    def _type_id(self, kind: str) -> int:
        usual = {"Artifact": 10, "Execution": 11, "Context": 12}[kind]
        return usual if self._often(0.98) else self._random.randint(1, 16)

    def _value(self, number: int) -> Any:
        if number == pb.INT:
            return pb.Value(int_value=self._pick((0, 1, -5, 2**40)))
        if number == pb.DOUBLE:
            return pb.Value(double_value=self._pick((0.0, 0.5, -1.25, 3e4)))
        if number == pb.BOOLEAN:
            return pb.Value(bool_value=self._often(0.5))
        return pb.Value(string_value=self._pick(NAMES))

    def _properties(self, node: Any) -> None:
        for name, number in PROPERTIES.items():
            if self._often(0.4):
                wrong = self._often(0.03)
                chosen = self._pick(PROPERTIES.values()) if wrong else number
                node.properties[name].CopyFrom(self._value(chosen))
            if self._often(0.3):
                chosen = self._pick(PROPERTIES.values())
                # Of a property of the same name, ML Metadata would change the declared one, too.
                node.custom_properties[f"c_{name}"].CopyFrom(self._value(chosen))
        if self._often(0.1):
            node.custom_properties["deep"].struct_value.update({"a": [1, None, "x"], "b": {}})
        if self._often(0.02):
            node.properties["unknown"].int_value = 1

    def _node(self, kind: str, chance_of_id: float = 0.3) -> Any:
        node = getattr(pb, kind)()
        if self._often(0.97):
            node.type_id = self._type_id(kind)
        if self._often(chance_of_id):
            node.id = self._id()
        if self._often(0.6) or kind == "Context":
            node.name = f"{self._pick(NAMES)}{self._random.randint(0, 9)}"
        if self._often(0.1):
            node.external_id = f"x{self._random.randint(0, 30)}"
        if kind == "Artifact" and self._often():
            node.uri = f"/{self._pick(NAMES)}"
        if kind == "Artifact" and self._often(0.6):
            node.state = pb.Artifact.State.Value(self._pick(STATES))
        if kind == "Execution" and self._often(0.6):
            node.last_known_state = pb.Execution.State.Value(self._pick(LAST_STATES))
        self._properties(node)
        return node

    def _put_types(self) -> Any:
        kind = self._pick(KINDS)
        wanted = getattr(pb, f"{kind}Type")(name=self._pick(("A", "E", "C", "T", "")))
        for name in ("size", "note", "more"):
            if self._often(0.6):
                wanted.properties[name] = self._pick((1, 3, 1, 3, 2))
        if self._often(0.3):
            wanted.version = self._pick(("", "v1"))
        if self._often(0.3):
            wanted.description = "for tests"
        if self._often(0.2) and kind != "Context":
            wanted.base_type = self._pick((1, 2))
        request = getattr(service, f"Put{kind}TypeRequest")()
        getattr(request, f"{kind.lower()}_type").CopyFrom(wanted)
        request.can_add_fields, request.can_omit_fields = self._often(), self._often()
        return request

    def _put_nodes(self, kind: str) -> Any:
        request = getattr(service, f"Put{kind}sRequest")()
        nodes = getattr(request, f"{kind.lower()}s")
        nodes.extend(self._node(kind) for _ in range(self._random.randint(1, 3)))
        if self._often(0.2):
            own = {"Artifact": ["state", "uri"], "Execution": ["last_known_state"]}.get(kind, [])
            paths = ["properties.size", "custom_properties.c_note", "properties", *own, "nothing"]
            request.update_mask.paths.extend(self._random.sample(paths, self._random.randint(1, 3)))
        return request

    def _event(self, with_ids: bool = True) -> Any:
        event = pb.Event(milliseconds_since_epoch=self._random.randint(1, 9))
        if self._often(0.97):
            event.type = pb.Event.Type.Value(self._pick(EVENTS))
        if with_ids:
            event.artifact_id, event.execution_id = self._id(), self._id()
        for _ in range(self._random.randint(0, 2)):
            event.path.steps.add(key=self._pick(NAMES))
            event.path.steps.add(index=self._random.randint(0, 3))
        return event

    def _put_events(self) -> Any:
        count = self._random.randint(1, 3)
        return service.PutEventsRequest(events=[self._event() for _ in range(count)])

    def _put_links(self) -> Any:
        return service.PutAttributionsAndAssociationsRequest(
            attributions=[pb.Attribution(artifact_id=self._id(), context_id=self._id())],
            associations=[pb.Association(execution_id=self._id(), context_id=self._id())],
        )

    def _put_parents(self) -> Any:
        link = pb.ParentContext(parent_id=self._id(), child_id=self._id())
        return service.PutParentContextsRequest(parent_contexts=[link])

    def _put_execution(self) -> Any:
        request = service.PutExecutionRequest(execution=self._node("Execution"))
        for _ in range(self._random.randint(0, 3)):
            pair = request.artifact_event_pairs.add()
            pair.artifact.CopyFrom(self._node("Artifact", 0.2))
            if self._often():
                pair.event.CopyFrom(self._event(with_ids=False))
        request.contexts.extend(
            self._node("Context", 0.1) for _ in range(self._random.randint(0, 2))
        )
        request.options.reuse_context_if_already_exist = self._often()
        request.options.reuse_artifact_if_already_exist_by_external_id = self._often(0.3)
        request.options.force_reuse_context = self._often(0.5)
        return request

    def _put_subgraph(self) -> Any:
        request = service.PutLineageSubgraphRequest(
            executions=[self._node("Execution") for _ in range(2)],
            artifacts=[self._node("Artifact") for _ in range(2)],
            contexts=[self._node("Context", 0.1)],
        )
        edge = request.event_edges.add(event=self._event(with_ids=False))
        edge.execution_index, edge.artifact_index = self._pick((0, 1, 1, 2)), self._pick((0, 1))
        request.options.reuse_context_if_already_exist = self._often()
        return request

    def query(self, kind: str) -> str:
        """A condition that fits the kind; at times it is wrong."""
        parts = [self._term(kind) for _ in range(self._random.randint(1, 3))]
        # ML Metadata rewrites states by regular expressions, which fail on a second one.
        of_state = [part for part in parts if "state" in part or "_0.type" in part]
        parts = [part for part in parts if part not in of_state[1:]]
        parts = [f"NOT ({part})" if self._often(0.2) else part for part in parts]
        return f" {self._pick(('AND', 'OR'))} ".join(parts)

    def _term(self, kind: str) -> str:
        number = self._random.randint(0, 12)
        text = self._pick(("'a0'", '"b1"', "'c%'", r"'it\'s3'", "'/a'", "''"))
        sign = self._pick(("=", "!=", "<", "<=", ">", ">=", "<>"))
        terms = [
            f"id {sign} {number}",
            f"id IN ({number}, {number + 1})",
            f"id NOT IN ({number}, {number + 1})",
            f"id BETWEEN {number} AND {number + 3}",
            f"type_id {sign} 10",
            f"name {sign} {text}",
            f"name LIKE {text}",
            f"name NOT LIKE {text}",
            f"name IS {self._pick(('', 'NOT '))}NULL",
            f"type = '{self._pick(('A', 'E', 'C'))}'",
            f"external_id IS {self._pick(('', 'NOT '))}NULL",
            f"properties.size.int_value {sign} {number - 6}",
            f"properties.note.string_value LIKE {text}",
            f"custom_properties.c_ratio.double_value {sign} {self._pick(('0.5', '-1.25', '1e3'))}",
            f"custom_properties.`c_on`.bool_value = {self._pick(('TRUE', 'false'))}",
            f"custom_properties.c_size.int_value IS {self._pick(('', 'NOT '))}NULL",
            f"(id > {number} OR name = {text})",
            "TRUE",
            *self._pick((["nothing = 1"], ["id = 'a'"], ["id ="], ["id"], ["(id = 1"])),
        ]
        return str(self._pick([*terms, *self._near(kind, number, text)]))

    def _near(self, kind: str, number: int, text: str) -> list[str]:
        if kind == "Context":
            return [
                f"parent_contexts_a.id = {number}",
                "child_contexts_b.type = 'C'",
                f"artifacts_x.uri LIKE {text}",
                f"executions_y.id > {number}",
            ]
        column = "state" if kind == "Artifact" else "last_known_state"
        state = "LIVE" if kind == "Artifact" else "RUNNING"
        other = "execution_id" if kind == "Artifact" else "artifact_id"
        return [
            f"{column} = {state}",
            f"{column} != {state}",
            f"{column} IN ({state}, UNKNOWN)",
            f"{column} NOT IN ({state})",
            f"{column} IS NULL",
            f"contexts_a.name = {text}",
            f"contexts_a.id = {number} AND contexts_a.type = 'C'",
            f"contexts_b.id < {number}",
            f"events_0.type = {self._pick(('INPUT', 'OUTPUT'))}",
            f"events_0.{other} >= {number}",
            "events_0.milliseconds_since_epoch > 3",
        ]

    def _options(self, kind: str) -> Any:
        options = pb.ListOperationOptions(max_result_size=self._pick((1, 2, 5, 20, 100)))
        if self._often(0.7):
            options.filter_query = self.query(kind)
        if self._often(0.5):
            # Times differ between two servers, and so would their order.
            options.order_by_field.field = pb.ListOperationOptions.OrderByField.ID
            options.order_by_field.is_asc = self._often(0.5)
        return options

    def _list(self, kind: str) -> Any:
        form = self._pick(("Get{}s", "Get{}sByType", "Get{}sByContext"))
        if kind == "Context" and form == "Get{}sByContext":
            form = "Get{}s"
        request = getattr(service, f"{form.format(kind)}Request")()
        if self._often(0.85):
            request.options.CopyFrom(self._options(kind))
        if form == "Get{}sByType":
            request.type_name = self._pick((kind[0], kind[0], "T", "nothing"))
        if form == "Get{}sByContext":
            request.context_id = self._id()
        return request

    def _get(self, kind: str) -> Any:
        word = kind.lower()
        named = {"type_name": kind[0], f"{word}_name": f"{self._pick(NAMES)}{self._id()}"}
        ids = [self._id() for _ in range(self._random.randint(0, 3))]
        external = [f"x{self._random.randint(0, 30)}" for _ in range(self._random.randint(0, 2))]
        if self._often(0.1):
            external.append("")
        wanted: dict[str, dict[str, Any]] = {
            f"Get{kind}sByID": {f"{word}_ids": ids},
            f"Get{kind}ByTypeAndName": named,
            f"Get{kind}sByExternalIds": {"external_ids": external},
            f"Get{kind}Type": {"type_name": self._pick(("A", "E", "C", "T", "mlmd.Model"))},
            f"Get{kind}Types": {},
            f"Get{kind}TypesByID": {"type_ids": [10, 11, 12, 13, 10, 2]},
            f"Get{kind}TypesByExternalIds": {"external_ids": external},
        }
        if kind != "Context":
            wanted[f"GetContextsBy{kind}"] = {f"{word}_id": self._id()}
            wanted[f"GetEventsBy{kind}IDs"] = {f"{word}_ids": ids}
        method = self._pick(wanted)
        return getattr(service, f"{method}Request")(**wanted[method])

    def _get_other(self) -> Any:
        ids = [self._id() for _ in range(3)]
        return self._pick(
            [
                service.GetArtifactsByURIRequest(uris=["/a"]),
                service.GetParentContextsByContextRequest(context_id=ids[0]),
                service.GetChildrenContextsByContextRequest(context_id=ids[0]),
                service.GetArtifactsByIDRequest(artifact_ids=ids, populate_artifact_types=True),
            ]
        )

    def _lineage(self) -> Any:
        options = pb.LineageSubgraphQueryOptions(
            max_num_hops=self._pick((0, 1, 2, 5, 100, 1000)), direction=self._random.randint(0, 3)
        )
        start = self._pick(("artifacts", "executions"))
        query = self.query(start[:-1].capitalize())
        getattr(options, f"starting_{start}").filter_query = query
        for each in ("artifacts", "executions"):
            if self._often(0.3):
                ending = getattr(options, f"ending_{each}")
                ending.filter_query = f"id > {self._random.randint(0, 12)}"
                ending.include_ending_nodes = self._often(0.5)
        request = service.GetLineageSubgraphRequest(lineage_subgraph_query_options=options)
        if self._often(0.5):
            request.read_mask.paths.extend(["artifacts", "executions", "events"])
        return request
