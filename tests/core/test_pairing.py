"""Pairing: whatever was skipped, edited, covered or answered twice, a provider accepts what compiles."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.helpers import frozen
from tests.core.providers_check import check_compiled
from tests.core.stories import cover, play, stories
from tract_nb import PINNED, SKIP, Tract


def openai(t):
    return t.compile().to_openai()


def warned(t):
    return " | ".join(t.compile().warnings)


def test_a_call_without_a_result_is_answered_as_an_error_and_listed(t):
    call = t.tool_call("read", {"path": "a"}, "c1")
    t.user("Never mind.")
    said = openai(t)
    assert [message["role"] for message in said] == ["assistant", "tool", "user"]
    assert said[1]["content"] == "[no result recorded]"
    block = t.compile().to_anthropic()["messages"][2]["content"][0]
    assert block == {
        "type": "tool_result",
        "tool_use_id": "c1",
        "content": "[no result recorded]",
        "is_error": True,
    }
    assert call.hash[:8] in warned(t)


def test_a_late_result_stands_right_after_its_call(t):
    t.tool_call("read", {"path": "a"}, "c1")
    t.user("And?")
    t.assistant("Wait.")
    t.tool_result("c1", "text")
    assert [message["role"] for message in openai(t)] == ["assistant", "tool", "user", "assistant"]
    assert openai(t)[1]["content"] == "text"
    check_compiled(t.compile())


def test_results_in_another_order_stand_in_the_order_of_their_calls(t):
    t.user("Go")
    for name in ("c1", "c2", "c3"):
        t.tool_call("read", {"path": name}, name)
    for name in ("c3", "c1", "c2"):
        t.tool_result(name, f"of {name}")
    assert [message["content"] for message in openai(t)[2:]] == ["of c1", "of c2", "of c3"]
    assert t.compile().warnings == ()


def test_two_results_of_one_call_are_joined_and_listed(t):
    call = t.tool_call("read", {"path": "a"}, "c1")
    t.tool_result("c1", "one")
    t.tool_result("c1", "two", status="error")
    assert openai(t)[1]["content"] == "one\n\ntwo"
    assert t.compile().to_dicts()[1]["is_error"] is True
    assert call.hash[:8] in warned(t)
    assert "2 results" in warned(t)
    check_compiled(t.compile())


def test_a_result_without_a_call_becomes_a_users_text(t):
    t.tool_result("never", "text")
    (message,) = openai(t)
    assert message["role"] == "user"
    assert "its call is not in this context" in message["content"]
    assert message["content"].endswith("text")


def test_a_result_without_a_call_is_listed(t):
    result = t.tool_result("never", "text")
    assert result.hash[:8] in warned(t)


def test_a_late_result_is_listed(t):
    t.tool_call("read", {"path": "a"}, "c1")
    t.user("And?")
    result = t.tool_result("c1", "text")
    assert result.hash[:8] in warned(t)


def test_blank_texts_are_left_out_and_listed(t):
    t.user("Hi")
    blank = t.assistant(" \n")
    t.user("Hello?")
    assert [message["content"] for message in openai(t)] == ["Hi", "Hello?"]
    assert blank.hash[:8] in warned(t)
    assert len(t.compile().to_anthropic()["messages"]) == 1


def test_illegal_ids_and_names_are_rewritten_and_listed(t):
    t.tool_call("list issues.v2", {"a": 1}, "call:1/ü")
    t.tool_result("call:1/ü", "text")
    call = openai(t)[0]["tool_calls"][0]
    assert (call["function"]["name"], call["id"]) == ("list_issues_v2", "call_1_")
    assert "call:1/ü" in warned(t)
    assert "list issues.v2" in warned(t)


def test_repeated_ids_are_told_apart_and_listed(t):
    for number in range(3):
        t.tool_call("read", {"n": number}, "same")
        t.tool_result("same", f"result {number}")
    said = openai(t)
    assert len({message["tool_call_id"] for message in said if message["role"] == "tool"}) == 3
    assert [message["content"] for message in said[1::2]] == ["result 0", "result 1", "result 2"]
    assert "'same'" in warned(t)
    check_compiled(t.compile())


def test_long_ids_that_begin_alike_stay_different(t):
    for end in "abc":
        t.tool_call("read", {}, "x" * 60 + end)
        t.tool_result("x" * 60 + end, end)
    ids = [message["tool_call_id"] for message in openai(t)[1::2]]
    assert len(set(ids)) == 3
    assert [message["content"] for message in openai(t)[1::2]] == ["a", "b", "c"]
    check_compiled(t.compile())


@pytest.mark.parametrize(
    ("text", "sent"), [("[1]", {"input": [1]}), ("half {", {"input": "half {"}), ("", {})]
)
def test_arguments_that_are_no_object_are_sent_as_one(t, text, sent):
    t.tool_call("read", text, "c1")
    assert t.compile().to_dicts()[0]["tool_calls"][0]["arguments"] == sent
    assert ("no JSON object" in warned(t)) == (text != "")
    check_compiled(t.compile())


def test_a_pair_is_never_made_by_its_id_alone(t):
    first = t.tool_call("read", {"n": 1}, "same")
    t.tool_result("same", "of the first")
    t.tool_call("read", {"n": 2}, "same")
    t.tool_result("same", "of the second")
    t.annotate(first.hash, SKIP)
    assert [message.get("content") for message in openai(t)] == [None, "of the second"]


def test_a_result_keeps_its_call_when_an_edit_changes_its_text(t):
    t.user("Go")
    t.tool_call("read", {"n": 1}, "c1")
    result = t.tool_result("c1", "long")
    t.edit(result.hash, "short")
    assert openai(t)[2]["content"] == "short"
    assert t.compile().warnings == ()


def test_a_covered_pair_leaves_no_half(t):
    t.user("Read a.")
    call = t.tool_call("read", {"path": "a"}, "c1")
    result = t.tool_result("c1", "text")
    t.assistant("Done.")
    cover(t, [call.hash, result.hash], "It was read.")
    assert [message["content"] for message in openai(t)] == ["Read a.", "It was read.", "Done."]
    t.annotate(result.hash, PINNED)
    assert [message["content"] for message in openai(t)] == ["Read a.", "It was read.", None, "text", "Done."]
    check_compiled(t.compile())


def test_an_instruction_between_a_call_and_its_result_parts_nothing(t):
    t.user("Read a.")
    t.tool_call("read", {"path": "a"}, "c1")
    t.system("Be brief.")
    t.tool_result("c1", "text")
    check_compiled(t.compile())
    assert [message["role"] for message in openai(t)] == ["user", "assistant", "tool", "system"]


@settings(max_examples=200)
@given(stories, st.booleans())
def test_every_story_compiles_for_both_providers(story, reasoning):
    tract = Tract.open(clock=frozen)
    try:
        for step in story:
            play(tract, step)
        context = tract.compile(include_reasoning=reasoning)
        check_compiled(context)
        listed = " | ".join(context.warnings)
        results = {message.call for message in context.messages if message.is_result}
        known = {tract.show(row[0]).targets[0] for row in tract.log(all=True) if _answers(tract, row)}
        for message in context.messages:
            if message.is_call and message.identity not in known:
                assert f"the call {message.commit[:8]}" in listed
            if message.is_call and message.identity not in results and message.identity in known:
                assert "[result left out]" in str(context.to_openai())
            if not message.is_call and not message.is_result and not message.text.strip():
                assert message.commit[:8] in listed
    finally:
        tract.close()


def _answers(tract, row):
    return row[4] == "tool_io" and row[5] == "tool" and bool(tract.show(row[0]).targets)


@settings(max_examples=60)
@given(stories)
def test_every_state_of_a_story_compiles_for_both_providers(story):
    tract = Tract.open(clock=frozen)
    try:
        for step in story:
            play(tract, step)
            check_compiled(tract.compile(), types=False)
    finally:
        tract.close()
