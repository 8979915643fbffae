"""chat and generate through the real litellm: streams, faults, the stop button, cancelling."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from tests.core.helpers import texts, written
from tests.llm.server import Script
from tract_nb import Tract
from tract_nb.errors import CallCancelledError, ModelError
from tract_nb.llm.client import LiteLLM
from tract_nb.model.event import Usage

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("litellm")]

HI = {"role": "user", "content": "hi"}


@pytest.fixture
def t(config, llm, monkeypatch):
    monkeypatch.setattr(Tract, "first", None)
    model = config.pop("model")
    with Tract.open(model=model, llm=llm, llm_settings=config) as made:
        yield made


def test_a_stream_is_committed_with_what_was_reported(t, server):
    t.system("Be brief.")
    pieces: list[str] = []
    answer = t.chat("hi", temperature=0.2, on_text=pieces.append)
    assert pieces == ["Hell", "o th", "ere"]
    assert answer.usage == Usage(20, 5, cached_tokens=8)
    assert answer.cost == pytest.approx(5.4e-6)
    assert texts(t) == ["Be brief.", "hi", "Hello there"]
    assert t.show().generation_config == {"model": "openai/gpt-4o-mini", "temperature": 0.2}
    assert t.show().metadata == {"reply": {"model": "gpt-4o-mini", "finish": "stop", "id": "chatcmpl-1"}}
    assert (t.compile().token_count, t.compile().token_source) == (25, "api")
    assert t.verify().to_frame().empty


def test_a_round_of_tools(t, server):
    server.say(Script("", calls=(("call_1", "tide", '{"place": "Brest"}'),)), "At 04:12.")
    tools = [{"type": "function", "function": {"name": "tide", "parameters": {"type": "object"}}}]
    answer = t.chat("hi", tools=tools)
    t.tool_result(answer.tool_calls[0].id, {"high": "04:12"})
    assert t.generate(tools=tools, on_text=[].append).text == "At 04:12."
    assert server.seen[0].body == {"model": "gpt-4o-mini", "messages": [HI], "tools": tools}
    assert [message["role"] for message in server.seen[1].messages] == ["user", "assistant", "tool"]
    assert server.seen[1].messages[2] == {
        "role": "tool",
        "tool_call_id": "call_1",
        "content": '{"high":"04:12"}',
    }


@pytest.mark.parametrize(
    "script",
    [
        Script("Hello there", cut_after=2),
        Script("Hello there", garbage_after=2),
        Script(status=401),
        Script(status=500),
        Script(raw=b"{"),
        Script(""),
    ],
    ids=["cut", "garbage", "no key", "fails", "no json", "blank"],
)
def test_a_failure_commits_nothing_and_the_handle_goes_on(t, server, script):
    t.user("hi")
    before = written(t)
    server.say(script)
    with pytest.raises(ModelError):
        t.chat("When?", on_text=[].append)
    assert written(t) == before
    server.scripts.clear()
    assert t.chat("When?").text == "Hello there"
    assert texts(t) == ["hi", "When?", "Hello there"]


def test_another_thread_cancels_in_mid_stream(t, server):
    server.say(Script("Hello there", hang_after=2))

    def click() -> None:
        server.reached.wait(20)
        t.cancel()

    other = threading.Thread(target=click)
    other.start()
    with pytest.raises(CallCancelledError):
        t.chat("When?", on_text=[].append)
    other.join()
    assert server.hung_up.wait(20)
    assert texts(t) == []
    server.scripts.clear()
    assert t.chat("When?").text == "Hello there"


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_the_stop_button_is_heard_while_nothing_comes(t, server, streams):
    assert threading.current_thread() is threading.main_thread()
    server.say(Script("Hello there", hang_after=2 if streams else -1))

    def press() -> None:
        server.reached.wait(20)
        os.kill(os.getpid(), signal.SIGINT)

    other = threading.Thread(target=press)
    other.start()
    with pytest.raises(KeyboardInterrupt):
        t.chat("When?", on_text=[].append if streams else None)
    other.join()
    assert server.hung_up.wait(20)
    assert texts(t) == []
    server.scripts.clear()
    assert t.chat("When?").text == "Hello there"


def test_a_model_by_default_is_litellm():
    with Tract.open() as made:
        assert isinstance(made.calls["llm"], LiteLLM)
