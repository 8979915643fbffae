"""Commits: what each content type becomes, what is stored of it, and what no tract can hold."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import orjson
import pytest

from tests.core.helpers import NINE, run_python, texts, written
from tract_nb import (
    PINNED,
    SKIP,
    Artifact,
    BudgetError,
    ContentError,
    Dialogue,
    Freeform,
    Instruction,
    Output,
    Priority,
    Reasoning,
    SessionNote,
    TokenBudget,
    ToolIO,
    Tract,
    TractError,
    TractWarning,
)
from tract_nb.model.commit import Kind, to_us
from tract_nb.model.content import Content

CONTENTS: dict[str, tuple[Content, str, Priority, dict[str, Any]]] = {
    "instruction": (Instruction(text="Be brief."), "system", Priority.PINNED, {"text": "Be brief."}),
    "dialogue": (
        Dialogue(role="user", text="Hi"),
        "user",
        Priority.NORMAL,
        {"role": "user", "text": "Hi"},
    ),
    "tool_io": (
        ToolIO(direction="call", name="read", call_id="c1", arguments={"path": "a"}),
        "assistant",
        Priority.NORMAL,
        {"name": "read", "direction": "call", "call_id": "c1", "arguments": {"path": "a"}},
    ),
    "reasoning": (Reasoning(text="Hm."), "assistant", Priority.NORMAL, {"text": "Hm."}),
    "artifact": (
        Artifact(kind="file", content="x = 1"),
        "assistant",
        Priority.NORMAL,
        {"kind": "file", "content": "x = 1"},
    ),
    "output": (Output(text="42"), "assistant", Priority.NORMAL, {"text": "42"}),
    "freeform": (Freeform(payload=[1, "a"]), "assistant", Priority.NORMAL, {"payload": [1, "a"]}),
    "session": (
        SessionNote(kind="handoff", summary="Half done", next_steps=("test",)),
        "system",
        Priority.PINNED,
        {"kind": "handoff", "summary": "Half done", "next_steps": ["test"]},
    ),
}


def stored(tract: Tract, commit_hash: str) -> bytes:
    """Return the bytes that the store holds for a commit's content."""
    found = tract._ws.db.one(
        'SELECT data FROM blob WHERE id = (SELECT blob FROM "commit" WHERE hash = ?)',
        (bytes.fromhex(commit_hash),),
    )
    assert found is not None
    return bytes(found[0])


def documented_hash(
    kind: str, content: bytes | None, parents: list[str], targets: list[str], priority: str | None, us: int
) -> str:
    """Return a commit's hash as the design documents it."""
    digest = hashlib.sha256(content).hexdigest() if content is not None else None
    listed = ["tract1", kind, digest, parents, targets, priority, None, us]
    return hashlib.sha256(json.dumps(listed, separators=(",", ":")).encode()).hexdigest()


@pytest.mark.parametrize("name", CONTENTS)
def test_each_type_has_its_role_and_priority_at_birth(t, name):
    content, role, birth, _ = CONTENTS[name]
    commit = t.commit(content)
    assert (commit.type, commit.role, commit.priority, commit.kind) == (name, role, birth, Kind.APPEND)
    assert t.log()[0][7] == birth.name


@pytest.mark.parametrize("name", CONTENTS)
def test_what_is_stored_leaves_out_defaults(t, name):
    content, _, _, fields = CONTENTS[name]
    data = stored(t, t.commit(content).hash)
    assert data == orjson.dumps({"content_type": name, **fields}, option=orjson.OPT_SORT_KEYS)
    assert t.show("HEAD").content == content


def test_a_default_that_is_given_changes_no_hash(opened):
    one = opened().commit(Output(text="42"))
    other = opened().commit(Output(text="42", format="text"))
    assert one.hash == other.hash


@pytest.mark.parametrize("name", CONTENTS)
def test_a_dict_is_taken_for_the_type_it_names(opened, name):
    content, _, _, fields = CONTENTS[name]
    assert opened().commit({"content_type": name, **fields}).hash == opened().commit(content).hash


def test_a_text_is_what_the_user_says(t):
    assert t.commit("Hello").content == Dialogue(role="user", text="Hello")


