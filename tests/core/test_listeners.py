"""Who watches a tract hears of every write once, when it is done."""

from __future__ import annotations

import logging
import threading

import pytest

from tract_nb import Tract
from tract_nb.errors import TractError


@pytest.fixture
def heard():
    return []


@pytest.fixture
def t(heard):
    made = Tract.open()
    made.database.news.listen(lambda: heard.append(made.status().commits))
    return made


def test_each_verb_is_told_once_when_it_can_be_read(t, heard):
    t.user("one")
    t.annotate("HEAD", "PINNED")
    t.edit("HEAD", "two")
    t.branch("side")
    t.switch("side")
    t.undo()
    assert heard[:3] == [1, 1, 2]
    assert len(heard) >= 5


def test_reading_and_what_changes_nothing_tell_nothing(t, heard):
    t.user("one")
    del heard[:]
    t.log()
    t.compile()
    t.annotate("HEAD", "NORMAL")
    assert heard == []


def test_a_verb_that_fails_tells_nothing(t, heard):
    with pytest.raises(TractError):
        t.edit("nowhere", "text")
    assert heard == []


def test_a_batch_is_told_once(t, heard):
    with t.batch():
        for text in "abc":
            t.user(text)
        assert heard == []
    assert heard == [3]


def test_a_listener_that_fails_is_logged_and_harms_nothing(t, heard, caplog):
    def fail():
        raise RuntimeError("no")

    t.database.news.listen(fail)
    with caplog.at_level(logging.ERROR):
        t.user("one")
    assert "A listener failed." in caplog.text
    assert t.status().commits == 1


def test_one_that_ended_hears_nothing_more(t, heard):
    end = t.database.news.listen(lambda: heard.append("second"))
    t.user("one")
    end()
    end()
    t.user("two")
    assert heard == [1, "second", 2]


def test_a_listener_may_write_from_another_thread_and_is_not_locked_out(t):
    done = threading.Event()

    def listen():
        if done.is_set():
            return
        done.set()
        other = threading.Thread(target=t.refresh)
        other.start()
        other.join(5)
        assert not other.is_alive()

    t.database.news.listen(listen)
    t.user("one")
    assert done.is_set()
