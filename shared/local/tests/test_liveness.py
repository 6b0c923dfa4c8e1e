"""When a service is given up: never for a slow moment, never in a loop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.local.liveness import NOT_ALIVE, Limits, Liveness

LIMITS = Limits(every=5, within=5, patience=20, starting=120, most_patience=320, forgiven=900, probes=3)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """A service that is probed every five seconds."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.liveness = Liveness(LIMITS, self.clock)
        self.liveness.begin()

    def probe(self, status: int | None, *, late: float = 0) -> bool:
        self.clock.now += LIMITS.every + late
        return self.liveness.saw(status, late=late)

    def silence(self, status: int | None = None) -> float:
        """Seconds without a sign of life until it is given up."""
        began = self.clock.now
        while not self.probe(status):
            assert self.clock.now - began < 1000
        return self.clock.now - began

    def restart(self) -> None:
        self.liveness.begin()
        assert not self.probe(200)


@pytest.mark.parametrize("status", [None, NOT_ALIVE])
def test_silence_is_borne_for_a_while(status: int | None) -> None:
    watched = Watched()
    watched.probe(200)
    assert watched.silence(status) == 20


@pytest.mark.parametrize("status", [200, 401, 404, 429, 500])
def test_any_answer_but_503_is_one_of_a_living_process(status: int) -> None:
    watched = Watched()
    assert not any(watched.probe(status) for _ in range(100))


def test_a_process_that_starts_has_longer() -> None:
    assert Watched().silence() == 120


def test_each_restart_makes_it_more_patient_up_to_a_bound_and_time_forgives() -> None:
    watched = Watched()
    watched.probe(200)
    silences = []
    for _ in range(7):
        silences.append(watched.silence())
        watched.restart()
    assert silences == [20, 40, 80, 160, 320, 320, 320]
    for _ in range(200):
        watched.probe(200)
    assert watched.silence() == 20


def test_where_the_whole_machine_stood_still_nobody_is_to_blame() -> None:
    watched = Watched()
    watched.probe(200)
    for _ in range(100):
        assert not watched.probe(None)
        assert not watched.probe(None, late=60)


@given(st.lists(st.sampled_from([200, 503, None]), max_size=300))
def test_it_is_never_given_up_within_its_patience(answers: list[int | None]) -> None:
    watched = Watched()
    sign = watched.clock.now
    alive = False
    for answer in answers:
        judged = watched.probe(answer)
        if answer == 200:
            sign, alive = watched.clock.now, True
        if judged:
            assert watched.clock.now - sign >= (20 if alive else 120)
            watched.liveness.begin()
            sign, alive = watched.clock.now, False
