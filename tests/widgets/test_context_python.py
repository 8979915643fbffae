"""The Python side of the context widget, as its page asks it; no browser is needed."""

from __future__ import annotations

import json

import pytest

from tests.core.helpers import frozen, written
from tests.widgets.test_base import ask
from tests.widgets.test_context import fill
from tract_nb import RefError, Tract
from tract_nb.widgets.context import ContextWidget


@pytest.fixture
def t():
    with Tract.open(clock=frozen, token_budget=20_000) as tract:
        yield fill(tract)


@pytest.fixture
def widget(t, outbox):
    made = ContextWidget(t)
    del outbox[:]
    return made


def test_what_the_page_gets_is_the_strip_of_the_tract(t, widget):
    state = json.loads(json.dumps(widget.state))
    assert state["version"] == 1
    assert state["sizes"] == [segment.tokens for segment in t.strip().segments]
    assert state["commits"] == [segment.commit for segment in t.strip().segments]


def test_every_action_says_what_it_did_and_can_be_taken_back(t, widget, outbox):
    target = t.strip().segments[-1].commit
    for action, word in (("skip", "Skipped"), ("unmark", "Unmarked"), ("pin", "Pinned")):
        reply = ask(widget, outbox, "act", head=t.strip().head, action=action, commits=[target])
        assert reply["ok"], reply
        assert reply["result"]["said"].startswith(f"{word} {target[:8]}")
        assert reply["result"]["undo"]
        assert widget.state["head"] == t.strip().head
    before = t.strip().head
    assert ask(widget, outbox, "undo", head=before)["ok"]
    assert t.describe(target).priority == "NORMAL"
    assert ask(widget, outbox, "redo", head=t.strip().head)["ok"]
    assert t.describe(target).priority == "PINNED"


def test_what_is_so_already_is_said_and_nothing_is_written(t, widget, outbox):
    target = t.strip().segments[0].commit  # an instruction, pinned at birth
    state = written(t)
    reply = ask(widget, outbox, "act", head=t.strip().head, action="pin", commits=[target])
    said = f"{target[:8]} is pinned already. Nothing was written."
    assert reply == {"ok": True, "result": {"said": said, "undo": False}}
    text = t.describe(target, count=100).text
    reply = ask(widget, outbox, "act", head=t.strip().head, action="edit", commits=[target], text=text)
    assert reply["result"]["said"] == f"{target[:8]} is so worded already. Nothing was written."
    assert written(t) == state


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"action": "hide", "commits": ["HEAD"]}, "There is no action 'hide'"),
        ({"action": "edit", "commits": ["HEAD"]}, "There is no action 'edit'"),
        ({"action": "skip", "commits": ["nowhere"]}, "'nowhere' is no branch"),
        ({"action": "restore", "commits": ["HEAD"]}, "HEAD is no SUMMARY"),
    ],
)
def test_what_cannot_be_done_is_an_answer_and_nothing_is_written(t, widget, outbox, given, error):
    state = written(t)
    reply = ask(widget, outbox, "act", head=t.strip().head, **given)
    assert not reply["ok"]
    assert reply["error"]["message"].startswith(error)
    assert written(t) == state


def test_an_action_on_another_state_than_the_page_shows_is_refused(t, widget, outbox):
    head = t.strip().head
    t.user("one more")
    reply = ask(widget, outbox, "act", head=head, action="skip", commits=[t.strip().segments[0].commit])
    assert reply["error"]["type"] == "HeadMovedError"


def test_where_head_stands_on_a_commit_actions_say_how_to_branch(t, widget, outbox):
    t.checkout(t.log()[2].commit)
    widget.refresh()
    reply = ask(
        widget, outbox, "act", head=t.strip().head, action="pin", commits=[widget.state["commits"][1]]
    )
    assert reply["error"]["message"].startswith("HEAD is detached")
    assert "branch" in reply["error"]["hint"]


def test_nothing_to_undo_is_said(outbox):
    with Tract.open(clock=frozen) as tract:
        widget = ContextWidget(tract)
        reply = ask(widget, outbox, "undo", head=None)
        assert reply["error"]["message"].startswith("There is nothing to undo")


def test_the_page_is_sent_the_heaviest_groups_alone(outbox):
    with Tract.open(clock=frozen) as tract:
        for number in range(40):
            tract.tool_call(f"tool_{number}", {"file_path": f"/a/{number}.py"})
        reply = ask(ContextWidget(tract), outbox, "takers")
    assert len(reply["result"]["tools"]) == len(reply["result"]["files"]) == 12


def test_a_long_strip_is_asked_for_its_commits(outbox):
    with Tract.open(clock=frozen) as tract:
        with tract.batch():
            for number in range(1001):
                tract.user(f"turn {number}")
        widget = ContextWidget(tract)
        assert widget.state["commits"] is None
        reply = ask(widget, outbox, "commits")
        assert reply["result"]["head"] == widget.state["head"]
        assert reply["result"]["commits"] == [s.commit for s in tract.strip().segments]


def test_a_closed_tract_leaves_the_last_picture(t, outbox):
    with Tract.open(clock=frozen) as tract:
        tract.user("hello")
        widget = ContextWidget(tract)
        sizes = widget.state["sizes"]
    widget.refresh()
    assert widget.state["sizes"] == sizes
    assert "is closed" in widget.state["still"]
    assert repr(widget) == "memory is closed"


def test_units_are_selected_by_any_name_and_kept_by_their_hashes(t, outbox):
    last = t.strip().segments[-1].commit
    widget = ContextWidget(t, selected=["HEAD", last, t.show("HEAD").hash])
    assert widget.selected == [last]
    with pytest.raises(RefError):
        widget.selected = ["nowhere"]
    assert widget.selected == [last]
    t.annotate(widget.selected, "SKIP")
    assert t.describe(last).state == "skipped"
