"""chat and generate: what is sent, what is committed, and that a failure commits nothing."""

from __future__ import annotations

import threading

import pytest

from tests.core.helpers import texts, written
from tests.llm.fakes import TOOL, Fake
from tract_nb import (
    PINNED,
    SKIP,
    BudgetError,
    Cancel,
    ContentError,
    HeadMovedError,
    RefError,
    Reply,
    Session,
    StoreError,
    TokenBudget,
    Tract,
    TractError,
)
from tract_nb.errors import CallCancelledError, ModelError
from tract_nb.model.event import Usage


def opened(*answers, **options) -> tuple[Tract, Fake]:
    fake = Fake(*answers)
    return Tract.open(model="gpt-4o", llm=fake, **options), fake


@pytest.fixture(autouse=True)
def _no_current_tract(monkeypatch):
    monkeypatch.setattr(Tract, "first", None)
    monkeypatch.setattr(Tract, "listener", None)


def test_a_chat_sends_the_context_and_commits_both_turns_as_one_operation():
    t, fake = opened("At noon.")
    t.system("Be brief.")
    answer = t.chat("When?", temperature=0.5, max_tokens=100)
    assert fake.asked() == [("system", "Be brief."), ("user", "When?")]
    assert fake.configs[-1] == {
        "model": "gpt-4o",
        "temperature": 0.5,
        "max_tokens": 100,
        "timeout": 120,
        "retries": 2,
    }
    assert texts(t) == ["Be brief.", "When?", "At noon."]
    assert t.operations()[0].verb == "chat"
    assert [commit.text for commit in answer.commits] == ["When?", "At noon."]
    reply = t.show()
    assert reply.hash == answer.commit.hash
    assert reply.generation_config == {"model": "gpt-4o", "temperature": 0.5, "max_tokens": 100}
    assert reply.metadata == {"reply": {"model": "m-1", "finish": "stop"}}
    assert (t.compile().token_count, t.compile().token_source) == (25, "api")
    t.undo()
    assert texts(t) == ["Be brief."]


def test_an_answer_shows_as_what_was_said():
    t, _ = opened(Reply("<b>$5</b>\nor so", TOOL, Usage(1200, 5, cached_tokens=800), 0.00123, "m-1", "stop"))
    answer = t.chat("How much?")
    assert str(answer) == '<b>$5</b>\nor so\n→ tide {"place":"Brest"}'
    assert repr(answer).splitlines() == [
        "<b>$5</b>",
        "or so",
        '→ tide {"place":"Brest"}',
        "(m-1 · 1,200 tokens in (800 cached), 5 out · $0.0012)",
    ]
    html = answer._repr_html_()
    assert "<b>$5" not in html
    assert "&lt;b&gt;<span>$</span>5" in html


def test_tool_calls_thoughts_and_results_go_round():
    t, fake = opened(Reply("Let me see.", TOOL, Usage(9, 9), reasoning="A tool will know."), "At 04:12.")
    tools = [{"type": "function", "function": {"name": "tide", "parameters": {"type": "object"}}}]
    answer = t.chat("When is high tide?", tools=tools)
    assert [(c.role, c.type) for c in answer.commits] == [
        ("user", "dialogue"),
        ("assistant", "reasoning"),
        ("assistant", "dialogue"),
        ("assistant", "tool_io"),
    ]
    assert answer.tool_calls == TOOL
    assert t.compile().token_source == "api"
    t.tool_result("call_1", "04:12")
    assert t.generate(tools=tools).text == "At 04:12."
    assert [message["role"] for message in fake.sent[-1]] == ["user", "assistant", "tool"]
    assert fake.sent[-1][1]["content"] == "Let me see."
    assert fake.sent[-1][1]["tool_calls"][0]["function"]["arguments"] == '{"place":"Brest"}'
    assert fake.configs[-1]["tools"] == tools
    assert t.compile().warnings == ()
    assert t.operations()[0].verb == "generate"


def test_thoughts_are_sent_where_they_are_asked_for():
    t, fake = opened("Fine.")
    t.user("hi")
    t.reasoning("It greets.")
    t.generate(include_reasoning=True)
    assert fake.asked() == [("user", "hi"), ("assistant", "It greets.")]


@pytest.mark.parametrize("failure", [ModelError("no"), KeyboardInterrupt(), CallCancelledError("stop")])
def test_a_failure_in_mid_stream_commits_nothing_and_the_handle_goes_on(failure):
    t, _ = opened(failure, "Now.")
    t.user("hi")
    before = written(t)
    pieces: list[str] = []
    with pytest.raises(type(failure)):
        t.chat("When?", on_text=pieces.append)
    assert pieces == ["half a w"]
    assert written(t) == before
    assert t.chat("When?").text == "Now."
    assert texts(t) == ["hi", "When?", "Now."]


