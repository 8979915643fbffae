"""The stop button at any moment: a verb happened or did not, and the same handle goes on."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.trust.helpers import recording, run, texts, times, write_all
from tract_nb import Tract
from tract_nb.store import interrupts, objects, oplog
from tract_nb.store.interrupts import deferred

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT of one's own here"),
    pytest.mark.xdist_group("interrupts"),
]

INTERRUPTS = times(250)  # for a file, and as many in memory
FOUND: dict[str, Any] = {}  # xdist sets a module's fixtures up more than once


@pytest.fixture(scope="module", params=["file", "memory"])
def trial(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a process found that was interrupted at random moments; that stderr is empty is checked here."""
    if request.param not in FOUND:
        where = tmp_path_factory.mktemp("interrupted") if request.param == "file" else "memory"
        FOUND[request.param] = run("interrupting", where, INTERRUPTS, 11 if request.param == "file" else 12)
    return FOUND[request.param]


def test_each_verb_happened_or_did_not(trial):
    assert trial["faults"]["half done"] == []
    assert trial["faults"]["verify"] == []
    # of some verbs the interrupt came early, of some late
    assert INTERRUPTS * 0.1 < sum(trial["done"].values()) < INTERRUPTS * 0.9
    assert {"commit", "edit", "annotate", "batch", "import", "compile"} <= set(trial["heard"])


def test_every_interrupt_is_heard_once_and_is_a_keyboard_interrupt(trial):
    assert trial["faults"]["unheard"] == []
    assert trial["faults"]["error"] == []


def test_the_same_handle_goes_on(trial):
    assert trial["faults"]["moved by itself"] == []


def test_warm_and_cold_agree_after_an_interrupt(trial):
    assert trial["faults"]["cache"] == []


def test_no_lock_is_held_after_an_interrupt(trial):
    assert trial["faults"]["lock"] == []


def test_the_handler_from_before_is_there_again(trial):
    assert trial["faults"]["handler"] == []


# -- moments that chance may miss ---------------------------------------------------------------------


@pytest.fixture
def pressed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Press the button when a verb has written its operation."""
    real = oplog.add

    def press_after(*args: Any, **options: Any) -> int:
        done = real(*args, **options)
        os.kill(os.getpid(), signal.SIGINT)
        return done

    def press(verb: Any) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(oplog, "add", press_after)
            with pytest.raises(KeyboardInterrupt):
                verb()

    return press


VERBS = {
    "commit": lambda t: t.user("mine"),
    "keyed commit": lambda t: t.user("mine", key="cell"),
    "edit": lambda t: t.edit("HEAD", "mine"),
    "annotate": lambda t: t.annotate("HEAD", "PINNED"),
    "import": lambda t: t.import_trace(recording(4, "made-up")),
    "batch": lambda t: write_all(t, "one", "two"),
    "reset": lambda t: t.reset("HEAD~1"),
    "undo": lambda t: t.undo(),
    "switch": lambda t: t.switch("try"),
    "tag": lambda t: t.tag("HEAD", "v1"),
    "branch": lambda t: t.branch("more"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_an_interrupt_at_the_end_of_a_verb_that_was_done_leaves_the_handle_where_it_put_it(pressed, verb):
    with Tract.open() as tract:
        tract.user("root")
        tract.branch("try")
        tract.user("more")
        before = len(tract.operations())
        pressed(lambda: VERBS[verb](tract))
        assert len(tract.operations()) == before + 1
        tract.user("goes on")
        assert texts(tract)[-1] == "goes on"
        assert tract.verify().rows == ()


def test_the_stop_button_stops_a_batch_and_drops_it_whole():
    with Tract.open() as tract:
        tract.user("root")
        went_on = False
        with pytest.raises(KeyboardInterrupt), tract.batch():  # noqa: PT012
            tract.user("one")
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):
                time.sleep(0)
            went_on = True
            tract.user("two")
        assert not went_on
        assert texts(tract) == ["root"]
        tract.user("goes on")


def test_a_verb_of_a_batch_that_was_done_when_the_button_was_heard_stays_part_of_it(monkeypatch):
    def pressing(*args: Any) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return put(*args)

    put = objects.put_commit
    with Tract.open() as tract:
        tract.user("root")
        monkeypatch.setattr(objects, "put_commit", pressing)
        with tract.batch(), pytest.raises(KeyboardInterrupt):
            tract.user("done, then stopped")
        assert texts(tract) == ["root", "done, then stopped"]
        assert tract.verify().rows == ()
        tract.undo()
        assert texts(tract) == ["root"]


def test_two_presses_are_heard_by_the_verb_alone(pressed):
    with Tract.open() as tract:
        tract.user("root")

        def twice(number: Any, handler: Any) -> Any:
            before = signal.signal(number, handler)
            if handler != deferred._note:
                os.kill(os.getpid(), signal.SIGINT)  # the second one, when the first is about to be heard
            return before

        with pytest.MonkeyPatch.context() as patched:
            names = {name: getattr(signal, name) for name in ("SIGINT", "SIG_DFL", "SIG_IGN")}
            patched.setattr(interrupts, "signal", SimpleNamespace(signal=twice, **names))
            pressed(lambda: tract.tag("HEAD", "v1"))
        again = False
        try:
            tract.branches()  # nobody has pressed anything since
        except KeyboardInterrupt:  # pytest would stop at it
            again = True
        assert not again


def own_handler(heard: list[int]) -> Any:
    def handler(number: int, frame: Any) -> None:
        heard.append(number)

    return handler


@pytest.mark.parametrize("kind", ["own", "ignored", "default"])
def test_a_handler_of_the_users_own_is_kept_and_called(pressed, monkeypatch, kind):
    heard: list[int] = []
    given: Any = {"own": own_handler(heard), "ignored": signal.SIG_IGN, "default": signal.SIG_DFL}[kind]
    before = signal.signal(signal.SIGINT, given)
    try:
        with Tract.open() as tract:
            tract.user("root")
            real = oplog.add

            def press_after(*args: Any, **options: Any) -> int:
                os.kill(os.getpid(), signal.SIGINT)
                return real(*args, **options)

            monkeypatch.setattr(oplog, "add", press_after)
            if kind == "default":
                with pytest.raises(KeyboardInterrupt):
                    tract.tag("HEAD", "v1")
            else:
                tract.tag("HEAD", "v1")
            assert [row[0] for row in tract.tags()] == ["v1"]
            assert heard == ([signal.SIGINT] if kind == "own" else [])
            assert signal.getsignal(signal.SIGINT) is given
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_verb_in_another_thread_leaves_the_handler_alone():
    before = signal.getsignal(signal.SIGINT)
    seen: list[Any] = []
    with Tract.open() as tract:

        def write() -> None:
            with tract.batch():
                tract.user("one")
                seen.append(signal.getsignal(signal.SIGINT))

        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        assert seen == [before]
        assert texts(tract) == ["one"]
