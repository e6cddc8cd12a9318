"""What the tests of mlops_pipeline/runners share."""

from __future__ import annotations

PIPELINE = """
    from mlops_pipeline import ExitHandler, Input, Output, component, pipeline
    from mlops_pipeline.artifacts import Examples
    from mlops_pipeline.node.driver import drive
    from mlops_pipeline.node.publisher import publish


    def interrupt(done):
        publish(done)
        raise KeyboardInterrupt


    def complain(done):
        publish(done)
        raise ValueError("the mail server is down")


    def forget(done):
        publish(done)


    def say_nothing(request):
        drive(request)


    def stumble(request):
        raise ValueError("no such span")


    @component
    def Make(examples: Output[Examples]) -> None:
        (examples.path / "text").write_text("a")


    @component
    def Count(examples: Input[Examples]) -> int:
        return len(list(examples.path.iterdir()))


    @component
    def Tell(examples: Input[Examples] | None = None) -> bool:
        return examples is None


    @component
    def Say(text: str) -> str:
        return text


    @component
    def Stop() -> None:
        raise KeyboardInterrupt


    @pipeline
    def p():
        Count(examples=Make().outputs["examples"])
"""
