"""Calls of a model: real HTTP through the real litellm, to a server on loopback."""

from __future__ import annotations

import threading

import pytest

from tests.llm.server import Script
from tract_nb.errors import CallCancelledError, ModelError
from tract_nb.llm.client import LiteLLM, found_model
from tract_nb.model.event import Usage
from tract_nb.model.reply import Cancel, ToolCall

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("litellm")]

HI = [{"role": "user", "content": "hi"}]
WEATHER = (("call_1", "weather", '{"place": "Brest", "days": 2}'), ("call_2", "tide", "{not json"))


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_a_reply_has_text_usage_cost_model_and_finish(server, config, llm, streams):
    server.say("Hello there")
    pieces: list[str] = []
    reply = llm.complete(HI, config | {"temperature": 0.5}, on_text=pieces.append if streams else None)
    assert reply.text == "Hello there"
    assert (reply.finish, reply.model) == ("stop", "gpt-4o-mini")
    assert reply.usage == Usage(20, 5, cached_tokens=8)
    assert reply.cost == pytest.approx(12 * 0.15e-6 + 8 * 0.075e-6 + 5 * 0.6e-6)
    assert pieces == (["Hell", "o th", "ere"] if streams else [])
    (seen,) = server.seen
    assert seen.messages == HI
    assert (seen.body["model"], seen.body["temperature"]) == ("gpt-4o-mini", 0.5)
    assert seen.headers["authorization"] == "Bearer sk-test-0123456789"


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_tool_calls_keep_arguments_that_are_no_json_as_text(server, config, llm, streams):
    server.say(Script("", calls=WEATHER, reasoning="I should look."))
    reply = llm.complete(HI, config, on_text=[].append if streams else None)
    assert reply.tool_calls == (
        ToolCall("call_1", "weather", {"place": "Brest", "days": 2}),
        ToolCall("call_2", "tide", "{not json"),
    )
    assert (reply.text, reply.reasoning, reply.finish) == ("", "I should look.", "tool_calls")


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_usage_that_nobody_reported_is_none(server, config, llm, streams):
    server.say(Script(usage=None))
    reply = llm.complete(HI, config, on_text=[].append if streams else None)
    assert (reply.usage, reply.cost) == (None, None)


def test_a_model_without_a_price_has_usage_and_no_cost(server, config, llm):
    reply = llm.complete(HI, config | {"model": "openai/my-own"})
    assert (reply.usage, reply.cost) == (Usage(20, 5, cached_tokens=8), None)


def test_too_many_requests_are_tried_again_when_the_provider_says(server, config, llm, waits):
    server.say(Script(status=429, headers={"Retry-After": "3"}), Script(status=429), "at last")
    assert llm.complete(HI, config).text == "at last"
    assert waits == [3.0, 1.0]
    assert len(server.seen) == 3


def test_retry_after_may_be_a_date_and_a_long_wait_is_the_persons_to_decide(server, config, llm, waits):
    server.say(Script(status=429, headers={"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"}))
    with pytest.raises(ModelError, match="asks to wait"):
        llm.complete(HI, config)
    assert (waits, len(server.seen)) == ([], 1)


def test_a_failing_server_is_tried_as_often_as_set_and_no_more(server, config, llm, waits):
    server.say(Script(status=503, error="overloaded"))
    with pytest.raises(
        ModelError, match=r"openai \(openai/gpt-4o-mini\) failed with 503: overloaded"
    ) as found:
        llm.complete(HI, config | {"retries": 3})
    assert waits == [0.5, 1.0, 2.0]
    assert len(server.seen) == 4
    assert "It was tried 4 times." in found.value.message
    assert (found.value.status, found.value.provider, found.value.model) == (
        503,
        "openai",
        "openai/gpt-4o-mini",
    )


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (400, "bad temperature", "refused the request (400): bad temperature"),
        (401, "bad key", "refused the key: bad key"),
        (403, "not for you", "refused the key: not for you"),
        (404, "no such model", "is not there: no such model"),
        (422, "what is this", "refused the request (422): what is this"),
        (429, "You exceeded your current quota", "has nothing left to spend"),
    ],
)
def test_what_waiting_does_not_mend_is_never_tried_again(server, config, llm, waits, status, error, says):
    server.say(Script(status=status, error=error))
    with pytest.raises(ModelError) as found:
        llm.complete(HI, config)
    assert says in found.value.message
    assert found.value.hint
    assert (waits, len(server.seen)) == ([], 1)


def test_the_context_is_too_long(server, config, llm):
    said = "This model's maximum context length is 128000 tokens. However, your messages resulted in 200000"
    server.say(Script(status=400, error=said))
    with pytest.raises(ModelError, match="The context is longer than") as found:
        llm.complete(HI, config)
    assert "compress" in found.value.hint


