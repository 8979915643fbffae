"""Compile: what a model is sent, in each provider's format, and that it depends on one commit alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from tests.core.helpers import texts
from tests.core.providers_check import check_anthropic, check_compiled, check_openai, check_types
from tract_nb import IMPORTANT, SKIP, Artifact, Freeform, Output, SessionNote, Tract


@pytest.fixture
def talk(t):
    t.system("Be brief.")
    t.user("What is in a?", name="Ann Lee")
    t.reasoning("I should read it.")
    t.assistant("I look.")
    t.tool_call("read", {"path": "a"}, "c1")
    t.tool_call("read", {"path": "b"}, "c2")
    t.tool_result("c2", {"lines": 2})
    t.tool_result("c1", "no such file", status="error")
    t.assistant("Two lines in b.  \n")
    return t


def test_openai_gets_text_and_calls_in_one_message(talk):
    said = talk.compile().to_openai()
    assert said == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is in a?", "name": "Ann_Lee"},
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "read", "arguments": '{"path":"a"}'}},
                {"id": "c2", "type": "function", "function": {"name": "read", "arguments": '{"path":"b"}'}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "no such file"},
        {"role": "tool", "tool_call_id": "c2", "content": '{"lines":2}'},
        {"role": "assistant", "content": "Two lines in b.  \n"},
    ]
    check_compiled(talk.compile())


def test_anthropic_gets_system_apart_and_results_first(talk):
    talk.user("Thanks.")
    request = talk.compile().to_anthropic()
    assert request["system"] == [{"type": "text", "text": "Be brief."}]
    assert [message["role"] for message in request["messages"]] == ["user", "assistant"] * 2 + ["user"]
    assert request["messages"][0]["content"] == [{"type": "text", "text": "Ann Lee: What is in a?"}]
    assert [block["type"] for block in request["messages"][1]["content"]] == ["text", "tool_use", "tool_use"]
    assert request["messages"][2]["content"] == [
        {"type": "tool_result", "tool_use_id": "c1", "content": "no such file", "is_error": True},
        {"type": "tool_result", "tool_use_id": "c2", "content": '{"lines":2}'},
    ]
    check_compiled(talk.compile())


def test_a_final_assistant_text_ends_in_no_white_space_for_anthropic(talk):
    assert talk.compile().to_anthropic()["messages"][-1]["content"][-1]["text"] == "Two lines in b."
    assert texts(talk)[-1] == "Two lines in b.  \n"


def test_plain_dicts_carry_calls_and_results(talk):
    said = talk.compile().to_dicts()
    assert said[2]["tool_calls"][0] == {"id": "c1", "name": "read", "arguments": {"path": "a"}}
    assert said[3] == {
        "role": "tool",
        "tool_call_id": "c1",
        "name": "read",
        "content": "no such file",
        "is_error": True,
    }
    assert json.loads(json.dumps(said)) == said


def test_the_text_and_the_frame_say_what_the_messages_say(talk):
    context = talk.compile()
    frame = context.to_frame()
    assert list(frame.columns) == ["commit", "role", "type", "name", "tokens", "priority", "time", "text"]
    assert list(frame.text) == [message.text for message in context.messages]
    assert all(message.text in context.to_text() for message in context.messages)
    assert [digest[:12] for digest in context.commit_hashes] == list(frame.commit)


def test_generation_configs_stand_beside_their_messages(t):
    t.user("Hi")
    t.assistant("Hello", generation_config={"temperature": 0.5})
    assert t.compile().generation_configs == (None, {"temperature": 0.5})


def test_messages_are_a_sequence_with_short_reprs(talk):
    messages = talk.compile().messages
    assert len(messages) == 8
    assert messages[-1].text == "Two lines in b.  \n"
    assert [message.role for message in messages[1:3]] == ["user", "assistant"]
    assert messages == list(talk.compile().messages)
    with pytest.raises(IndexError):
        messages[99]
    assert len(repr(messages[0])) < 120
    assert repr(talk.compile()).startswith("<CompiledContext of 8 messages")


@pytest.mark.parametrize(
    "only", ["nothing", "system", "assistant", "blank", "a call", "a result", "a session"]
)
def test_both_providers_accept_a_context_of_one_unit_or_none(t, only):
    {
        "nothing": lambda: None,
        "system": lambda: t.system("Be brief."),
        "assistant": lambda: t.assistant("Hello "),
        "blank": lambda: t.user(" \n"),
        "a call": lambda: t.tool_call("read", {"path": "a"}),
        "a result": lambda: t.tool_result("never", "text"),
        "a session": lambda: t.commit(SessionNote(kind="start", summary="Go on")),
    }[only]()
    check_compiled(t.compile())
    request = t.compile().to_anthropic()
    if only != "a result":
        assert request["messages"][0]["content"][0]["text"] == "[the conversation starts here]"


def test_every_content_type_compiles_for_both_providers(t):
    t.system("Be brief.")
    for content in (
        Artifact(kind="file", content="x = 1", language="python"),
        Artifact(kind="image", content="QUJD", language="image/png"),
        Output(text="# Done", format="markdown"),
        Freeform(payload={"b": [1, None], "a": "ü"}),
        Freeform(payload=None),
        Freeform(),
        SessionNote(kind="checkpoint", decisions=("SQLite",), failed_approaches=("files",)),
    ):
        t.commit(content)
    context = t.compile()
    check_compiled(context)
    assert '{"a":"ü","b":[1,null]}' in context.to_text()
    assert "Decisions:\n- SQLite" in context.to_text()


def test_a_compiled_context_never_changes(talk):
    context = talk.compile()
    said = json.dumps([context.to_openai(), context.to_anthropic(), context.to_dicts(), context.to_text()])
    talk.annotate(["HEAD", "HEAD~3"], SKIP)
    talk.edit("HEAD~1", "changed")
    talk.user("more")
    talk.undo()
    again = [context.to_openai(), context.to_anthropic(), context.to_dicts(), context.to_text()]
    assert json.dumps(again) == said


def test_compile_depends_on_one_commit_alone(tmp_path, opened):
    tract = opened(tmp_path / "work.db")
    tract.system("Be brief.")
    unit = tract.user("Helo")
    tract.edit(unit.hash, "Hello")
    tract.annotate(unit.hash, IMPORTANT)
    head = tract.show("HEAD").hash
    said = tract.compile(head).to_openai()
    tract.branch("try")
    tract.edit(unit.hash, "Hello from main")
    tract.annotate(unit.hash, SKIP)
    tract.switch("try")
    tract.user("on try")
    assert tract.compile(head).to_openai() == said
    assert opened(tmp_path / "work.db", branch="main").compile(head).to_openai() == said
    assert tract.compile("main").to_openai() != said


def test_a_handle_that_is_opened_later_compiles_the_same(tmp_path, opened):
    tract = opened(tmp_path / "work.db")
    for number in range(40):
        tract.user(f"turn {number}")
        if number % 7 == 3:
            tract.annotate(f"HEAD~{number % 4}", SKIP)
        if number % 5 == 2:
            tract.edit("HEAD~1", f"turn {number} mended")
    for at in ("HEAD", "HEAD~5", "HEAD@{9}", "HEAD~20"):
        cold = opened(tmp_path / "work.db").compile(at)
        warm = tract.compile(at)
        assert warm.to_openai() == cold.to_openai()
        assert warm.token_count == cold.token_count


def test_compile_reads_in_a_few_statements_however_long_the_history(t):
    def statements(number: int) -> int:
        while t.status().commits < number:
            t.user(f"turn {t.status().commits}")
        seen: list[str] = []
        t._ws.db.connection.set_trace_callback(seen.append)
        t.compile().to_openai()
        t._ws.db.connection.set_trace_callback(None)
        return len(seen)

    assert statements(5) == statements(150) < 20


def test_the_checker_of_openai_finds_faults():
    call: dict[str, Any] = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    asked: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [call]}
    answer = {"role": "tool", "tool_call_id": "a", "content": ""}
    check_openai([asked, answer])
    faults: list[list[dict[str, Any]]] = [
        [asked],
        [answer],
        [asked, answer, answer],
        [asked, {"role": "user", "content": "x"}, answer],
        [asked, answer, asked, answer],
        [{"role": "user", "content": " "}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": "x", "name": "a b"}],
        [{**asked, "tool_calls": [{**call, "id": "a b"}]}, {**answer, "tool_call_id": "a b"}],
        [{**asked, "tool_calls": [{**call, "function": {"name": "f g", "arguments": "{}"}}]}, answer],
        [{**asked, "tool_calls": [{**call, "function": {"name": "f", "arguments": "[]"}}]}, answer],
        [{**asked, "tool_calls": []}],
    ]
    for wrong in faults:
        with pytest.raises(AssertionError):
            check_openai(wrong)


def test_the_checker_of_anthropic_finds_faults():
    def message(role, *blocks):
        return {"role": role, "content": list(blocks)}

    said = {"type": "text", "text": "x"}
    use = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "a", "content": ""}
    good = [message("user", said), message("assistant", use), message("user", result, said)]
    check_anthropic({"messages": good})
    for wrong in (
        [],
        good[:2],
        good[1:],
        [good[0], message("assistant", use), message("user", said, result)],
        [good[0], message("assistant", use), message("user", said)],
        [good[0], message("assistant", use), message("user", result, result)],
        [good[0], message("assistant", use, said), message("user", result)],
        [good[0], good[0]],
        [message("user")],
        [message("user", {"type": "text", "text": " "})],
        [good[0], message("assistant", {"type": "text", "text": "x "})],
        [*good, message("assistant", use), message("user", result)],
        [good[0], message("assistant", use), message("user", {**result, "is_error": True})],
    ):
        with pytest.raises(AssertionError):
            check_anthropic({"messages": wrong})


def test_the_providers_types_find_faults():
    for openai, anthropic in (
        ([{"role": "tool", "content": "x"}], {"messages": []}),
        ([{"role": "assistant", "tool_calls": [{"id": "a", "type": "function"}]}], {"messages": []}),
        ([], {"messages": [{"role": "narrator", "content": "x"}]}),
        ([], {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}),
        ([], {"messages": [], "system": [{"type": "text"}]}),
    ):
        with pytest.raises(ValidationError):
            check_types(openai, anthropic)


def statements(tract: Tract, look: Callable[[], Any]) -> list[str]:
    """Return the statements that a look takes, but for those of its transaction."""
    said: list[str] = []
    tract.database.connection.set_trace_callback(said.append)
    look()
    tract.database.connection.set_trace_callback(None)
    return [one for one in said if one not in ("BEGIN", "COMMIT")]


def test_all_texts_of_a_long_context_are_read_by_one_statement_and_each_once():
    with Tract.open() as tract:
        wrote = [f"turn {number % 300}" for number in range(900)]  # the same text in several chunks
        with tract.batch():
            for text in wrote:
                tract.user(text)
        cold = Tract.on(tract.database).compile().messages
        assert len(statements(tract, lambda: cold[-1])) == 1  # a chunk
        read: list[str] = []
        assert len(statements(tract, lambda: read.extend(message.text for message in cold[100:800]))) == 1
        assert read == wrote[100:800]
        assert len(statements(tract, lambda: list(cold))) == 0  # every chunk has been looked at
        assert [message.text for message in cold] == wrote
        assert cold[900:] == []
        tract.edit("HEAD~5", "edited")
        wrote[-6] = "edited"
        assert [message.text for message in tract.compile().messages] == wrote
        other = Tract.on(tract.database).compile().messages
        assert len(statements(tract, lambda: read.extend(message.text for message in other))) == 1
        assert read[700:] == wrote
