"""The local runner: nodes in parallel by dependency, executors in warm worker processes.

Drivers and publishers run in threads of this process, over one connection to the store; only
executors run elsewhere. So a cached run starts no worker, and a worker that dies takes no record
with it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count
from queue import SimpleQueue
from typing import Any

from msgspec import structs

from mlops_pipeline.errors import StoreError
from mlops_pipeline.executors import Task
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.node import Session, Start, end_run, launch, open_session, wait_before_retry
from mlops_pipeline.run_state import (
    SELECTION,
    WHOLE,
    Iteration,
    Outcome,
    Selection,
    Workspace,
    cancel_own,
    chosen,
    select,
)
from mlops_pipeline.runners.schedule import Place, Schedule, iterations_of
from mlops_pipeline.runners.take_over import take_over
from mlops_pipeline.runners.workers import Spares, WorkerPool
from mlops_pipeline.store import NOTHING, Run, State


@dataclass(frozen=True)
class RunOptions:
    """Options of a run, and its nodes.

    Args:
        workers: nodes at once; 0 for one a core.
        in_process: run executors in this process, one after the other, for debuggers; a node's
            timeout is not enforced then.
        keep_going: after a failure, run the nodes that do not depend on the failed one.
        facts: further properties of a run that is new.
    """

    workers: int = 0
    in_process: bool = False
    keep_going: bool = False
    selection: Selection = WHOLE
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeEvent:
    """Something that happened to a node.

    Args:
        kind: `started`, `finished`, `retrying`, or `output` for a line that it printed.
        wait: seconds until the next attempt.
    """

    kind: str
    node_id: str
    iteration: Iteration = ()
    outcome: Outcome | None = None
    wait: float = 0.0
    line: str = ""


OnEvent = Callable[[NodeEvent], None]


@dataclass(frozen=True)
class RunResult:
    """Result of a run: the outcome of each node, in the order in which they ended."""

    run: Run
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> list[Outcome]:
        """The nodes that failed."""
        return [o for o in self.outcomes if o.state in (State.FAILED, State.CANCELED)]


# What runs stands by position; how, by name and with a default.
def run(
    ir: PipelineIR,
    run_id: str,
    workspace: Workspace,
    *,
    parameters: Mapping[str, Any] = NOTHING,
    options: RunOptions = RunOptions(),
    on_event: OnEvent | None = None,
) -> RunResult:
    """Run a pipeline on this machine; an existing run continues where it ended.

    Raises:
        PipelineError: the parameters or the selection do not fit, or the run is being run.
    """
    start = Start(parameters, options.selection, hold=True, facts=options.facts)
    session = open_session(ir, run_id, workspace, start, force=options.selection.force)
    try:
        with _Crew(options, on_event or (lambda event: None), workspace.import_paths) as crew:
            session = structs.replace(session, execute=crew.execute)
            taken, selected = [], frozenset(node.id for node in ir.nodes)
            if SELECTION in session.run.properties:
                selected, reused = select(ir, chosen(session.run))
                taken = take_over(session, session.run.base_run, reused)
            walk = _Walk(session, crew, options, outcomes=taken)
            state = walk.run(Schedule(session, selected))
            state = walk.run_exit_handlers(state)
    except BaseException as error:
        state = State.CANCELED if isinstance(error, KeyboardInterrupt) else State.FAILED
        # If the store fails as well, the first error is the one to report.
        with contextlib.suppress(StoreError):
            _end(session, state)
        raise
    return RunResult(_end(session, state), tuple(walk.outcomes))


def _end(session: Session, state: State) -> Run:
    if state is not State.COMPLETE:
        cancel_own(session.workspace, session.run.id)
    return end_run(session.workspace, session.run, state)


_spares = Spares()
"""Workers between the runs of this process."""


class _Crew:
    """Threads for drivers and publishers, and processes for executors; or none of them."""

    def __init__(self, options: RunOptions, tell: OnEvent, import_paths: Sequence[str]) -> None:
        self.tell = tell
        workers = options.workers or len(os.sched_getaffinity(0))

        def on_output(task: Task, line: str) -> None:
            tell(NodeEvent("output", task.name.partition("/")[2], line=line))

        self.threads = None if options.in_process else ThreadPoolExecutor(workers)
        self._pool = (
            None
            if options.in_process
            else WorkerPool(workers, on_output=on_output, spares=_spares, import_paths=import_paths)
        )
        self.execute = self._pool.execute if self._pool else None

    def cancel(self) -> None:
        """End the executors that run now."""
        if self._pool is not None:
            self._pool.cancel_all()

    def __enter__(self) -> _Crew:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None and self.threads is not None:
            if error[0] is None:
                self._pool.keep_warm()
            else:
                self._pool.close()
            self.threads.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class _Walk:
    """One pass through the nodes of a run."""

    session: Session
    crew: _Crew
    options: RunOptions
    outcomes: list[Outcome] = field(default_factory=list)
    failed: list[Outcome] = field(default_factory=list)

    def run(self, schedule: Schedule) -> State:
        """Run the nodes, each as soon as what it needs is there; returns how the run ended."""
        running: set[Future[Outcome]] = set()
        ended: SimpleQueue[Future[Outcome]] = SimpleQueue()
        try:
            while True:
                places = schedule.ready() if self._may_start() else []
                for place in places:
                    if self.crew.threads is not None:
                        future = self.crew.threads.submit(self.attempts, place)
                        running.add(future)
                        future.add_done_callback(ended.put)
                    elif self._may_start():
                        self._take(schedule, self.attempts(place))
                if not self._may_start():
                    running = {future for future in running if not future.cancel()}
                if running:
                    future = ended.get()
                    # One that was canceled has ended too, but nothing came of it.
                    if future in running:
                        running.remove(future)
                        self._take(schedule, future.result())
                elif not places:
                    return self._state()
        except KeyboardInterrupt:
            self._stop(running)
            return State.CANCELED
        except BaseException:
            self.session.stop.set()
            raise

    def _take(self, schedule: Schedule, outcome: Outcome) -> None:
        self._keep(outcome)
        schedule.ended(outcome)

    def _keep(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        if outcome.state is State.FAILED:
            self.failed.append(outcome)

    def _may_start(self) -> bool:
        return self.options.keep_going or not self.failed

    def _state(self) -> State:
        return State.FAILED if self.failed else State.COMPLETE

    def _stop(self, running: set[Future[Outcome]]) -> None:
        """End what runs, and wait until it is recorded."""
        self.session.stop.set()
        self.crew.cancel()
        self.outcomes.extend(future.result() for future in running if not future.cancel())

    def attempts(self, place: Place) -> Outcome:
        """Run a node until it succeeds or may not be tried again."""
        node_id, iteration = place
        retry = self.session.ir.node(node_id).retry
        self.crew.tell(NodeEvent("started", node_id, iteration))
        for attempt in count(1):
            outcome = launch(self.session, node_id, iteration)
            if outcome.state is not State.FAILED:
                break
            pause = wait_before_retry(retry, attempt, outcome)
            if pause is None:
                break
            self.crew.tell(NodeEvent("retrying", node_id, iteration, outcome, wait=pause))
            if self.session.stop.wait(pause):
                break
        self.crew.tell(NodeEvent("finished", node_id, iteration, outcome))
        return outcome

    def run_exit_handlers(self, state: State) -> State:
        """Run the exit handlers, also after a failure; return the state of the run."""
        handlers = [node for node in self.session.ir.nodes if node.on_exit]
        ended = structs.replace(self.session, run=replace(self.session.run, state=state))
        # A stop was meant for the nodes before: the handlers are there to clean up after it.
        ended.stop.clear()
        try:
            for node in handlers:
                for iteration in iterations_of(ended, node):
                    self._keep(replace(self, session=ended).attempts((node.id, iteration)))
        except KeyboardInterrupt:
            return State.CANCELED
        return state if state is not State.COMPLETE else self._state()