def test_a_model_is_never_called_inside_a_batch_of_any_handle():
    t, fake = opened()
    other = Session.of(t).tract("other")
    t.user("hi")
    other.user("hi")
    for holder in (t, other):
        for call in (lambda: t.chat("x"), t.generate):
            with holder.batch(), pytest.raises(TractError, match="never called inside a batch"):
                call()
    assert fake.sent == []


def test_nothing_is_locked_while_the_model_answers():
    t, fake = opened()
    other = Session.of(t).tract("other")
    done = threading.Event()

    def write() -> None:
        other.user("meanwhile")
        t.log()
        done.set()

    def meanwhile() -> None:
        thread = threading.Thread(target=write)
        thread.start()
        assert done.wait(20)
        thread.join()

    fake.meanwhile = meanwhile
    t.chat("hi")
    assert (texts(t), texts(other)) == (["hi", "Fine."], ["meanwhile"])


@pytest.mark.parametrize("move", ["write", "write elsewhere", "switch", "undo", "reset"])
def test_a_branch_that_moved_meanwhile_keeps_the_reply_on_the_error(move):
    t, fake = opened("Dear answer.")
    t.user("one")
    t.user("two")
    t.branch("other")
    moves = {
        "write": lambda: t.user("new"),
        "write elsewhere": lambda: Tract.on(t.database).user("new"),
        "switch": lambda: t.switch("other"),
        "undo": lambda: (t.undo(), t.undo()),
        "reset": lambda: t.reset("HEAD~1"),
    }
    fake.meanwhile = moves[move]
    with pytest.raises(HeadMovedError) as found:
        t.chat("When?")
    assert found.value.reply.text == "Dear answer."
    assert ".reply" in found.value.hint
    fake.meanwhile = None
    t.refresh()
    assert "When?" not in texts(t)
    assert t.chat("And now?").text == "Dear answer."


def test_a_budget_that_rejects_does_so_before_the_call():
    t, fake = opened(token_budget=TokenBudget(30, "reject"))
    t.user("hi")
    with pytest.raises(BudgetError, match="The model was not called"):
        t.chat("word " * 100)
    assert fake.sent == []
    assert texts(t) == ["hi"]


def test_a_reply_beyond_the_budget_is_on_the_error():
    t, fake = opened("word " * 100, token_budget=TokenBudget(30, "reject"))
    with pytest.raises(BudgetError) as found:
        t.chat("hi")
    assert found.value.reply.text == "word " * 100
    assert (len(fake.sent), texts(t)) == (1, [])


def test_a_budgets_own_function_is_asked_before_the_call_and_outside_of_the_lock():
    asked: list[tuple[int, int]] = []

    def action(tokens: int, most: int) -> None:
        asked.append((tokens, most))
        raise ContentError("too dear")

    t, fake = opened(token_budget=TokenBudget(30, action))
    with pytest.raises(ContentError, match="too dear"):
        t.chat("word " * 100)
    assert (len(asked), fake.sent) == (1, [])


def test_a_budget_that_warns_warns_once_and_calls():
    t, _ = opened(token_budget=30)
    heard: list[str] = []
    Tract.listener = heard.append
    t.chat("word " * 100)
    assert len([text for text in heard if "over the budget" in text]) == 1


def test_the_tracts_own_compiler_makes_what_is_sent():
    t, fake = opened(compiler=lambda messages: list(messages)[-1:])
    t.system("Be brief.")
    t.chat("When?")
    assert fake.asked() == [("user", "When?")]
    assert texts(Tract.on(t.database)) == ["Be brief.", "When?", "Fine."]


def test_what_is_skipped_is_not_sent():
    t, fake = opened()
    t.annotate(t.user("my secret"), SKIP)
    t.system("Be kind.")
    t.generate()
    assert fake.asked() == [("system", "Be kind.")]


def test_what_cannot_be_asked_calls_nobody(tmp_path):
    t, fake = opened(url=tmp_path / "a.db")
    with pytest.raises(ContentError, match="nothing to send"):
        t.generate()
    with pytest.raises(ContentError, match="blank"):
        t.chat(" \n")
    t.user("hi")
    t.checkout(t.show().hash)
    with pytest.raises(RefError, match="HEAD is detached"):
        t.chat("hi")
    t.close()
    reading = Tract.open(tmp_path / "a.db", read_only=True, llm=fake)
    with pytest.raises(StoreError, match="read-only"):
        reading.chat("hi")
    nameless = Tract.open(llm=fake)
    with pytest.raises(TractError, match="No model is named"):
        nameless.chat("hi")
    assert fake.sent == []


