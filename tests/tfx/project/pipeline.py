"""Components of TFX between ours, and ours after them."""

from pathlib import Path

from tfx import v1 as tfx
from tfx_parts import CountSplits, Shout

from mlops_components import CsvExampleGen, SchemaGen, from_tfx
from mlops_pipeline import pipeline

StatisticsGen = from_tfx(tfx.components.StatisticsGen, beam_pipeline_args=["--runner=DirectRunner"])


@pipeline
def mixed(prefix: str = "at first ") -> None:
    gen = CsvExampleGen(input_base=Path("data"))
    examples = gen.outputs["examples"]
    statistics = StatisticsGen(examples=examples, exclude_splits=["eval"])
    SchemaGen(statistics=statistics.outputs["statistics"])
    count = from_tfx(CountSplits)(examples=examples, prefix=prefix, times=3)
    from_tfx(Shout).options(id="Shouting")(
        report=count.outputs["report"],
        count=count.outputs["count"],
        word="go",
        config=tfx.proto.TrainArgs(num_steps=5),
        proto=tfx.proto.EvalArgs(num_steps=7),
    )