def test_short_forms_commit_the_content_they_name(t):
    made = [
        t.system("a"),
        t.user("b", name="Ann"),
        t.assistant("c"),
        t.reasoning("d"),
        t.artifact("e", kind="file", language="python"),
        t.tool_call("read", {"path": "f"}, "c1"),
        t.tool_result("c1", "g"),
    ]
    assert [commit.type for commit in made] == [
        *("instruction", "dialogue", "dialogue", "reasoning", "artifact", "tool_io", "tool_io"),
    ]
    assert made[1].content.name == "Ann"


def test_reasoning_compiles_only_where_it_is_asked_for(t):
    t.user("Why?")
    t.reasoning("Because.")
    assert texts(t) == ["Why?"]
    assert [message.text for message in t.compile(include_reasoning=True).messages] == ["Why?", "Because."]


def test_the_priority_at_birth_can_be_chosen(t):
    t.user("secret", priority=SKIP)
    t.user("law", priority=PINNED)
    assert texts(t) == ["law"]
    assert [row[7] for row in t.log()] == ["PINNED", "SKIP"]


def test_an_image_is_never_sent_or_counted_as_base64(t):
    commit = t.artifact("QUJD" * 5_000, kind="image", language="image/png")
    (text,) = texts(t)
    assert "image/png" in text
    assert "15,000 bytes" in text
    assert "QUJD" not in text
    assert commit.tokens < 60


@pytest.mark.parametrize(
    "wrong",
    [
        {"content_type": "dialogue", "role": "user", "text": "Hi", "mood": "good"},
        {"content_type": "dialogue", "role": "user"},
        {"content_type": "dialogue", "role": "narrator", "text": "Hi"},
        {"content_type": "instruction", "text": 5},
        {"content_type": "poem", "text": "Hi"},
        {"text": "Hi"},
        {},
        5,
        None,
        ["Hi"],
    ],
)
def test_a_content_of_no_known_shape_is_refused_with_a_hint_and_writes_nothing(t, wrong):
    t.user("Hello")
    before = written(t)
    with pytest.raises(ContentError) as caught:
        t.commit(wrong)
    assert caught.value.hint
    assert written(t) == before
    t.user("goes on")
    assert texts(t) == ["Hello", "goes on"]


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -float("inf"), 2**64, -(2**63) - 1, {1: "a"}, {"a"}]
)
def test_a_value_that_json_has_no_word_for_is_refused_wherever_it_stands(t, value):
    before = written(t)
    for attempt in (
        lambda: t.commit(Freeform(payload=value)),
        lambda: t.commit(Freeform(payload={"deep": [1, {"er": value}]})),
        lambda: t.tool_call("read", {"argument": value}),
        lambda: t.tool_result("c1", [value]),
        lambda: t.user("Hi", metadata={"value": value}),
        lambda: t.user("Hi", generation_config={"temperature": value}),
    ):
        with pytest.raises(ContentError):
            attempt()
    assert written(t) == before
    assert texts(t) == []


def test_nesting_without_end_is_refused(t):
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    circular: list[Any] = []
    circular.append(circular)
    for value in (deep, circular):
        with pytest.raises(ContentError):
            t.commit(Freeform(payload=value))
    t.user("goes on")
    assert texts(t) == ["goes on"]


def test_a_time_is_no_json(t):
    with pytest.raises(ContentError):
        t.commit(Freeform(payload={"when": NINE}))


def test_the_largest_integers_survive(t):
    value = [2**64 - 1, -(2**63), 0, True, None, 1.5, "ü"]
    t.commit(Freeform(payload=value))
    assert t.show("HEAD").content.payload == value
    assert json.loads(texts(t)[0]) == value


def test_lone_surrogates_become_replacement_characters_and_are_reported(t):
    with pytest.warns(TractWarning, match="surrogates"):
        commit = t.user("a\ud800b \ud83d\ude00")
    assert commit.text == "a\ufffdb \U0001f600"
    assert texts(t) == ["a\ufffdb \U0001f600"]


