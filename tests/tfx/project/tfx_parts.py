"""Components as users of TFX write them; nothing in them knows of this framework."""

import json
import os

from tfx import types
from tfx import v1 as tfx
from tfx.dsl.component.experimental.annotations import OutputDict
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter


class Report(types.Artifact):
    TYPE_NAME = "Report"
    PROPERTIES = {"lines": types.artifact.Property(type=types.artifact.PropertyType.INT)}


@tfx.dsl.components.component
def CountSplits(
    examples: tfx.dsl.components.InputArtifact[standard_artifacts.Examples],
    report: tfx.dsl.components.OutputArtifact[Report],
    times: tfx.dsl.components.Parameter[int] = 1,
    prefix: tfx.dsl.components.Parameter[str] = "first ",
) -> OutputDict(count=int, named=str):
    names = json.loads(examples.split_names)
    with open(os.path.join(report.uri, "report.txt"), "w") as file:
        file.write("\n".join(names))
    report.lines = len(names)
    report.set_string_custom_property("first", names[0])
    report.set_json_value_custom_property("all", names)
    return {"count": len(names) * times, "named": prefix + names[0]}


class ShoutSpec(ComponentSpec):
    PARAMETERS = {
        "word": ExecutionParameter(type=str),
        "config": ExecutionParameter(type=tfx.proto.TrainArgs, optional=True),
        "proto": ExecutionParameter(type=tfx.proto.EvalArgs, optional=True, use_proto=True),
    }
    INPUTS = {
        "report": ChannelParameter(type=Report),
        "count": ChannelParameter(type=standard_artifacts.Integer, optional=True),
    }
    OUTPUTS = {"shout": ChannelParameter(type=standard_artifacts.String)}


class ShoutExecutor(base_executor.BaseExecutor):
    def Do(self, input_dict, output_dict, exec_properties):
        (report,) = input_dict["report"]
        count = input_dict["count"][0].value if "count" in input_dict else None
        told = {
            "word": exec_properties["word"],
            "config": json.loads(exec_properties.get("config") or "null"),
            "steps": exec_properties["proto"].num_steps if "proto" in exec_properties else 0,
            "count": count,
            "lines": report.lines,
            "all": report.get_custom_property("all"),
            "tmp": os.path.isdir(self._get_tmp_dir()),
            "state": os.path.isdir(self._context.stateful_working_dir),
        }
        if told["word"] == "FAIL":
            raise ValueError("told to fail")
        output_dict["shout"][0].value = json.dumps(told)


class Shout(base_component.BaseComponent):
    SPEC_CLASS = ShoutSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(ShoutExecutor)

    def __init__(self, report, word, count=None, config=None, proto=None):
        shout = types.Channel(type=standard_artifacts.String)
        given = {"report": report, "word": word.upper(), "shout": shout}
        super().__init__(ShoutSpec(**given, count=count, config=config, proto=proto))
