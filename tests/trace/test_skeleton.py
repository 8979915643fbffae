"""The skeleton of a trace: what tells its story stands whole, what has no room is counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.trace.helpers import call, record, result
from tests.trace.written import WRITTEN, put
from tract_nb import samples, trace
from tract_nb.trace.skeleton import CORE, KINDS, skeleton, skeletons

Write = Callable[..., Path]
SAMPLE = trace.read(samples.path())


def test_with_room_everything_that_tells_stands_in_it() -> None:
    told = skeleton(SAMPLE, room=10**9, count=len)
    assert told.left_out == {}
    assert told.size == len(told.text)
    for event in SAMPLE.events:
        if event.agent is None and event.kind == "message":
            assert event.text in told.text
    for agent in SAMPLE.agents.values():
        assert agent.answer
        assert agent.answer in told.text
    assert told.text.count("→ ") >= sum(SAMPLE.calls["agent"].isna())
    assert told.text.count("✕ ") == sum(SAMPLE.failures["agent"].isna())


@pytest.mark.parametrize("room", [0, 300, 2_000, 5_000, 10_000, 20_000])
def test_it_fits_the_room_and_says_what_did_not(room: int) -> None:
    whole = skeleton(SAMPLE, room=10**9, count=len)
    told = skeleton(SAMPLE, room=room, count=len)
    assert told.size == len(told.text)
    if room >= 300:
        assert told.size <= room
    pieces = [piece for piece in told.text.split("\n\n") if piece.startswith("[line ")]
    assert all(piece in whole.text for piece in pieces), "no piece is cut"
    for kind, count in told.left_out.items():
        assert f"{count:,} {kind}" in told.text
    kept = {kind for kind in KINDS if kind not in told.left_out}
    gone = [kind for kind in KINDS if kind in told.left_out]
    assert not gone or all(KINDS.index(kind) < KINDS.index(gone[-1]) for kind in kept & {"prompts"})


def test_the_least_telling_goes_first(session: Write) -> None:
    path = session(
        record("user", "Mend the gauge.", "u1", None),
        record("assistant", [{"type": "text", "text": "I look."}], "a1", "u1"),
        record("assistant", call("Bash", "t1", command="make " + "x" * 100), "a2", "a1"),
        record("user", result("t1", "Exit code 2", failed=True), "u2", "a2"),
    )
    tr = trace.read(path)
    told = [skeleton(tr, room=room, count=len) for room in range(400, 0, -1)]
    order = list(dict.fromkeys(kind for one in told for kind in one.left_out))
    assert order == ["calls", "failures", "messages of the main agent", "prompts"]
    first = next(one for one in told if one.left_out)
    assert first.left_out == {"calls": 1}
    assert first.text.endswith("[left out for want of room: 1 calls]")
    assert "Mend the gauge." in first.text


@pytest.mark.parametrize("step", [500, 700, 1_500, 4_000])
def test_steps_fit_their_room_and_show_each_core_piece_once(step: int) -> None:
    (whole,) = skeletons(SAMPLE, room=10**9, step=step, count=len)
    assert whole == skeleton(SAMPLE, room=10**9, count=len)
    told = skeletons(SAMPLE, room=step, step=step, count=len)
    assert len(told) > 1
    assert all(one.size == len(one.text) <= step for one in told)
    assert all(one.left_out == told[0].left_out for one in told)
    assert CORE.isdisjoint(told[0].left_out)
    calls = SAMPLE.calls["agent"].isna().sum()
    assert all(f"{calls} calls" in one.text.splitlines()[-1] for one in told)
    joined = "".join("".join(one.text.split()) for one in told)
    for event in SAMPLE.events:
        if event.is_prompt:
            assert "".join(event.text.split()) in joined
    assert told[0].not_shown == whole.not_shown
    assert whole.not_shown["steps of subagents"] == sum(event.agent is not None for event in SAMPLE.events)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_format_has_one(tmp_path: Path, name: str) -> None:
    told = skeleton(trace.read(put(tmp_path, name)), room=10**6, count=len)
    assert "It reads again." in told.text


def test_reports_of_the_real_trace_are_whole(traces: Path) -> None:
    tr = trace.read(traces / "code_trace" / "test-planner-subagent")
    told = skeleton(tr, room=120_000, count=len)
    assert told.size <= 120_000
    for agent in tr.agents.values():
        assert agent.answer is None or agent.answer in told.text