NESTED = {
    "arguments": lambda t: t.tool_call("read", {"path": "a\ud800"}),
    "key": lambda t: t.tool_call("read", {"a\ud800": 1}),
    "output": lambda t: t.tool_result("c1", ["a\ud800"]),
    "payload": lambda t: t.commit(Freeform(payload={"a": "a\ud800"})),
}


@pytest.mark.parametrize("place", NESTED)
def test_a_nested_lone_surrogate_becomes_a_replacement_character_and_is_reported(t, place):
    with pytest.warns(TractWarning, match="surrogates"):
        NESTED[place](t)
    assert "a\ufffd" in texts(t)[0]


def test_an_edit_with_a_lone_surrogate_is_treated_like_a_commit_with_one(t):
    t.user("Hello")
    with pytest.warns(TractWarning, match="surrogates"):
        t.edit("HEAD", "a\ud800")
    before = written(t)
    with pytest.warns(TractWarning, match="surrogates"):
        t.edit("HEAD", "a\ud800")
    assert written(t) == before


def test_surrogates_in_what_hangs_on_a_commit_do_no_harm(t):
    t.user("Hello", message="a\ud800", metadata={"note": "b\ud800"}, generation_config={"stop": "c\ud800"})
    shown = t.show("HEAD")
    assert shown.message == "a\ufffd"
    assert shown.metadata == {"note": "b\ufffd"}
    assert shown.generation_config == {"stop": "c\ufffd"}


def test_a_key_with_a_lone_surrogate_does_no_harm(t):
    first = t.user("Hello", key="a\ud800")
    assert t.user("Hello", key="a\ud800").hash == first.hash


@pytest.mark.parametrize("wrong", [None, 5, ["Hi"], {"text": "Hi"}])
def test_a_short_form_with_no_text_is_an_error_for_a_person(t, wrong):
    with pytest.raises(TractError):
        t.user(wrong)


@pytest.mark.parametrize("wrong", ["URGENT", 7, -1])
def test_a_priority_that_does_not_exist_is_an_error_for_a_person(t, wrong):
    with pytest.raises(TractError):
        t.user("Hi", priority=wrong)


def test_special_tokens_are_plain_text(t):
    text = "<|endoftext|> and <|im_start|>"
    commit = t.user(text)
    assert texts(t) == [text]
    assert commit.tokens > 6


@pytest.mark.parametrize(
    "text", ["", " \n", "\0", "a\r\nb\u2028c", "e\u0301 é", "\ufeff", "🏳️‍🌈" * 3, "x" * 300_000]
)
def test_a_text_comes_back_as_it_was_given(t, text):
    commit = t.user(text)
    assert t.show(commit.hash).text == text
    assert t.show("HEAD").content == Dialogue(role="user", text=text)


def test_a_generated_call_id_is_unique_in_the_database(tmp_path, opened):
    ids = []
    for name in ("a", "b"):
        tract = opened(tmp_path / "work.db", name=name)
        ids += [tract.tool_call("read").content.call_id for _ in range(3)]
    assert len(set(ids)) == 6
    assert all(ids)


def test_a_result_takes_the_name_of_its_call_and_points_at_it(t):
    call = t.tool_call("read", {"path": "a"})
    result = t.tool_result(call.content.call_id, "text")
    assert result.content.name == "read"
    assert result.targets == (call.hash,)


def test_a_result_of_no_call_has_no_target(t):
    assert t.tool_result("never", "text").targets == ()


def test_a_repeated_id_answers_the_first_open_call_of_the_newest_run(t):
    old = t.tool_call("read", {"n": 1}, "same")
    t.user("again")
    first = t.tool_call("read", {"n": 2}, "same")
    second = t.tool_call("read", {"n": 3}, "same")
    answered = [t.tool_result("same", n).targets[0] for n in range(4)]
    assert answered == [first.hash, second.hash, old.hash, second.hash]