def test_cancel_ends_what_is_under_way():
    t, fake = opened()
    seen: list[int] = []

    def meanwhile() -> None:
        other = threading.Thread(target=lambda: seen.append(t.cancel()))
        other.start()
        other.join()

    fake.meanwhile = meanwhile
    given = Cancel()
    t.chat("hi", cancel=given)
    assert given.asked
    assert seen == [1]
    assert t.cancel() == 0


# -- keys -----------------------------------------------------------------------------------------


def test_the_same_question_of_a_key_is_asked_once():
    t, fake = opened(Reply("At noon.", TOOL, Usage(7, 3), 0.5, "m-1", "stop"))
    first = t.chat("When?", key="cell")
    before = written(t)
    again = t.chat("When?", key="cell")
    assert len(fake.sent) == 1
    assert written(t) == before
    assert (again.text, again.tool_calls, again.usage, again.cost, again.model) == (
        "At noon.",
        TOOL,
        Usage(7, 3),
        0.5,
        "m-1",
    )
    assert again.commit.hash == first.commit.hash


def test_another_question_of_a_key_edits_both_in_place_in_the_context_it_stands_in():
    t, fake = opened("At noon.", "You are welcome.", "In Brest.")
    t.system("Be brief.")
    t.chat("When?", key="one")
    t.chat("Thank you.", key="two")
    t.chat("Where?", key="one")
    assert fake.asked() == [("system", "Be brief."), ("user", "Where?")]
    assert texts(t) == ["Be brief.", "Where?", "In Brest.", "Thank you.", "You are welcome."]
    t.undo()
    assert texts(t) == ["Be brief.", "When?", "At noon.", "Thank you.", "You are welcome."]


def test_an_edit_of_the_answer_survives_the_same_question():
    t, fake = opened("At noon.")
    answer = t.chat("When?", key="one")
    t.edit(answer.commit, "At twelve.")
    assert t.chat("When?", key="one").text == "At twelve."
    assert len(fake.sent) == 1


def test_a_question_whose_answer_was_taken_away_is_asked_again():
    t, fake = opened("At noon.", "At one.")
    answer = t.chat("When?", key="one")
    t.reset(answer.commits[0])
    assert t.chat("When?", key="one").text == "At one."
    assert fake.asked() == [("user", "When?")]
    assert texts(t) == ["When?", "At one."]


def test_a_question_that_cannot_be_replaced_calls_nobody():
    t, fake = opened(Reply("", TOOL), "Fine.")
    t.chat("When?", key="calls")
    with pytest.raises(ContentError, match="calls tools"):
        t.chat("Where?", key="calls")
    gone = t.chat("Why?", key="gone")
    t.annotate(gone.commits[0], SKIP)
    with pytest.raises(ContentError, match="not sent any more"):
        t.chat("Who?", key="gone")
    assert len(fake.sent) == 2


# -- settings -------------------------------------------------------------------------------------


def test_settings_of_tract_operation_and_call(monkeypatch):
    monkeypatch.setenv("TRACT_NB_LLM_TOP_P", "0.5")
    t, fake = opened(
        llm_settings={"temperature": 1, "timeout": 5},
        operation_llm={"chat": {"temperature": 2}, "merge": {"model": "big"}},
    )
    t.chat("hi", settings={"seed": 7})
    assert fake.configs[-1] == {
        "model": "gpt-4o",
        "temperature": 2,
        "seed": 7,
        "timeout": 5,
        "retries": 2,
        "top_p": 0.5,
    }
    assert t.show().generation_config == {"model": "gpt-4o", "temperature": 2, "seed": 7, "top_p": 0.5}
    t.generate()
    assert fake.configs[-1]["temperature"] == 1
    assert {row.name: row.source for row in t.llm_settings("merge")}["model"] == "operation"
    with pytest.raises(TractError, match="no operation"):
        t.llm_settings("nonsense")


def test_wrong_settings_make_no_database(tmp_path):
    with pytest.raises(TractError):
        Tract.open(tmp_path / "new.db", operation_llm={"nonsense": {}})
    assert list(tmp_path.iterdir()) == []


def test_another_tract_of_the_session_calls_as_this_one_does():
    t, fake = opened()
    other = Session.of(t).tract("other", model="gpt-4o")
    other.chat("hi")
    assert len(fake.sent) == 1


def test_a_pinned_reply_can_be_found_by_how_it_was_made():
    t, _ = opened()
    t.annotate(t.chat("hi", temperature=0.9).commit, PINNED)
    t.chat("ho", temperature=0.1)
    assert [row.preview for row in t.find(config={"temperature": (">", 0.5)})] == ["Fine."]
