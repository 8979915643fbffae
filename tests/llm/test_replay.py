"""Replay: the same request has the same answer, another one an error that shows the difference."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tract_nb import Tract
from tract_nb.errors import ModelError, ReplayError
from tract_nb.llm.replay import Replay
from tract_nb.model.event import Usage
from tract_nb.model.reply import Reply, ToolCall

KEY = "sk-planted-0123456789abcdef"
CONFIG = {"model": "gpt-4o", "temperature": 0.5}
ASKED = [
    {"role": "system", "content": "Be brief.\nBe kind."},
    {"role": "user", "content": "When is high tide in Brest?"},
]
FULL = Reply(
    "At 04:12,\nand at  16:35.",
    (ToolCall("c1", "tide", {"place": "Brest"}), ToolCall("c2", "tide", "{broken")),
    Usage(20, 5, 8, 0, 2),
    0.0125,
    "gpt-4o-2024",
    "stop",
    "Let me see.",
)


class Says:
    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.asked = 0

    def complete(self, messages: Any, config: Any, *, on_text: Any = None, cancel: Any = None) -> Reply:
        self.asked += 1
        return self.reply


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers" / "04.json"


@pytest.fixture
def recorded(path):
    Replay(path, "record", llm=Says(FULL)).complete(ASKED, CONFIG)
    Replay(path, "record", llm=Says(Reply("Hm."))).complete([{"role": "user", "content": "?"}], CONFIG)
    return Replay(path, "replay")


def test_what_was_recorded_is_replayed_whole_and_nobody_is_asked(recorded):
    assert recorded.complete(ASKED, CONFIG) == FULL
    pieces: list[str] = []
    assert recorded.complete(ASKED, CONFIG, on_text=pieces.append).text == "".join(pieces)
    assert len(pieces) > 3
    assert repr(recorded) == "Replay('04.json', 'replay'): 2 answers"


def test_keys_addresses_and_time_outs_are_no_part_of_a_request(recorded):
    other = CONFIG | {"api_key": "sk-other-0123456789", "api_base": "http://x", "timeout": 1, "retries": 9}
    assert recorded.complete(ASKED, other) == FULL


def test_a_miss_shows_the_nearest_request_and_what_differs(recorded):
    asked = [ASKED[0], {"role": "user", "content": "When is low tide in Brest?"}]
    with pytest.raises(ReplayError) as found:
        recorded.complete(asked, CONFIG | {"temperature": 0.9})
    lines = found.value.message.splitlines()
    for line in (
        "-temperature: 0.5",
        "+temperature: 0.9",
        "-When is high tide in Brest?",
        "+When is low tide in Brest?",
    ):
        assert line in lines
    assert "(2 recorded)" in lines[0]
    assert "-?" not in lines
    assert "TRACT_NB_REPLAY=record" in found.value.hint


def test_a_miss_of_a_long_request_is_cut(recorded):
    with pytest.raises(ReplayError) as found:
        recorded.complete([{"role": "user", "content": "word " * 200_000}, *ASKED * 200], CONFIG)
    assert len(found.value.message) < 6_000
    assert "lines more" in found.value.message


@pytest.mark.parametrize(
    "other",
    [{"model": "gpt-4o-mini"}, {"tools": [{"type": "function"}]}, {"temperature": 0.5, "seed": 1}],
)
def test_every_setting_that_counts_is_part_of_the_request(recorded, other):
    with pytest.raises(ReplayError):
        recorded.complete(ASKED, CONFIG | other)


def test_recording_again_replaces_an_answer_and_keeps_the_others(recorded, path):
    Replay(path, "record", llm=Says(Reply("New."))).complete(ASKED, CONFIG)
    replay = Replay(path)
    assert (len(replay), replay.complete(ASKED, CONFIG).text) == (2, "New.")


def test_a_failed_call_leaves_the_recording_as_it_was(recorded, path):
    class Fails:
        def complete(self, *_: Any, **__: Any) -> Reply:
            raise ModelError("no")

    before = path.read_bytes()
    with pytest.raises(ModelError):
        Replay(path, "record", llm=Fails()).complete([{"role": "user", "content": "new"}], CONFIG)
    assert path.read_bytes() == before


def test_the_environment_says_the_mode(path, monkeypatch):
    monkeypatch.setenv("TRACT_NB_REPLAY", "record")
    says = Says(FULL)
    Replay(path, llm=says).complete(ASKED, CONFIG)
    monkeypatch.setenv("TRACT_NB_REPLAY", "replay")
    Replay(path, llm=says).complete(ASKED, CONFIG)
    assert says.asked == 1
    monkeypatch.setenv("TRACT_NB_REPLAY", "sometimes")
    with pytest.raises(ReplayError, match="Unknown mode 'sometimes'"):
        Replay(path)


def test_a_tract_records_and_replays(path):
    with Tract.open(model="gpt-4o", llm=Replay(path, "record", llm=Says(FULL))) as t:
        t.chat("hi")
    with Tract.open(model="gpt-4o", llm=Replay(path)) as t:
        assert t.chat("hi").text == FULL.text
        with pytest.raises(ReplayError):
            t.chat("hi")
        assert len(t.log()) == 5


def test_no_recording_or_a_broken_one_says_so(path):
    with pytest.raises(ReplayError, match="There is no recording") as found:
        Replay(path)
    assert "make record" in found.value.hint
    path.parent.mkdir()
    for text in ("", "[]", "{}", '{"format": 1, "answers": [{"key": "x"}]}', "\x00"):
        path.write_text(text)
        with pytest.raises(ReplayError, match="is no recording"):
            Replay(path)
    path.write_text('{"format": 2, "answers": []}')
    with pytest.raises(ReplayError, match="format 2"):
        Replay(path)


def test_a_key_is_not_recorded(path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    reply = Reply(f"You use {KEY}.", (ToolCall("c", "t", {"key": KEY}),))
    given = CONFIG | {"api_key": KEY, "extra_headers": {"Authorization": f"Bearer {KEY}"}}
    Replay(path, "record", llm=Says(reply)).complete([{"role": "user", "content": f"see {KEY}"}], given)
    assert KEY not in path.read_text()
    assert json.loads(path.read_text())["answers"][0]["request"]["config"] == CONFIG
    assert Replay(path).complete([{"role": "user", "content": f"see {KEY}"}], given).text == "You use [key]."