def test_a_commit_hash_is_that_of_the_documented_list(t):
    system = t.system("Be brief.")
    call = t.tool_call("read", {"b": 1, "a": [1.5, None, "ü"]}, "c1")
    result = t.tool_result("c1", "text")
    edit = t.edit(system.hash, "Be very brief.")
    mark = t.annotate(result.hash, SKIP)
    parents: list[str] = []
    told = [
        (system, "APPEND", b'{"content_type":"instruction","text":"Be brief."}', [], "PINNED"),
        (
            call,
            "APPEND",
            '{"arguments":{"a":[1.5,null,"ü"],"b":1},"call_id":"c1","content_type":"tool_io",'
            '"direction":"call","name":"read"}'.encode(),
            [],
            "NORMAL",
        ),
        (
            result,
            "APPEND",
            b'{"call_id":"c1","content_type":"tool_io","direction":"result","name":"read","output":"text"}',
            [call.hash],
            "NORMAL",
        ),
        (edit, "EDIT", b'{"content_type":"instruction","text":"Be very brief."}', [system.hash], None),
        (mark, "MARK", None, [result.hash], "SKIP"),
    ]
    for commit, kind, content, targets, priority in told:
        us = to_us(commit.time)
        assert commit.hash == documented_hash(kind, content, parents, targets, priority, us)
        parents = [commit.hash]


def test_what_stands_outside_the_hash_does_not_change_it(opened):
    plain = opened().user("Hello")
    told = opened().user("Hello", message="why", metadata={"a": 1}, generation_config={"t": 1}, key="k")
    assert plain.hash == told.hash
    assert (told.message, told.metadata, told.generation_config, told.key) == ("why", {"a": 1}, {"t": 1}, "k")


STORY = """
import sys
from tract_nb import Tract
t = Tract.open()
t.system("Be brief."); t.user("Hi"); t.tool_call("read", {"path": "a"}); t.tool_result("x", [1, {"b": 2}])
t.edit("HEAD~2", "Hello"); t.annotate("HEAD", "SKIP"); t.branch("try"); t.switch("try"); t.assistant("Yes")
print("\\n".join(row[0] for row in t.log(all=True)))
"""


def test_a_frozen_clock_gives_the_same_hashes_in_every_process(monkeypatch):
    monkeypatch.setenv("TRACT_NB_CLOCK", "2026-04-01T09:00:00Z")
    first, second = run_python(STORY), run_python(STORY)
    assert len(first.split()) == 7
    assert first == second


def test_a_frozen_clock_still_ticks(t):
    times = [t.user("same").time for _ in range(5)]
    assert times == sorted(set(times))
    assert times[0] == NINE
    assert len({row[0] for row in t.log()}) == 5


def test_author_times_rise_over_all_tracts_of_a_database(tmp_path, opened):
    one, other = opened(tmp_path / "work.db", name="a"), opened(tmp_path / "work.db", name="b")
    times = [tract.user("same").time for tract in (one, other, one, other)]
    assert times == sorted(set(times))


def test_a_clock_that_goes_back_is_held_up(opened):
    moments = iter([NINE, NINE.replace(hour=8), NINE.replace(hour=7), *[NINE.replace(hour=6)] * 20])
    tract = opened(clock=lambda: next(moments))
    times = [tract.user("Hi").time for _ in range(3)]
    assert times == sorted(set(times))


def test_a_clock_variable_that_is_no_time_is_an_error_for_a_person(opened, monkeypatch):
    tract = opened(clock=None)
    monkeypatch.setenv("TRACT_NB_CLOCK", "noon")
    with pytest.raises(TractError, match="noon"):
        tract.user("Hi")
    monkeypatch.delenv("TRACT_NB_CLOCK")
    tract.user("Hi")
    assert texts(tract) == ["Hi"]


def test_the_same_text_twice_is_two_units_and_one_blob(t):
    t.user("Hello")
    t.user("Hello")
    assert texts(t) == ["Hello", "Hello"]
    assert written(t)["blob"] == 1


def test_the_same_key_and_text_writes_nothing(t):
    first = t.user("Hello", key="cell")
    t.assistant("Hi")
    before = written(t)
    assert t.user("Hello", key="cell").hash == first.hash
    assert written(t) == before


def test_the_same_key_with_another_text_edits_in_place(t):
    t.user("Helo", key="cell")
    t.assistant("Hi")
    edit = t.user("Hello", key="cell")
    assert edit.kind is Kind.EDIT
    assert texts(t) == ["Hello", "Hi"]


