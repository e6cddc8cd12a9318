"""Run a compiled Kubeflow pipeline in real containers with the kfp SDK's local runner.

Started in an environment with kfp and docker's client; what it needs comes as JSON in its argument:
`package`, `root`, `parameters`, `mounts` and `environment`.
"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

import docker
import docker.types
from kfp import components, local
from kfp.local import docker_task_handler


def run_container(client: Any, image: str, command: list[str], volumes: Any, **options: Any) -> int:
    """Run a container and give its exit code.

    The SDK has the engine remove a container when it ends, and takes one that it no longer finds
    for a success; so failures would pass unseen.
    """
    image = docker_task_handler.add_latest_tag_if_not_present(image=image)
    container = client.containers.run(
        image=image, command=command, volumes=volumes, detach=True, **options
    )
    try:
        for line in container.logs(stream=True):
            sys.stdout.write(line.decode())
        return int(container.wait()["StatusCode"])
    finally:
        container.remove(force=True)


def main() -> int:
    """Run one pipeline; 1 if it failed."""
    given = json.loads(sys.argv[1])
    docker_task_handler.run_docker_container = run_container
    # On a busy machine an engine takes its time to start a container.
    docker.from_env = functools.partial(docker.from_env, timeout=600)
    mounts = [
        docker.types.Mount(target=place, source=place, type="bind", read_only=True)
        for place in given["mounts"]
    ]
    runner = local.DockerRunner(
        environment=given["environment"], network_mode="none", mounts=mounts
    )
    local.init(runner=runner, pipeline_root=given["root"], raise_on_error=True)
    run = components.load_component_from_file(given["package"])
    try:
        run(**given["parameters"])
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
