"""The Python side of every widget, as its page meets it."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest

from tract_nb import Tract
from tract_nb.errors import ContentError, HeadMovedError
from tract_nb.widgets.base import TractWidget, answers


class Counter(TractWidget):
    """A widget that counts commits."""

    _esm = "export default { render() {} }"

    def look(self) -> dict[str, Any]:
        return {"commits": self.tract.status().commits}

    def as_text(self) -> str:
        return f"{self.state['commits']} commits"

    def as_html(self) -> str:
        return f"<p>{self.state['commits']} commits</p>"

    @answers
    def refuse(self, *, value: int) -> None:
        raise ContentError(f"{value} is wrong.", "Give another.")

    @answers
    def fail(self) -> None:
        raise ZeroDivisionError("by nothing")

    @answers
    def add(self, *, text: str, head: str | None) -> dict[str, str]:
        with self._as_shown(head):
            self.tract.user(text)
        self.refresh()
        return {"said": "added"}

    def secret(self) -> None:
        raise AssertionError("the page may not call this")


@pytest.fixture
def t():
    return Tract.open()


@pytest.fixture
def widget(t, outbox):
    made = Counter(t)
    del outbox[:]
    return made


def ask(widget: TractWidget, outbox: list[Any], method: str, **params: Any) -> dict[str, Any]:
    """Ask as a page does, and return the answer."""
    content = {"id": "1", "method": method, "params": params}
    widget._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})
    found = [data["content"] for _, data in outbox if data["method"] == "custom" and "id" in data["content"]]
    assert len(found) == 1
    outbox[:] = [sent for sent in outbox if sent[1].get("content", {}).get("id") is None]
    assert found[0].pop("id") == "1"
    return dict(found[0])


def states(outbox: list[Any]) -> list[dict[str, Any]]:
    return [data["state"]["state"] for _, data in outbox if data["method"] == "update"]


def told(outbox: list[Any]) -> int:
    return sum(data.get("content") == {"changed": True} for _, data in outbox)


def test_an_unknown_option_is_an_error_that_names_the_right_one(t, outbox):
    class Chooser(Counter):
        from traitlets import Unicode

        selected = Unicode().tag(sync=True)

    assert Chooser(t, selected="a").selected == "a"
    with pytest.raises(TypeError, match=r"Chooser has no option 'selectde'. Did you mean selected?"):
        Chooser(t, selectde="a")
    with pytest.raises(TypeError, match="Counter has no option 'height'"):
        Counter(t, height=3)
    gc.collect()


def test_an_error_is_answered_with_what_to_do(widget, outbox):
    assert ask(widget, outbox, "refuse", value=5) == {
        "ok": False,
        "error": {"type": "ContentError", "message": "5 is wrong.", "hint": "Give another."},
    }


def test_a_fault_of_ours_is_answered_too(widget, outbox):
    answer = ask(widget, outbox, "fail")
    assert answer["error"]["type"] == "ZeroDivisionError"
    assert answer["error"]["message"] == "ZeroDivisionError: by nothing"
    assert "report" in answer["error"]["hint"]


@pytest.mark.parametrize("method", ["secret", "close", "nothing", "__init__", "state", ""])
def test_a_page_calls_only_what_answers_it(widget, outbox, method):
    answer = ask(widget, outbox, method)
    assert answer["error"]["type"] == "CommandError"


def test_arguments_that_do_not_fit_are_of_another_version(widget, outbox):
    answer = ask(widget, outbox, "refuse", other=5)
    assert answer["error"]["type"] == "TypeError"
    assert "another version" in answer["error"]["hint"]


def test_a_message_that_asks_nothing_is_answered_nothing(widget, outbox):
    for content in (None, 5, {}, {"method": "fail"}, "text"):
        widget._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})
    assert outbox == []


def test_the_page_is_told_once_of_many_writes_and_fetches_them_at_once(t, widget, outbox):
    for text in "abc":
        t.user(text)
    assert told(outbox) == 1
    assert states(outbox) == []
    ask(widget, outbox, "look_again")
    assert [state["commits"] for state in states(outbox)] == [3]
    t.user("d")
    assert told(outbox) == 2


def test_where_nothing_that_is_shown_changed_the_page_hears_nothing(t, widget, outbox):
    before = widget.state["version"]
    t.user("a")
    ask(widget, outbox, "look_again")
    assert widget.state["version"] == before + 1
    t.annotate("HEAD", "PINNED")
    ask(widget, outbox, "look_again")
    assert widget.state["version"] == before + 1


def test_a_poll_finds_what_another_process_wrote(tmp_path, outbox):
    t = Tract.open(tmp_path / "work.db")
    widget = Counter(t)
    del outbox[:]
    ask(widget, outbox, "poll")
    assert states(outbox) == []
    other = Tract.open(tmp_path / "work.db")
    other.user("from elsewhere")
    assert told(outbox) == 0
    ask(widget, outbox, "poll")
    assert [state["commits"] for state in states(outbox)] == [1]


def test_an_action_on_what_is_shown_no_more_is_refused(t, widget, outbox):
    t.user("one")
    head = t.status().head
    t.user("two")
    answer = ask(widget, outbox, "add", text="late", head=head)
    assert answer["error"]["type"] == "HeadMovedError"
    assert "moved while you looked at it" in answer["error"]["message"]
    assert t.status().commits == 2
    assert ask(widget, outbox, "add", text="now", head=t.status().head) == {
        "ok": True,
        "result": {"said": "added"},
    }
    assert t.show("HEAD").content.text == "now"
    with pytest.raises(HeadMovedError), widget._as_shown(None):
        raise AssertionError("not reached")


def test_a_closed_tract_stays_to_be_seen(t, widget, outbox):
    t.user("one")
    ask(widget, outbox, "look_again")
    t.close()
    assert ask(widget, outbox, "poll")["ok"]
    assert widget.state["commits"] == 1
    assert widget.state["still"] == "memory is closed"
    ask(widget, outbox, "poll")
    assert len(states(outbox)) == 2


def test_what_a_closed_tract_cannot_answer_is_no_fault_of_who_asked(t, widget, outbox):
    t.close()
    answer = ask(widget, outbox, "add", text="late", head=None)
    assert answer["error"]["type"] == "Closed"
    assert widget.state["still"] == "memory is closed"


def test_a_tract_opened_to_read_says_so(tmp_path, outbox):
    Tract.open(tmp_path / "work.db").user("one")
    widget = Counter(Tract.open(tmp_path / "work.db", read_only=True))
    assert widget.state["still"] == "Read-only: work.db was opened with read_only=True"


def test_one_that_was_closed_follows_nothing(t, widget, outbox):
    widget.close()
    t.user("one")
    assert told(outbox) == 0


def test_a_verb_in_another_thread_is_told_too(t, widget, outbox):
    worker = threading.Thread(target=t.user, args=("one",))
    worker.start()
    worker.join()
    assert told(outbox) == 1


def test_what_is_left_without_a_kernel(t, widget):
    t.user("one")
    widget.refresh()
    bundle, _ = widget._repr_mimebundle_()
    assert bundle["text/plain"] == "1 commits" == repr(widget)
    assert bundle["text/html"] == "<p>1 commits</p>"
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