def test_a_later_edit_survives_a_cell_that_is_run_again(t):
    unit = t.user("Hello", key="cell")
    t.edit(unit.hash, "Hello, mended by hand")
    t.user("Hello", key="cell")
    assert texts(t) == ["Hello, mended by hand"]


def test_a_key_compares_with_what_it_wrote_last(t):
    unit = t.user("one", key="cell")
    t.user("two", key="cell")
    t.edit(unit.hash, "by hand")
    before = written(t)
    t.user("two", key="cell")
    assert written(t) == before
    assert texts(t) == ["by hand"]
    t.user("one", key="cell")
    assert texts(t) == ["one"]


def test_a_key_knows_only_its_own_history(t):
    t.user("root")
    t.branch("try")
    t.user("Hello", key="cell")
    t.switch("try")
    t.user("Hello", key="cell")
    assert texts(t) == ["root", "Hello"]
    t.user("Hello!", key="cell")
    t.switch("main")
    assert texts(t) == ["root", "Hello"]


def test_a_keyed_unit_that_is_undone_is_appended_again(t):
    t.user("Hello", key="cell")
    t.undo()
    t.user("Hello", key="cell")
    assert texts(t) == ["Hello"]


def test_an_edit_replaces_the_text_alone(t):
    call = t.tool_call("read", {"path": "a"}, "c1")
    result = t.tool_result("c1", "long output", status="error")
    t.user("Hello", name="Ann")
    t.edit(call.hash, '{"path": "b"}')
    t.edit(result.hash, "short")
    t.edit("HEAD", "mended")  # the tip is an EDIT: an edit of an edit means its unit
    t.edit(t.log(kind="append")[0][0], "Hi")
    call_message, result_message, said = t.compile().messages
    assert (call_message.name, call_message.call_id, call_message.arguments) == ("read", "c1", {"path": "b"})
    assert (result_message.text, result_message.status, result_message.call) == ("mended", "error", call.hash)
    assert (said.text, said.name, said.role) == ("Hi", "Ann", "user")


def test_an_edit_of_what_is_not_in_this_history_is_refused(t):
    t.user("root")
    t.branch("try")
    elsewhere = t.user("only on main")
    t.switch("try")
    before = written(t)
    with pytest.raises(TractError, match="not in the history"):
        t.edit(elsewhere.hash, "x")
    assert written(t) == before


def test_an_edit_to_the_same_text_writes_nothing(t):
    unit = t.user("Hello")
    before = written(t)
    assert t.edit("HEAD", "Hello").hash == unit.hash
    assert written(t) == before


def test_a_budget_that_rejects_leaves_nothing_behind(opened):
    tract = opened(token_budget=TokenBudget(20, "reject"))
    tract.user("Hello")
    before = written(tract)
    with pytest.raises(BudgetError, match="of a budget of 20"):
        tract.user("word " * 30)
    assert written(tract) == before
    tract.user("short")
    assert texts(tract) == ["Hello", "short"]


def test_what_is_skipped_does_not_count_against_the_budget(opened):
    tract = opened(token_budget=TokenBudget(40, "reject"))
    long = tract.user("word " * 25)
    tract.annotate(long.hash, SKIP)
    tract.user("word " * 25)
    with pytest.raises(BudgetError):
        tract.annotate(long.hash, "NORMAL")
    assert len(texts(tract)) == 1


def test_a_budgets_own_function_is_asked_and_may_refuse(opened):
    asked = []

    def ask(tokens: int, most: int) -> None:
        asked.append((tokens, most))
        if tokens > 60:
            raise RuntimeError("too much")

    tract = opened(token_budget=TokenBudget(20, ask))
    tract.user("word " * 30)
    with pytest.raises(RuntimeError, match="too much"):
        tract.user("word " * 40)
    assert [most for _, most in asked] == [20, 20]
    assert len(texts(tract)) == 1


def test_a_budgets_own_function_is_run_before_the_lock(opened):
    locked = []
    tract = opened(
        token_budget=TokenBudget(
            1, lambda tokens, most: locked.append(tract._ws.db.connection.in_transaction)
        )
    )
    tract.user("Hello")
    assert locked == [False]
