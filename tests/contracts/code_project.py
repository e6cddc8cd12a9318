"""What the tests of mlops_pipeline/code share."""

from collections.abc import Callable, Mapping

Write = Callable[[Mapping[str, str]], None]


PIPELINE = """
    import json
    from mlops_pipeline import component, pipeline
    from features.scale import scaled
    import plain

    RATE = 0.1
    UNUSED = 1

    def learn(rows, rate=RATE):
        return [scaled(row) * rate for row in rows]

    @component
    def Trainer(steps: int = 10) -> int:
        \"\"\"Train.\"\"\"
        return len(learn(range(steps)))

    @component
    def Pusher(examples: int) -> str:
        return json.dumps(plain.push(examples))

    @pipeline
    def penguin():
        Pusher(examples=Trainer().outputs["output"])

    if __name__ == "__main__":
        print("run")
"""


PROJECT = {
    "pipeline.py": PIPELINE,
    "plain.py": "def push(x): return x",
    "features/__init__.py": "",
    "features/scale.py": "from .numbers import factor\ndef scaled(x): return x * factor()",
    "features/numbers.py": "import features.deep.er\ndef factor(): return features.deep.er.FACTOR",
    "features/deep/__init__.py": "",
    "features/deep/er.py": "FACTOR = 2\ndef other(): return 1",
}
