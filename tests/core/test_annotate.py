"""Annotate: priorities of units, one by one and by selection."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.core.helpers import texts, written
from tract_nb import IMPORTANT, NORMAL, PINNED, SKIP, ContentError, Priority, RefError
from tract_nb.model.commit import Kind


@pytest.fixture
def talk(t):
    for number in range(6):
        t.user(f"turn {number} " + "word " * (20 * (number % 2)))
    return t


def test_a_frame_is_skipped_as_one_operation(talk):
    log = talk.log().to_frame()
    before = len(talk.operations())
    mark = talk.annotate(log[log.tokens > 15], SKIP)
    assert len(mark.targets) == 3
    assert len(talk.operations()) == before + 1
    assert [text.strip() for text in texts(talk)] == ["turn 0", "turn 2", "turn 4"]
    talk.undo()
    assert len(texts(talk)) == 6


@pytest.mark.parametrize("kind", ["frame", "series", "list", "tuple", "commits", "set", "index", "generator"])
def test_every_kind_of_selection_is_taken(talk, kind):
    log = talk.log().to_frame()
    picked = log[log.tokens > 15]
    selection = {
        "frame": picked,
        "series": picked.commit,
        "list": list(picked.commit),
        "tuple": tuple(picked.commit),
        "commits": [talk.show(name) for name in picked.commit],
        "set": set(picked.commit),
        "index": pd.Index(picked.commit),
        "generator": (name for name in picked.commit),
    }[kind]
    assert len(talk.annotate(selection, SKIP).targets) == 3
    assert len(texts(talk)) == 3


def test_the_compiled_frame_is_a_selection_too(talk):
    frame = talk.compile().to_frame()
    talk.annotate(frame[frame.text.str.contains("turn 3")], SKIP)
    assert len(texts(talk)) == 5


def test_a_table_is_a_selection_as_its_frame_is(talk):
    assert len(talk.annotate(talk.log(3), SKIP).targets) == 3
    talk.annotate(talk.log(), SKIP)
    assert texts(talk) == []


def test_a_selection_with_one_wrong_name_writes_nothing(talk):
    before = written(talk)
    for wrong in (["HEAD", "nope"], pd.DataFrame({"hash": ["a"]}), [1.5], 5, None, [None]):
        with pytest.raises(RefError) as caught:
            talk.annotate(wrong, SKIP)
        assert caught.value.hint
    assert written(talk) == before


def test_an_empty_selection_writes_nothing(talk):
    before = written(talk)
    assert talk.annotate([], SKIP) is None
    log = talk.log().to_frame()
    assert talk.annotate(log[log.tokens > 10_000], SKIP) is None
    assert written(talk) == before


def test_what_has_the_priority_already_writes_nothing(talk):
    talk.annotate("HEAD", SKIP)
    before = written(talk)
    assert talk.annotate("HEAD", SKIP) is None
    assert talk.annotate("HEAD~1", NORMAL) is None
    assert written(talk) == before
    assert len(talk.annotate(["HEAD", "HEAD~1"], SKIP).targets) == 1


def test_a_unit_named_twice_is_one_target(talk):
    unit = talk.show("HEAD")
    edit = talk.edit("HEAD", "new")
    assert talk.annotate([unit.hash, edit.hash, "HEAD"], SKIP).targets == (unit.hash,)


@pytest.mark.parametrize("value", [SKIP, 0, "SKIP", "skip", Priority.SKIP])
def test_a_priority_is_taken_by_value_and_by_name(talk, value):
    assert talk.annotate("HEAD", value).priority is SKIP


@pytest.mark.parametrize("value", ["urgent", 7, None, ""])
def test_a_priority_that_does_not_exist_is_refused_with_the_known_ones(talk, value):
    with pytest.raises(ContentError) as caught:
        talk.annotate("HEAD", value)
    assert "PINNED" in caught.value.hint


def test_the_last_priority_wins_from_there_on(talk):
    unit = talk.show("HEAD")
    for priority in (SKIP, PINNED, IMPORTANT, NORMAL):
        talk.annotate(unit.hash, priority)
        assert talk.log()[0][7] == priority.name
    assert unit.text not in texts(talk, "HEAD@{3}")
    assert unit.text in texts(talk, "HEAD@{2}")


def test_annotations_have_a_history(talk):
    unit = talk.show("HEAD~2")
    talk.annotate(unit.hash, SKIP)
    talk.user("later")
    talk.annotate(unit.hash, NORMAL)
    assert unit.text in texts(talk)
    assert unit.text not in texts(talk, "HEAD@{1}")
    assert unit.text in texts(talk, "HEAD@{3}")


def test_a_mark_has_no_text_and_no_message(talk):
    mark = talk.annotate("HEAD", PINNED, reason="law")
    assert (mark.kind, mark.content, mark.text, mark.message) == (Kind.MARK, None, "", None)
    assert talk.operations()[0][5] == "law"


def test_skip_of_a_call_takes_its_results_whatever_their_priority(t):
    call = t.tool_call("read", {"path": "a"}, "c1")
    first = t.tool_result("c1", "one")
    second = t.tool_result("c1", "two")
    t.annotate(second.hash, PINNED)
    t.annotate(call.hash, SKIP)
    assert texts(t) == []
    t.annotate(call.hash, NORMAL)
    assert texts(t) == ['{"path":"a"}', "one", "two"]
    assert first.targets == (call.hash,)


def test_a_result_that_comes_after_its_call_was_skipped_is_left_out_too(t):
    t.tool_call("read", {"path": "a"}, "c1")
    t.annotate("HEAD", SKIP)
    result = t.tool_result("c1", "one")
    assert texts(t) == []
    assert t.status().tokens == 0
    assert result.tokens > 0


def test_a_skipped_result_is_said_to_be_left_out(t):
    t.user("Read a.")
    t.tool_call("read", {"path": "a"}, "c1")
    result = t.tool_result("c1", "secret")
    t.annotate(result.hash, SKIP)
    said = t.compile()
    assert said.to_openai()[-1]["content"] == "[result left out]"
    assert said.to_anthropic()["messages"][-1]["content"][0]["content"] == "[result left out]"
    assert "secret" not in said.to_text()
    assert said.warnings == ()


def test_an_edit_of_a_skipped_unit_does_not_bring_it_back(talk):
    unit = talk.show("HEAD")
    talk.annotate(unit.hash, SKIP)
    talk.edit(unit.hash, "new")
    assert "new" not in texts(talk)
    talk.annotate(unit.hash, NORMAL)
    assert texts(talk)[-1] == "new"


def test_a_unit_of_another_history_cannot_be_marked(t):
    t.user("root")
    t.branch("try")
    elsewhere = t.user("only on main")
    t.switch("try")
    with pytest.raises(RefError, match="not in the history"):
        t.annotate(elsewhere.hash, SKIP)


def test_a_selection_of_thousands_is_one_operation(t):
    for number in range(1_500):
        t.user(f"turn {number}")
    log = t.log().to_frame()
    mark = t.annotate(log[log.index % 2 == 0], SKIP)
    assert len(mark.targets) == 750
    assert len(texts(t)) == 750
