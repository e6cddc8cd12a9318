"""Files from outside as artifacts."""

from __future__ import annotations

from typing import Any

from local_runs import states, write

from mlops_pipeline import Importer, compile_pipeline, pipeline
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.runners import local


def test_an_importer_registers_files_where_they_are(project: Any) -> None:
    project.write("given/text", "hello")
    write(
        project,
        """
    @pipeline
    def p():
        given = Importer("given", Examples, id="Given")
        Copy(examples=given.outputs["result"])
    """,
    )
    first = project.run(in_process=True)
    second = project.run(in_process=True)
    assert states(second) == {"Given": "COMPLETE", "Copy": "CACHED"}
    given = [next(o for o in r.outcomes if o.node_id == "Given") for r in (first, second)]
    ids = [record.id for o in given for records in o.outputs.values() for record in records]
    assert ids[0] == ids[1]


def test_an_importer_with_other_properties_makes_another_artifact(project: Any) -> None:
    project.write("given/text", "hello")

    def imported(**properties: Any) -> int:
        @pipeline
        def p() -> None:
            Importer("given", Examples, id="Given", properties=properties)

        project.runs += 1
        options = local.RunOptions(in_process=True)
        ir = compile_pipeline(p)
        result = local.run(ir, f"r{project.runs}", project.workspace, options=options)
        (record,) = result.outcomes[0].outputs["result"]
        assert record.properties == {**properties, "is_external": 1}
        return record.id

    first = imported(span=1)
    assert imported(span=1) == first
    assert len({first, imported(span=2), imported(span=1, kind="a"), imported()}) == 4
    assert imported(span=1) == first
