"""sync: a loop's own list of messages becomes history, and nothing of it twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.helpers import texts, written
from tract_nb import SKIP, BudgetError, ContentError, RefError, Tract
from tract_nb.model.budget import TokenBudget


def user(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **more}


SYSTEM = {"role": "system", "content": "Be brief."}
CALL = {"id": "c1", "type": "function", "function": {"name": "tide", "arguments": '{"place": "Brest"}'}}
OPENAI = [
    SYSTEM,
    user("When?"),
    assistant(None, tool_calls=[CALL], reasoning_content="A tool knows."),
    {"role": "tool", "tool_call_id": "c1", "content": "04:12"},
    assistant("At 04:12."),
]
PNG = "iVBORw0KGgo="
ANTHROPIC = [
    user([{"type": "text", "text": "When?"}]),
    assistant(
        [
            {"type": "thinking", "thinking": "A tool knows.", "signature": "x"},
            {"type": "redacted_thinking", "data": "x"},
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "c1", "name": "tide", "input": {"place": "Brest"}},
        ]
    ),
    user(
        [
            {
                "type": "tool_result",
                "tool_use_id": "c1",
                "is_error": True,
                "content": [
                    {"type": "text", "text": "no such place"},
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": PNG},
                    },
                ],
            },
            {"type": "text", "text": "Try again."},
        ]
    ),
]


@pytest.fixture
def t(monkeypatch):
    monkeypatch.setattr(Tract, "first", None)
    monkeypatch.setattr(Tract, "listener", None)
    with Tract.open() as made:
        yield made


def units(t: Any) -> list[tuple[str | None, str | None, str]]:
    return [(c.role, c.type, t.show(c.commit).text) for c in reversed(t.log())]


def test_an_openai_list_becomes_history_and_compiles_back(t):
    done = t.sync(OPENAI)
    assert units(t) == [
        ("system", "instruction", "Be brief."),
        ("user", "dialogue", "When?"),
        ("assistant", "reasoning", "A tool knows."),
        ("assistant", "tool_io", '{"place":"Brest"}'),
        ("tool", "tool_io", "04:12"),
        ("assistant", "dialogue", "At 04:12."),
    ]
    sent = t.compile().to_openai()
    assert [message["role"] for message in sent] == [m["role"] for m in OPENAI]
    assert sent[2]["tool_calls"][0]["id"] == "c1"
    assert t.compile().warnings == ()
    assert repr(done) == "<Synced: 6 new, 0 known, on main>"
    assert t.operations()[0].verb == "sync"
    t.undo()
    assert texts(t) == []


def test_an_anthropic_list_becomes_history(t):
    t.sync(ANTHROPIC, system=[{"type": "text", "text": "Be brief."}])
    assert [(role, kind) for role, kind, _ in units(t)] == [
        ("system", "instruction"),
        ("user", "dialogue"),
        ("assistant", "reasoning"),
        ("assistant", "dialogue"),
        ("assistant", "tool_io"),
        ("tool", "tool_io"),
        ("assistant", "artifact"),
        ("user", "dialogue"),
    ]
    assert t.show("HEAD~2").content.status == "error"
    assert t.show("HEAD~1").text.startswith("[image: image/png, 8 bytes")
    again = t.sync(ANTHROPIC, system="Be brief.")
    assert (again.known, again.commits) == (8, ())


@pytest.mark.parametrize("messages", [OPENAI, ANTHROPIC], ids=["openai", "anthropic"])
def test_only_the_new_tail_is_committed_and_the_same_list_writes_nothing(t, messages):
    for end in range(1, len(messages) + 1):
        t.sync(messages[:end])
        before = written(t)
        for earlier in range(end + 1):
            assert t.sync(messages[:earlier]).commits == ()
        assert written(t) == before
    whole = Tract.open()
    whole.sync(messages)
    assert units(t) == units(whole)
    assert [row.branch for row in t.branches()] == ["main"]


def test_a_loop_that_grows_its_list_is_followed(t):
    messages = [SYSTEM]
    for turn in range(5):
        messages.append(user(f"question {turn}"))
        assert len(t.sync(messages).commits) == (2 if turn == 0 else 1)
        messages.append(assistant(f"answer {turn}"))
        assert len(t.sync(messages).commits) == 1
    assert len(t.log()) == 11


def test_a_list_that_diverges_goes_on_as_a_branch_and_back(t):
    one = [SYSTEM, user("a"), assistant("b"), user("c"), assistant("d")]
    other = [SYSTEM, user("a"), assistant("b"), user("C"), assistant("D")]
    t.sync(one)
    done = t.sync(other)
    assert (done.branch, done.forked, done.known, len(done.commits)) == ("sync/1", "main", 3, 2)
    assert t.branch_name == "sync/1"
    assert texts(t) == ["Be brief.", "a", "b", "C", "D"]
    assert texts(t, "main") == ["Be brief.", "a", "b", "c", "d"]
    before = written(t)
    assert t.sync(other).commits == ()
    back = t.sync(one)
    assert (back.branch, back.forked, back.commits) == ("main", None, ())
    grown = t.sync([*other, user("e")])
    assert (grown.branch, grown.known, len(grown.commits)) == ("sync/1", 5, 1)
    assert written(t)["commit"] == before["commit"] + 1
    assert [row.branch for row in t.branches()] == ["main", "sync/1"]


def test_what_was_rewound_by_two_diverges_from_the_longest_history(t):
    t.sync([user("a"), assistant("b")])
    t.sync([user("a"), assistant("x"), user("y")])
    done = t.sync([user("a"), assistant("x"), user("z")])
    assert (done.forked, done.known, done.branch) == ("sync/1", 2, "sync/2")
    assert texts(t) == ["a", "x", "z"]


def test_another_conversation_has_a_root_of_its_own(t):
    t.sync([user("one"), assistant("1")])
    done = t.sync([user("two"), assistant("2")])
    assert (done.known, done.branch) == (0, "sync/1")
    assert texts(t) == ["two", "2"]
    assert texts(t, "main") == ["one", "1"]


def test_a_system_prompt_that_changes_is_edited_in_place(t):
    rest = [user("a"), assistant("b")]
    for day in ("Monday", "Tuesday", "Tuesday", "Monday"):
        t.sync([{"role": "developer", "content": f"It is {day}."}, *rest])
        assert texts(t) == [f"It is {day}.", "a", "b"]
    assert [row.kind for row in t.log()] == ["edit", "edit", "append", "append", "append"]
    assert [row.branch for row in t.branches()] == ["main"]


def test_what_was_done_here_meanwhile_is_no_difference(t):
    messages = [SYSTEM, user("a"), assistant("b"), user("c")]
    t.sync(messages)
    t.edit("HEAD", "edited")
    t.edit("HEAD~4", "Be kind.")
    t.annotate(t.log(role="assistant")[0].commit, SKIP)
    messages.append(assistant("d"))
    done = t.sync(messages)
    assert (len(done.commits), done.branch) == (1, "main")
    assert texts(t) == ["Be kind.", "a", "edited", "d"]


def test_what_another_handle_wrote_is_seen(t):
    messages = [user("a")]
    t.sync(messages)
    Tract.on(t.database).sync([*messages, assistant("b")])
    assert len(t.sync([*messages, assistant("b"), user("c")]).commits) == 1
    assert texts(t) == ["a", "b", "c"]


def test_it_goes_on_after_a_chat_of_the_tracts_own(t):
    t.system("Be kind.")
    t.user("a")
    t.assistant("b\n")
    t.reasoning("hm")
    done = t.sync([user("a"), assistant("b "), user("c")])
    assert (done.known, len(done.commits)) == (2, 1)


def test_objects_of_the_providers_libraries(t):
    from anthropic.types import Message as AnthropicMessage
    from openai.types.chat import ChatCompletionMessage

    said = ChatCompletionMessage.model_validate({"role": "assistant", "content": None, "tool_calls": [CALL]})
    t.sync([user("When?"), said])
    answer = AnthropicMessage.model_validate(
        {
            "id": "m",
            "type": "message",
            "model": "m",
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "c1", "name": "tide", "input": {"place": "Brest"}}],
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
    )
    done = t.sync([user("When?"), {"role": answer.role, "content": answer.content}])
    assert done.commits == ()


def test_odd_but_legal_parts(t):
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    far = {"type": "image_url", "image_url": {"url": "https://example.org/x.png"}}
    messages = [
        user([{"type": "text", "text": "see"}, {"type": "text", "text": "this"}, image, far, "and this"]),
        assistant([{"type": "refusal", "refusal": "No."}]),
        assistant("", function_call={"name": "old", "arguments": "{broken"}),
        {"role": "function", "name": "old", "content": None},
        assistant(None),
        user("big"),
        assistant(
            None,
            tool_calls=[{"id": "n", "function": {"name": "n", "arguments": {"n": 2**70, "x": float("nan")}}}],
        ),
        user("lone \ud800 half"),
    ]
    t.sync(messages)
    assert [text for _, _, text in units(t)] == [
        "see\nthis",
        t.show("HEAD~8").text,
        '{"image_url":{"url":"https://example.org/x.png"},"type":"image_url"}',
        "and this",
        "No.",
        "{broken",
        "",
        "big",
        '{"n":"1180591620717411303424","x":"nan"}',
        "lone \ufffd half",
    ]
    assert t.sync(messages).commits == ()
    assert t.verify().to_frame().empty


@pytest.mark.parametrize(
    "given",
    ["hi", b"hi", None, 3, {"role": "user"}, ["hi"], [{}], [{"role": "king", "content": "x"}], [None]],
)
def test_what_is_no_list_of_messages_is_told_and_writes_nothing(t, given):
    t.user("a")
    before = written(t)
    with pytest.raises(ContentError) as found:
        t.sync(given)
    assert found.value.hint
    assert written(t) == before
    with pytest.raises(ContentError, match="is no content"):
        t.sync([user("a"), {"role": "user", "content": 3}])
    assert written(t) == before


def test_nothing_to_bring_in_is_nothing(t):
    before = written(t)
    assert repr(t.sync([])) == "<Synced: 0 new, 0 known, on main>"
    t.sync([user("  "), assistant(None)])
    assert written(t) == before


def test_where_it_cannot_be_written_nothing_is(t):
    t.user("a")
    t.checkout(t.show().hash)
    with pytest.raises(RefError, match="HEAD is detached"):
        t.sync([user("a"), assistant("b")])
    t.switch("main")
    small = Tract.on(t.database, token_budget=TokenBudget(20, "reject"))
    before = written(t)
    with pytest.raises(BudgetError):
        small.sync([user("b"), assistant("word " * 100)])
    assert written(t) == before
    assert small.branch_name == "main"


def test_a_long_list(t):
    messages = [user(str(number)) for number in range(300)]
    t.sync(messages[:200])
    done = t.sync(messages)
    assert (done.known, len(done.commits)) == (200, 100)
    t.switch("main")
    forked = t.sync([*messages[:150], user("other")])
    assert (forked.known, texts(t)[-2:]) == (150, ["149", "other"])