def test_malformed_json_is_tried_again_and_then_told(server, config, llm, waits):
    server.say(Script(raw=b'{"id": "x", "choices": [{'))
    with pytest.raises(ModelError, match="what is no JSON"):
        llm.complete(HI, config)
    assert (len(waits), len(server.seen)) == (2, 3)


def test_no_server_is_tried_again_and_then_told(server, config, llm, waits):
    server.close()
    with pytest.raises(ModelError, match="cannot be reached") as found:
        llm.complete(HI, config)
    assert "api_base" in found.value.hint
    assert len(waits) == 2


@pytest.mark.parametrize("fault", [{"cut_after": 2}, {"garbage_after": 2}], ids=["cut", "garbage"])
def test_a_stream_that_breaks_off_is_told_and_not_tried_again(server, config, llm, waits, fault):
    server.say(Script("Hello there, you", **fault))
    pieces: list[str] = []
    with pytest.raises(ModelError, match="broke off after 8 characters") as found:
        llm.complete(HI, config, on_text=pieces.append)
    assert "".join(pieces) == "Hello th"
    assert "Nothing of it was kept" in found.value.hint
    assert (waits, len(server.seen)) == ([], 1)


def test_a_stream_cut_before_its_first_word_is_tried_again(server, config, llm):
    server.say(Script(cut_after=0), "again")
    assert llm.complete(HI, config, on_text=[].append).text == "again"


@pytest.mark.parametrize("script", [Script(""), Script(raw=b'{"choices": []}')], ids=["blank", "no choice"])
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_an_answer_that_says_nothing_is_an_error(server, config, llm, script, streams):
    server.say(script)
    with pytest.raises(ModelError):
        llm.complete(HI, config, on_text=[].append if streams else None)


def test_an_answer_kept_back_says_why(server, config, llm):
    server.say(Script("", finish="length"))
    with pytest.raises(ModelError, match="ended with length") as found:
        llm.complete(HI, config)
    assert "max_tokens" in found.value.hint


@pytest.mark.parametrize("hang_after", [-1, 2], ids=["before", "within"])
def test_a_slow_server_is_not_waited_for(server, config, llm, waits, hang_after):
    server.say(Script("Hello there", hang_after=hang_after))
    with pytest.raises(ModelError, match=r"did not answer in time|broke off after 8") as found:
        llm.complete(HI, config | {"timeout": 0.3}, on_text=[].append)
    assert found.value.hint
    assert (waits, len(server.seen)) == ([], 1)


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_another_thread_cancels_and_the_connection_is_closed(server, config, llm, streams):
    server.say(Script("Hello there", hang_after=2 if streams else -1))
    cancel = Cancel()

    def click() -> None:
        server.reached.wait(20)
        cancel.cancel()

    other = threading.Thread(target=click)
    other.start()
    with pytest.raises(CallCancelledError, match="was cancelled"):
        llm.complete(HI, config, on_text=[].append if streams else None, cancel=cancel)
    other.join()
    assert server.hung_up.wait(20)
    with pytest.raises(CallCancelledError):
        llm.complete(HI, config, cancel=cancel)


class ClickedMeanwhile(Cancel):
    """Is cancelled as soon as somebody waits with it."""

    def wait(self, seconds: float) -> bool:
        self.cancel()
        return super().wait(seconds)


def test_a_wait_between_two_tries_can_be_cancelled(server, config):
    server.say(Script(status=503, headers={"Retry-After": "50"}))
    with pytest.raises(CallCancelledError):
        LiteLLM().complete(HI, config, cancel=ClickedMeanwhile())
    assert len(server.seen) == 1


def test_the_stop_button_ends_a_call_and_the_next_one_works(server, config, llm):
    server.say(Script("Hello there", hang_after=2))

    def stop(piece: str) -> None:
        if piece == "o th":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        llm.complete(HI, config, on_text=stop)
    assert server.hung_up.wait(20)
    server.scripts.clear()
    assert llm.complete(HI, config).text == "Hello there"


def test_many_threads_call_at_once(server, config, llm):
    server.answer = lambda seen: Script(f"to {seen.messages[0]['content']}")
    found: dict[int, str] = {}

    def call(number: int) -> None:
        found[number] = llm.complete([{"role": "user", "content": str(number)}], config).text

    threads = [threading.Thread(target=call, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: f"to {number}" for number in range(12)}


def test_who_serves_a_model():
    assert found_model("gpt-4o") == ("gpt-4o", "openai")
    assert found_model("anthropic/claude-sonnet-4-5") == ("anthropic/claude-sonnet-4-5", "anthropic")
    assert found_model("x-ai/grok-4.1-fast") == ("openrouter/x-ai/grok-4.1-fast", "openrouter")
    with pytest.raises(ModelError, match="does not know who serves 'nonsense'"):
        found_model("nonsense")


def test_without_a_key_it_says_which(llm):
    with pytest.raises(ModelError) as found:
        llm.complete(HI, {"model": "gpt-4o"})
    assert "OPENAI_API_KEY" in found.value.hint
