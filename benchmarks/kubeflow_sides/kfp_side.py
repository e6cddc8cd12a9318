"""The same 500 tasks, written with the kfp SDK. Arguments: the file to write."""

import sys

from kfp import compiler, dsl


@dsl.container_component
def start(rows: int, out: dsl.OutputPath(list)):
    return dsl.ContainerSpec(
        image="registry.example.com/team/chains:1",
        command=["python3", "-m", "chains", "start"],
        args=["--rows", rows, "--out", out],
    )


@dsl.container_component
def step(before: list, number: int, rate: float, name: str, out: dsl.OutputPath(list)):
    return dsl.ContainerSpec(
        image="registry.example.com/team/chains:1",
        command=["python3", "-m", "chains", "step"],
        args=["--before", before, "--number", number, "--rate", rate, "--name", name, "--out", out],
    )


@dsl.pipeline(name="chains")
def chains(rows: int = 3):
    first = start(rows=rows).set_caching_options(False)
    last = [first] * 10
    for number in range(499):
        task = step(
            before=last[number % 10].outputs["out"],
            number=number,
            rate=number / 7,
            name=f"step {number}",
        )
        task.set_display_name(f"step_{number:03}")
        last[number % 10] = task.set_caching_options(False)


compiler.Compiler().compile(chains, sys.argv[1])
