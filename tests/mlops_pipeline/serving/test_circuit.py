"""Circuits: open after failures, one try after a while, closed by a good one."""

from mlops_pipeline.serving.circuit import Circuit


class Clock:
    """A clock that stands still until it is moved."""

    now = 1.0

    def __call__(self) -> float:
        return self.now


def test_a_circuit_opens_lets_one_through_and_closes() -> None:
    clock = Clock()
    circuit = Circuit(clock)
    for _ in range(4):
        circuit.note(False)
    assert not circuit.is_open
    circuit.note(False)
    assert circuit.is_open
    clock.now += 6
    assert [circuit.is_open, circuit.is_open] == [False, True]
    circuit.note(True)
    assert not circuit.is_open


def test_a_try_that_fails_keeps_it_open() -> None:
    clock = Clock()
    circuit = Circuit(clock)
    for _ in range(5):
        circuit.note(False)
    clock.now += 6
    assert not circuit.is_open
    circuit.note(False)
    assert circuit.is_open


def test_failures_among_good_answers_do_not_open_it() -> None:
    circuit = Circuit(Clock())
    for number in range(100):
        circuit.note(number % 3 != 0)
    assert not circuit.is_open
