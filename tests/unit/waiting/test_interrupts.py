"""Ctrl-C, SIGTERM and SIGHUP: one exception, never lost, never in the middle of a clean-up."""

from __future__ import annotations

import signal
import threading

import pytest

from osem_tasks.waiting import interrupts
from tests.support.still_clock import still_clock

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", SIGNALS)
def test_both_signals_are_the_same_interrupt(number: signal.Signals) -> None:
    """While somebody listens, either signal raises Interrupted where the program is."""
    with pytest.raises(interrupts.Interrupted), interrupts.listening():
        signal.raise_signal(number)


@pytest.mark.parametrize("number", SIGNALS)
def test_handlers_are_put_back(number: signal.Signals) -> None:
    """Afterwards the signals mean what they meant before, and no request is left."""
    before = signal.getsignal(number)

    with pytest.raises(interrupts.Interrupted), interrupts.listening():
        signal.raise_signal(number)

    assert signal.getsignal(number) is before
    interrupts.check()


def test_a_request_that_is_lost_is_remembered() -> None:
    """An interrupt that a finaliser swallowed is raised by the next check."""
    with interrupts.listening():
        with pytest.raises(interrupts.Interrupted):
            signal.raise_signal(signal.SIGTERM)

        with pytest.raises(interrupts.Interrupted):
            interrupts.check()


def test_a_clean_up_ends_before_a_further_request_counts() -> None:
    """Under a shield nothing is raised; the request counts as soon as the shield is gone."""
    with interrupts.listening():
        with interrupts.shielded(), interrupts.shielded():
            signal.raise_signal(signal.SIGINT)
            interrupts.check()

        with pytest.raises(interrupts.Interrupted):
            interrupts.check()


def test_other_threads_leave_the_signals_alone() -> None:
    """Signals are the main thread's: elsewhere the body simply runs."""
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def run() -> None:
        with interrupts.listening():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

    assert seen == [before]


def test_an_interrupt_is_a_keyboard_interrupt() -> None:
    """What catches Exception lets it pass; what catches KeyboardInterrupt knows it."""
    assert issubclass(interrupts.Interrupted, KeyboardInterrupt)


def test_a_second_ctrl_c_does_not_break_what_the_first_has_begun() -> None:
    """Pressed twice in a moment it is one request: the clean-up of the first goes on."""
    cleaned: list[signal.Signals] = []

    def clean_up_after_ctrl_c() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            for number in SIGNALS:
                signal.raise_signal(number)
                cleaned.append(number)

    with pytest.raises(interrupts.Interrupted), interrupts.listening():
        clean_up_after_ctrl_c()

    assert cleaned == SIGNALS


def test_a_later_request_counts_again() -> None:
    """Somebody who waits and presses again means it."""
    with still_clock() as own, interrupts.listening():
        with pytest.raises(interrupts.Interrupted):
            signal.raise_signal(signal.SIGINT)
        own.pass_(interrupts.SAME_REQUEST_SECONDS + 1)

        with pytest.raises(interrupts.Interrupted):
            signal.raise_signal(signal.SIGINT)


def test_a_request_that_nobody_heard_ends_the_body_at_its_end() -> None:
    """What follows in the same command line must not begin."""
    with pytest.raises(interrupts.Interrupted), interrupts.listening(), interrupts.shielded():
        signal.raise_signal(signal.SIGINT)


def test_nohup_is_respected() -> None:
    """Who ignores SIGHUP wants the command to go on without its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts.listening():
            signal.raise_signal(signal.SIGHUP)
            interrupts.check()
    finally:
        signal.signal(signal.SIGHUP, before)
