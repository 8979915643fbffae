"""Tokens: counted offline, and the running size is what compiles at every commit."""

from __future__ import annotations

import tiktoken
from hypothesis import given, settings

from tests.core.helpers import NINE, MadeTrace, frozen, run_python
from tests.core.sessions import SessionFile
from tests.core.stories import play, stories
from tract_nb import PINNED, SKIP, Tract
from tract_nb.engine.tokens import TiktokenCounter
from tract_nb.model.commit import Kind
from tract_nb.model.event import Event, Usage
from tract_nb.operations.transaction import transaction


def counted(tract: Tract, at: str) -> int:
    """Count what compiles from its texts alone."""
    encoding = tiktoken.get_encoding("o200k_base")
    total = 0
    for message in tract.compile(at).messages:
        text = f"{message.name} {message.text}" if message.is_call and message.name else message.text
        if text.strip():
            total += 3 + len(encoding.encode(text, disallowed_special=()))
    return total + 3 if total else 0


def replied(tract: Tract, *replies: tuple[str, str, Usage]) -> None:
    """Import a conversation: what was asked, what was replied, and what the provider reported for it."""
    events: list[Event] = []
    for number, (asked, said, usage) in enumerate(replies):
        before = events[-1].id if events else None
        events.append(Event(f"u{number}", before, None, NINE, "message", "user", text=asked, is_prompt=True))
        events.append(
            Event(
                *(f"a{number}", f"u{number}", None, NINE, "message", "assistant"),
                text=said,
                usage=usage,
                message_id=f"m{number}",
            )
        )
    tract.import_trace(MadeTrace(events))


OFFLINE = """
import socket
def refuse(*args, **options): raise AssertionError("the network was asked for")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from tract_nb import Tract
t = Tract.open()
print(t.user("Hello there, world").tokens, t.compile().token_source)
"""


def test_tokens_are_counted_without_the_network():
    assert run_python(OFFLINE).split() == ["4", "tiktoken"]


def test_a_commit_carries_its_tokens_and_the_context_its_overhead(t):
    one = t.user("Hello there")
    two = t.assistant("Hi")
    assert (one.tokens, two.tokens) == (2, 1)
    assert t.status().tokens == t.compile().token_count == (2 + 3) + (1 + 3) + 3


def test_nothing_costs_nothing(t):
    assert t.status().tokens == t.compile().token_count == 0
    t.user(" \n")
    assert t.status().tokens == t.compile().token_count == 0


def test_reasoning_costs_only_where_it_is_sent(t):
    t.user("Why?")
    before = t.status().tokens
    thought = t.reasoning("Because of this and that.")
    assert t.status().tokens == before
    assert t.compile(include_reasoning=True).token_count == before + thought.tokens + 3


def test_reasoning_alone_costs_the_replys_overhead_too(t):
    thought = t.reasoning("Because.")
    assert t.compile(include_reasoning=True).token_count == thought.tokens + 3 + 3


def test_a_model_is_counted_in_its_own_encoding(opened):
    text = "Größenordnungsmäßig überflüssig, 日本語のテキスト"
    old, new = opened(model="gpt-4"), opened(model="openai/gpt-4o")
    assert old.user(text).tokens == len(tiktoken.get_encoding("cl100k_base").encode(text))
    assert new.user(text).tokens == len(tiktoken.get_encoding("o200k_base").encode(text))
    assert opened(model="claude-sonnet-4").user(text).tokens == new.user(text).tokens


def test_one_text_in_two_encodings_is_counted_in_each(tmp_path, opened):
    text = "Größenordnungsmäßig überflüssig"
    old = opened(tmp_path / "work.db", name="old", model="gpt-4")
    new = opened(tmp_path / "work.db", name="new", model="gpt-4o")
    assert old.user(text).tokens != new.user(text).tokens
    assert new.user(text).tokens == opened().user(text).tokens


def test_a_counter_of_ones_own_is_used(opened):
    class Letters:
        name = "letters"

        def count(self, text: str) -> int:
            return len(text)

    tract = opened(token_counter=Letters())
    assert tract.user("Hello").tokens == 5
    assert tract.status().tokens == 5 + 3 + 3


def test_where_no_encoding_can_be_loaded_counts_are_estimates_and_say_so(opened, monkeypatch):
    monkeypatch.setattr("tract_nb.engine.tokens.load", lambda name: None)
    tract = opened()
    tract.user("x" * 40)
    assert tract.compile().token_count == 10 + 3 + 3
    assert tract.compile().token_source == "estimate"


def test_a_run_of_letters_of_a_megabyte_is_counted_in_time():
    assert TiktokenCounter().count("a" * 1_000_000) > 1_000


