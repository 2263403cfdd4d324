"""Trainings that wait for one another."""

import sys
import threading

import pytest

from boostloss.boosting.meeting import Meeting, Stopped


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_they_wait_for_one_another_and_for_their_turn(at_once):
    computing, most, log, lock = [0], [0], [], threading.Lock()

    def count(change):
        with lock:
            computing[0] += change
            most[0] = max(most[0], computing[0])

    meeting = Meeting(5, at_once, lambda: log.append("all"))

    def train(j):
        for i in range(20):
            count(1)
            log.append(i)
            count(-1)
            meeting.meet()
        return j

    assert meeting.run(train) == [0, 1, 2, 3, 4]
    assert log == [each for i in range(20) for each in (i, i, i, i, i, "all")]
    assert most[0] <= at_once


@pytest.mark.parametrize("at_once", [1, 3])
def test_the_first_error_stops_all(at_once):
    meeting, seen = Meeting(3, at_once, lambda: None), []

    def train(j):
        try:
            for i in range(100):
                if (i, j) == (4, 1):
                    raise ArithmeticError("the second")
                meeting.meet()
        except Stopped:
            seen.append(j)
            raise

    with pytest.raises(ArithmeticError, match="the second"):
        meeting.run(train)
    assert sorted(seen) == [0, 2]


def test_an_error_between_two_rounds_stops_all():
    def action():
        raise ArithmeticError("of the action")

    meeting = Meeting(2, 2, action)
    with pytest.raises(ArithmeticError, match="of the action"):
        meeting.run(lambda j: meeting.meet())


def test_meetings_that_overlap_leave_the_usual_switch_interval():
    usual, others_run = sys.getswitchinterval(), threading.Event()

    def meet(begun, until):
        def train(j):
            begun.set()
            assert until.wait(10.0)
            assert sys.getswitchinterval() < usual

        Meeting(1, 1, lambda: None).run(train)

    begun = [threading.Event(), threading.Event()]
    first = threading.Thread(target=meet, args=(begun[0], begun[1]))
    second = threading.Thread(target=meet, args=(begun[1], others_run))
    for thread, event in zip((first, second), begun, strict=True):
        thread.start()
        assert event.wait(10.0)
    first.join()  # the first ends before the second, which has begun in between
    others_run.set()
    second.join()
    assert sys.getswitchinterval() == pytest.approx(usual)
