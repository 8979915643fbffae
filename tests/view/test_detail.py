"""Detail: what is said of one commit, and what an action would do."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.core.stories import cover, merge
from tract_nb import Tract
from tract_nb.errors import ContentError, RefError
from tract_nb.view import actions, words
from tract_nb.view.detail import FIRST, Detail
from tract_nb.view.words import Piece


def facts(detail: Detail) -> dict[str, str]:
    return {fact.name: fact.text for fact in detail.facts}


def links(detail: Detail, name: str) -> list[str]:
    return [link.commit for fact in detail.facts if fact.name == name for link in fact.links]


def test_a_call_and_its_result_name_each_other(t):
    call = t.tool_call("Read", {"path": "a"})
    result = t.tool_result(call.content.call_id, "text", "error")
    dag = t.dag()
    assert links(dag.detail(call.hash), "result") == [result.short]
    shown = dag.detail(result.hash)
    assert links(shown, "answers") == [call.short]
    assert (shown.title, shown.form, facts(shown)["status"]) == ("Read result", "code", "error")


def test_tokens_share_and_why_it_is_not_sent(t):
    first = t.user("one two three")
    t.reasoning("hm")
    share = t.dag().detail(first.hash).share
    assert share is not None
    assert 50 < share <= 100
    t.annotate(first.hash, "SKIP")
    shown = t.dag().detail(first.hash)
    assert (shown.share, shown.standing) == (None, "skipped, not sent")
    assert t.dag().detail("HEAD").unit == ""  # a MARK
    assert t.dag().detail("HEAD~0").standing == ""


def test_a_long_text_comes_in_parts(t):
    text = "ab" * 400_000
    long = t.user(text)
    dag = t.dag()
    shown = dag.detail(long.hash)
    assert shown.characters == len(text)
    assert shown.text == text[:FIRST]
    assert dag.text(long.hash, FIRST, 10) == text[FIRST : FIRST + 10]
    assert dag.text(long.hash, len(text) + 5) == ""


def test_edits_say_which_words_changed_newest_first(t):
    unit = t.user("one two three")
    first = t.edit(unit.hash, "one 2 three")
    second = t.edit(unit.hash, "one 2 four")
    shown = t.dag().detail(unit.hash)
    assert shown.text == "one 2 four"
    assert [change.commit for change in shown.changes] == [second.short, first.short]
    assert shown.changes[1].pieces == (
        Piece("same", "one "),
        Piece("out", "two"),
        Piece("in", "2"),
        Piece("same", " three"),
    )
    of_edit = t.dag().detail(first.hash)
    assert [change.commit for change in of_edit.changes] == [first.short]
    assert of_edit.unit == unit.short
    assert links(of_edit, "edits") == [unit.short]


def test_an_edit_on_another_branch_is_not_this_ones(t):
    unit = t.user("one")
    t.branch("side")
    t.edit(unit.hash, "main's")
    t.switch("side")
    theirs = t.edit(unit.hash, "side's")
    (change,) = t.dag().detail(theirs.hash).changes
    assert [piece.text for piece in change.pieces if piece.kind == "out"] == ["one"]


def test_annotations_say_who_when_and_why(t):
    unit = t.user("one")
    t.annotate(unit.hash, "PINNED", reason="the plan")
    t.annotate(unit.hash, "NORMAL")
    marked = [fact.text for fact in t.dag().detail(unit.hash).facts if fact.name == "marked"]
    assert marked == ["normal, by user, 09:00", "pinned, by user, 09:00: the plan"]


def test_where_it_comes_from(t):
    hashes = [t.user("one", key="k", message="why", metadata={"a": 1}).hash, t.user("two").hash]
    t.assistant("three", generation_config={"model": "gpt-4o", "temperature": 0.5})
    t.record_usage({"input_tokens": 1_500, "output_tokens": 20, "cache_read_input_tokens": 0}, "HEAD")
    reply = facts(t.dag().detail("HEAD"))
    assert reply["config"] == "gpt-4o, temperature 0.5"
    assert reply["usage"] == "1.5k in, 20 out"
    first = facts(t.dag().detail(hashes[0]))
    assert (first["key"], first["message"], first["metadata"]) == ("k", "why", '{"a":1}')
    summary = cover(t, hashes, "both")
    assert facts(t.dag().detail(summary))["stands for"] == "2 commits, 2 tokens"
    assert links(t.dag().detail(hashes[0]), "covered by") == [summary[:12]]


def test_a_compression_says_how_it_was_made(t):
    for number in range(14):
        t.user(f"turn {number}")
    t.compress(content="They counted.", instructions="be short")
    summary = t.log(kind="summary")[0].commit
    said = facts(t.dag().detail(summary))
    assert said["made by"] == "compress, text, approved by user"
    assert said["instructions"] == "be short"
    assert "metadata" not in said


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("a b", "a b"),
        ("", "new"),
        ("old", ""),
        ("a b c d", "a x c y"),
        ("same  spaces\n", "same\n"),
    ],
)
def test_a_difference_holds_both_texts_whole(before, after):
    pieces = words.difference(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "in") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "out") == after
    assert all(one.kind != other.kind for one, other in pairwise(pieces))


def test_very_long_texts_differ_in_one_piece_each():
    pieces = words.difference("a " * 9_000 + "end", "b " * 9_000 + "end")
    assert [piece.kind for piece in pieces] == ["out", "in", "same"]


# -- what an action would do ----------------------------------------------------------------------


def line(t: Tract, action: str, *commits: str, name: str = "") -> actions.Outcome:
    return actions.outcome(t._ws, action, list(commits), name)


def test_each_action_has_its_line_of_python_and_the_line_does_it(t):
    first = t.user("one")
    t.user("two")
    for action, name in (("branch", 'a"b'), ("tag", "here"), ("checkout", ""), ("diff", "")):
        assert eval(line(t, action, first.hash, name=name).code, {"t": t}) is not None  # noqa: S307
    assert t.branch_name == 'a"b', "a branch stands there: HEAD is on it, not detached"
    assert 'a"b' in t.branches().to_frame()["branch"].to_list()


def test_a_reset_says_what_leaves_and_asks_first(t):
    first = t.user("one")
    t.user("two")
    t.assistant("three")
    found = line(t, "reset", first.hash)
    assert found.code == f't.reset("{first.short}")'
    assert found.asks == f"Reset main to {first.hash[:8]}?"
    assert found.says.startswith("2 commits, 2 tokens leave main.")
    assert found.after == t.compile(first.hash).token_count
    assert found.before == t.compile().token_count


def test_undo_says_what_it_takes_back_and_the_size_then(t):
    t.user("one")
    before = t.compile().token_count
    t.user("two")
    found = line(t, "undo")
    assert (found.code, found.says, found.after) == ("t.undo()", "Takes back commit.", before)
    assert actions.undoable(t._ws) == ("commit", "")
    t.undo()
    assert actions.undoable(t._ws) == ("commit", "commit")
    assert line(t, "redo").after == found.before


def test_checking_out_a_tip_is_standing_on_its_branch(t):
    t.user("one")
    t.branch("side")
    t.user("two")
    assert line(t, "checkout", "side").code == 't.checkout("side")'
    assert "detached" not in line(t, "checkout", "side").says


@pytest.mark.parametrize("action", ["branch", "tag", "checkout", "reset", "diff"])
def test_an_action_on_the_wrong_number_of_commits_is_refused(t, action):
    t.user("one")
    with pytest.raises(ContentError):
        line(t, action)


def test_nothing_to_undo_is_said(t):
    with pytest.raises(RefError):
        line(t, "undo")


def test_a_merge_says_what_it_brought(t):
    t.user("root")
    t.branch("side")
    t.user("main")
    t.switch("side")
    tip = t.user("side")
    t.switch("main")
    merged = merge(t, "side")
    assert links(t.dag().detail(merged), "brought") == [tip.short]
