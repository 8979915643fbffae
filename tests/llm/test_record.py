"""record: an agent that calls litellm by itself is heard, whatever way it calls, and never disturbed."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from unittest.mock import Mock

import pytest

from tests.core.helpers import texts
from tests.llm.server import MODEL, Script
from tract_nb import TokenBudget, Tract, TractError, TractWarning
from tract_nb.llm.client import litellm
from tract_nb.model.event import Usage
from tract_nb.store.usage import usage_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("litellm"),
    # calls of an agent's own leave connections open, until litellm's cache forgets them
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


@pytest.fixture
def t(monkeypatch):
    monkeypatch.setattr(Tract, "first", None)
    monkeypatch.setattr(Tract, "listener", None)
    with Tract.open() as made:
        yield made


@pytest.fixture
def given(server, config):
    """What an agent calls litellm with."""
    return {**config, "num_retries": 0}


@pytest.fixture
def known():
    """litellm, as an agent has it; in the end its functions are its own again."""
    lib = litellm()
    functions = lib.completion, lib.acompletion, lib.main.completion, lib.main.acompletion
    before = [function.__code__ for function in functions]
    yield lib
    assert [function.__code__ for function in functions] == before
    lib.in_memory_llm_clients_cache.flush_cache()


@pytest.fixture(scope="module", autouse=True)
def _leftovers():
    """Find what those calls leave here, not in another test."""
    yield
    gc.collect()


def reported(t: Tract, ref: str = "HEAD") -> Any:
    return usage_of(t.database, t._ws.snapshot(t._ws.tip()).last.id if ref == "HEAD" else 0)


def test_a_loop_of_calls_is_one_history(t, server, given, known):
    server.answer = lambda seen: Script(f"answer {len(seen.messages)}")
    messages: list[Any] = [{"role": "system", "content": "Be brief."}]
    with t.record() as recorder:
        for turn in range(3):
            messages.append(user(f"question {turn}"))
            response = known.completion(messages=messages, temperature=0.5, **given)
            messages.append(response.choices[0].message)
            assert texts(t)[-1] == messages[-1].content
    assert texts(t) == [
        "Be brief.",
        *("question 0", "answer 2", "question 1", "answer 4", "question 2", "answer 6"),
    ]
    assert repr(recorder) == "<Recorder: 3 calls>"
    assert [op.verb for op in t.operations()] == ["record"] * 3
    assert t.show().generation_config == {"model": f"openai/{MODEL}", "temperature": 0.5}
    assert t.show().metadata == {"reply": {"model": MODEL, "finish": "stop", "id": "chatcmpl-1"}}
    assert reported(t).usage == Usage(20, 5, cached_tokens=8)
    assert reported(t).cost == pytest.approx(5.4e-6)
    assert t.compile().token_source == "api"


def test_nothing_is_heard_outside(t, server, given, known):
    with t.record():
        pass
    known.completion(messages=[user("hi")], **given)
    assert texts(t) == []


@pytest.mark.parametrize("reports", [True, False])
def test_a_stream_is_committed_when_it_ends(t, server, given, known, reports):
    options = {"stream_options": {"include_usage": True}} if reports else {}
    with t.record():
        stream = known.completion(messages=[user("hi")], stream=True, **options, **given)
        assert isinstance(stream, known.CustomStreamWrapper)
        said = []
        for chunk in stream:
            assert texts(t) == []
            said += [choice.delta.content or "" for choice in chunk.choices]
        assert texts(t) == ["hi", "Hello there"]
    assert "".join(said) == "Hello there"
    assert (reported(t) is not None) == reports


def test_tool_calls_go_round(t, server, given, known):
    server.say(Script("", calls=(("c1", "tide", '{"place": "Brest"}'),)), "At 04:12.")
    messages: list[Any] = [user("When?")]
    with t.record():
        for streams in (True, False):
            response = known.completion(messages=messages, stream=streams, **given)
            if streams:
                response = known.stream_chunk_builder(list(response), messages=messages)
                messages += [response.choices[0].message]
                messages += [{"role": "tool", "tool_call_id": "c1", "content": "04:12"}]
    assert [(c.role, c.type) for c in reversed(t.log())] == [
        ("user", "dialogue"),
        ("assistant", "tool_io"),
        ("tool", "tool_io"),
        ("assistant", "dialogue"),
    ]
    assert t.compile().warnings == ()


def test_async_calls_streams_and_tasks(t, server, given, known):
    server.answer = lambda seen: Script(f"to {seen.messages[-1]['content']}")

    async def one(number: int) -> None:
        response = await known.acompletion(messages=[user(str(number))], stream=number % 2 == 0, **given)
        if number % 2 == 0:
            async for _ in response:
                await asyncio.sleep(0)

    async def agent() -> None:
        with t.record():
            await asyncio.gather(*(one(number) for number in range(6)))
        await known.close_litellm_async_clients()

    asyncio.run(agent())
    conversations = sorted(tuple(texts(t, row.branch)) for row in t.branches())
    assert conversations == [(str(number), f"to {number}") for number in range(6)]


def test_threads_that_are_started_inside(t, server, given, known):
    server.answer = lambda seen: Script(f"to {seen.messages[-1]['content']}")
    with t.record() as recorder, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: known.completion(messages=[user(str(n))], **given), range(8)))
    assert recorder.calls == 8
    assert sorted(texts(t, row.branch)[-1] for row in t.branches()) == [f"to {n}" for n in range(8)]
    assert t.verify().to_frame().empty


def test_two_recordings_in_two_threads_hear_each_its_own(t, server, given, known):
    other = Tract.open()
    server.answer = lambda seen: Script(f"to {seen.messages[-1]['content']}")
    both = threading.Barrier(2)

    def agent(tract: Tract, name: str) -> None:
        with tract.record():
            both.wait(20)
            known.completion(messages=[user(name)], **given)
            both.wait(20)

    threads = [threading.Thread(target=agent, args=pair) for pair in ((t, "a"), (other, "b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (texts(t), texts(other)) == (["a", "to a"], ["b", "to b"])
    other.close()


def test_a_thread_of_nobodys_while_two_record_is_told(t, server, given, known):
    other = Tract.open()
    thread = threading.Thread(target=partial(known.completion, messages=[user("hi")], **given))

    def agent() -> None:
        with t.record(), other.record():
            thread.start()
            thread.join()

    with pytest.warns(TractWarning, match="1 calls of threads were not recorded"):
        agent()
    assert (texts(t), texts(other)) == ([], [])
    other.close()


def test_a_recording_within_a_recording_hears_alone(t, server, given, known):
    other = Tract.open()
    with t.record():
        with other.record():
            known.completion(messages=[user("inner")], **given)
        known.completion(messages=[user("outer")], **given)
    assert (texts(t), texts(other)) == (["outer", "Hello there"], ["inner", "Hello there"])
    other.close()


def closure(function: Any) -> Any:
    """Return a function that holds another, as clients do."""

    def call(**more: Any) -> Any:
        return function(**more)

    return call


def test_it_is_heard_under_whatever_name_it_is_held(t, server, given, known):
    held = {
        "name": known.completion,
        "main": known.main.completion,
        "partial": partial(known.completion, temperature=0.5),
        "closure": closure(known.completion),
    }
    with t.record() as recorder:
        for name, call in held.items():
            call(messages=[user(name)], **given)
    assert recorder.calls == len(held)
    assert sorted(texts(t, row.branch)[0] for row in t.branches()) == sorted(held)
    for name, call in held.items():
        call(messages=[user(name)], **given)
    assert recorder.calls == len(held)


def test_positional_arguments_are_understood(t, server, given, known):
    model = given.pop("model")
    with t.record():
        known.completion(model, [user("hi")], **given)
    assert texts(t) == ["hi", "Hello there"]
    assert t.show().generation_config == {"model": model}


def test_two_answers_to_one_question_are_two_branches(t, server, given, known):
    server.say("one", "two", "two and three")
    with t.record():
        for _ in range(2):
            known.completion(messages=[user("hi")], **given)
        known.completion(
            messages=[user("hi"), {"role": "assistant", "content": "two"}, user("go on")], **given
        )
        known.completion(messages=[user("hi"), {"role": "assistant", "content": "one"}, user("no")], **given)
    assert texts(t, "sync/1") == ["hi", "two", "go on", "two and three"]
    assert texts(t, "main") == ["hi", "one", "no", "two and three"]


def test_the_same_call_again_is_there_already(t, server, given, known):
    with t.record() as recorder:
        for _ in range(3):
            known.completion(messages=[user("hi")], **given)
    assert (texts(t), recorder.calls, len(t.operations())) == (["hi", "Hello there"], 3, 1)


def test_a_chat_inside_is_committed_once(t, server, config, known):
    model = config.pop("model")
    talking = Tract.on(t.database, llm_settings=config, model=model)
    pieces: list[str] = []
    with talking.record():
        talking.chat("hi")
        talking.chat("ho", on_text=pieces.append)
    assert texts(talking) == ["hi", "Hello there", "ho", "Hello there"]
    assert [op.verb for op in talking.operations()] == ["chat", "chat"]


def test_a_call_that_fails_raises_what_it_raised_and_commits_nothing(t, server, given, known):
    server.say(Script(status=401))
    with t.record(), pytest.raises(known.exceptions.AuthenticationError):
        known.completion(messages=[user("hi")], **given)
    assert texts(t) == []


def test_a_stream_that_breaks_off_or_is_left_is_told_and_not_kept(t, server, given, known):
    server.say(Script("Hello there", cut_after=2), Script("Hello there"))
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with t.record() as recorder:
            with pytest.raises(Exception, match=r"connection|payload|peer|incomplete"):
                list(known.completion(messages=[user("hi")], stream=True, **given))
            left = known.completion(messages=[user("ho")], stream=True, **given)
            next(left)
        list(left)  # after the end of the block
    said = [str(one.message) for one in heard if one.category is TractWarning]
    assert [text.partition(":")[0] for text in said[:1]] == ["A call was not recorded"]
    assert "broke off after 8 characters" in said[0]
    assert "1 streams were not read to their end" in said[1]
    assert (texts(t), recorder.calls) == ([], 0)


def test_what_cannot_be_committed_never_disturbs_the_agent(t, server, given, known):
    small = Tract.on(t.database, token_budget=TokenBudget(5, "reject"))
    with pytest.warns(TractWarning, match="A call was not recorded"), small.record() as recorder:
        response = known.completion(messages=[user("hi")], **given)
    assert response.choices[0].message.content == "Hello there"
    assert (len(recorder.errors), recorder.calls, texts(t)) == (1, 0, [])
    assert repr(recorder) == "<Recorder: 0 calls, 1 not kept>"


def test_an_error_of_the_agents_own_leaves_litellm_as_it_was(t, server, given, known):
    def agent() -> float:
        with t.record():
            known.completion(messages=[user("hi")], **given)
            return 1 / 0

    with pytest.raises(ZeroDivisionError):
        agent()
    assert texts(t) == ["hi", "Hello there"]


def test_what_other_tools_put_in_its_place_is_heard_or_refused(t, server, given, known, monkeypatch):
    first = known.completion
    with t.record():
        known.completion(messages=[user("a")], **given)

    def instrumented(*args: Any, **kwargs: Any) -> Any:
        return first(*args, **kwargs)

    monkeypatch.setattr(known, "completion", instrumented)
    with t.record() as recorder:
        known.completion(messages=[user("b")], **given)
    assert recorder.calls == 1
    monkeypatch.setattr(known, "completion", Mock())
    with pytest.raises(TractError, match="is a Mock here"), t.record():
        pass
    monkeypatch.setattr(known, "completion", first)
    with t.record() as recorder:
        known.completion(messages=[user("c")], **given)
    assert sorted(texts(t, row.branch)[0] for row in t.branches()) == ["a", "b", "c"]


def test_no_key_is_kept(t, server, given, known, tmp_path):
    key = "sk-planted-4c1d2b7e9f0a"
    given |= {"api_key": key, "extra_headers": {"X-Secret": key}, "metadata": {"key": key}}
    with t.record():
        known.completion(messages=[user("hi")], **given)
    assert server.seen[-1].headers["authorization"].endswith(key)
    assert t.show().generation_config == {"model": f"openai/{MODEL}"}
    assert key.encode() not in t.save_as(tmp_path / "kept.db").read_bytes()