@settings(max_examples=60)
@given(stories)
def test_the_running_size_is_what_compiles_at_every_commit(story):
    tract = Tract.open(clock=frozen)
    try:
        for step in story:
            play(tract, step)
            status = tract.status()
            assert status.tokens == tract.compile().token_count
            assert {row[0]: row[3] for row in tract.branches()}["main"] == status.tokens
        for commit in tract.log(all=True):
            assert tract.compile(commit[0]).token_count == counted(tract, commit[0])
            tract.branch("at", at=commit[0])
            assert {row[0]: row[3] for row in tract.branches()}["at"] == counted(tract, commit[0])
            tract.undo()
    finally:
        tract.close()


HELLO = ("word " * 50, "Hello", Usage(100, 20))


def test_what_a_provider_reported_is_the_count_at_its_reply(t):
    replied(t, HELLO)
    assert (t.compile().token_count, t.compile().token_source) == (120, "api")
    assert (t.status().tokens, t.status().token_source) == (120, "api")
    assert t.compile("HEAD~1").token_source == "tiktoken"


def test_what_came_since_is_counted_on_top(t):
    replied(t, HELLO)
    more = t.user("What is in a?")
    assert (t.compile().token_count, t.compile().token_source) == (120 + more.tokens + 3, "api+estimate")


def test_what_was_left_out_since_is_taken_off(t):
    replied(t, HELLO)
    long = t.show("HEAD~1")
    t.annotate(long.hash, SKIP)
    assert t.compile().token_count == 120 - long.tokens - 3
    t.annotate(long.hash, PINNED)
    assert t.compile().token_count == 120
    t.edit(long.hash, "word")
    assert t.compile().token_count == 120 - long.tokens + 1


def test_a_report_of_another_branch_does_not_count(t):
    replied(t, HELLO)
    t.branch("try", at="HEAD~1")
    assert t.compile("try").token_source == "tiktoken"
    t.switch("try")
    t.assistant("Hey")
    assert t.compile().token_source == "tiktoken"


def test_the_newest_report_wins(t):
    replied(t, HELLO, ("More", "Sure", Usage(130, 5)))
    assert t.compile().token_count == 135
    assert t.compile("HEAD~1").token_source == "api+estimate"
    assert t.compile("HEAD~2").token_count == 120


def test_the_budget_table_adds_up(t):
    t.system("Be brief.")
    t.user("word " * 50)
    t.tool_call("read", {"path": "a"}, "c1")
    t.tool_result("c1", "text " * 80)
    t.annotate("HEAD~2", PINNED)
    frame = t.budget().to_frame()
    total = int(frame[frame.by == "total"].tokens.iloc[0])
    assert total == t.status().tokens
    for by in ("role", "type", "priority"):
        assert frame[frame.by == by].tokens.sum() == total - 3
    units = frame[frame.by == "unit"]
    assert list(units.tokens) == sorted(units.tokens, reverse=True)
    assert set(units.commit) == {row[0] for row in t.log()}


# -- what counts, and what does not -------------------------------------------------------------------


def test_a_copys_usage_is_a_record_only(t):
    t.user("q")
    t.branch("side")
    reply = t.assistant("reply")
    t.switch("side")
    with t._moving(), transaction(t._ws, "copy") as tx:
        head = tx.head()
        assert head is not None
        tx.commit(Kind.APPEND, [head], content=reply.content, priority=1, origin=bytes.fromhex(reply.hash))
    t.record_usage({"prompt_tokens": 100, "completion_tokens": 1})
    assert t.compile().token_source == "tiktoken"


def test_importing_again_keeps_the_usage_that_was_recorded_since(t, tmp_path):
    session = SessionFile()
    session.user("q")
    session.assistant("reply", usage=(50, 5))
    path = session.write(tmp_path / "s.jsonl")
    t.import_trace(path)
    assert t.compile().token_source == "api"
    t.record_usage({"prompt_tokens": 100, "completion_tokens": 1})
    t.import_trace(path)
    assert t.compile().token_count == 101


def test_an_estimate_since_a_reply_that_is_not_sent_has_the_replys_overhead(t):
    thought = t.reasoning("think")
    t.record_usage({"prompt_tokens": 10, "completion_tokens": 1}, thought)
    said = t.user("hi")
    assert t.compile().token_count == 11 + said.tokens + 3 + 3


def test_a_blank_text_costs_nothing_with_a_counter_of_ones_own(opened):
    class Letters:
        name = "letters"

        def count(self, text: str) -> int:
            return len(text)

    tract = opened(token_counter=Letters())
    tract.user("   ")
    assert tract.compile().token_count == 0
    assert tract.compile().to_openai() == []
