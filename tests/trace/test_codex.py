"""Codex rollouts: each text once, tokens by reply, subagents linked; real files against a plain count."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.trace.written import (
    ASK,
    DONE,
    SAY,
    TEXT,
    THINK,
    codex,
    codex_items,
    envelope,
    lines,
    tokens,
)
from tract_nb import Tract, trace


def rollout(folder: Path, *records: dict[str, Any], name: str = "rollout-1.jsonl") -> Path:
    path = folder / name
    path.write_bytes(lines(records))
    return path


def texts(path: Path) -> list[tuple[str, str]]:
    return [(event.kind, event.text) for event in trace.read(path).events]


def records(path: Path) -> Iterator[dict[str, Any]]:
    with path.open() as file:
        yield from map(json.loads, file)


def test_real_counts(traces: Path) -> None:
    for path in sorted((traces / "codex").glob("*.jsonl")):
        kinds: Counter[str] = Counter()
        said: set[tuple[str, str]] = set()
        shown: list[tuple[str, str]] = []
        for record in records(path):
            payload = record["payload"]
            if record["type"] == "response_item":
                kinds[payload["type"]] += 1
                for block in payload.get("content") or payload.get("summary") or ():
                    said.add((payload["type"], block["text"]))
            elif payload.get("type") in ("user_message", "agent_message"):
                shown.append(("message", payload["message"]))
        alone = [text for text in shown if text not in said]
        tr = trace.read(path)
        events = [event for event in tr.events if event.agent is None]
        found = Counter(event.kind for event in events)
        assert found["message"] == kinds["message"] + len(alone), path
        assert found["tool_call"] == kinds["function_call"] + kinds["custom_tool_call"]
        assert found["tool_result"] == kinds["function_call_output"] + kinds["custom_tool_call_output"]
        assert found["reasoning"] == kinds["reasoning"]
        assert tr.unanswered == ()


def test_real_tokens_are_the_last_total(traces: Path) -> None:
    path = traces / "codex" / "codex_session.jsonl"
    infos = [record["payload"].get("info") for record in records(path) if record["type"] == "event_msg"]
    total = [info for info in infos if info][-1]["total_token_usage"]
    usage = trace.read(path).usage
    assert usage["input"].sum() == total["input_tokens"]
    assert usage["output"].sum() == total["output_tokens"]
    assert usage["cached"].sum() == total["cached_input_tokens"]
    assert set(usage["model"]) == {"gpt-5.1-codex-max"}


def test_real_failures_commands_and_files(traces: Path) -> None:
    tr = trace.read(traces / "codex" / "codex_session.jsonl")
    outputs = [
        record["payload"]["output"]
        for record in records(tr.path)
        if str(record["payload"].get("type")).endswith("_output")
    ]
    assert len(tr.failures) == sum(output.startswith("Exit code: 1") for output in outputs) == 2
    assert tr.commands["exit"].dropna().tolist() == [1, 1]
    assert tr.commands["command"].tolist()[0] == "mkdir -p myapp"
    assert tr.files[["path", "created"]].values.tolist() == [["myapp/hoge.py", True]]


def test_real_review_is_a_subagent(traces: Path) -> None:
    tr = trace.read(traces / "codex" / "rollout-parent-019b88e0.jsonl")
    (agent,) = tr.agents.values()
    assert (agent.id, agent.type) == ("019b88e5-a2e4-7b90-8953-38fce393c653", "review")
    started = next(event for event in tr.events if event.id == agent.call)
    assert (started.kind, started.name, started.line) == ("other", "review", 4)
    assert [event.text for event in agent.events] == ["Review the code changes"]
    alone = trace.read(traces / "codex" / "rollout-subagent-019b88e5.jsonl")
    assert alone.session_id == agent.id


def test_a_text_for_display_counts_once_in_either_order(tmp_path: Path) -> None:
    ask, think, say, *_ = codex_items()
    shown = {"type": "agent_message", "message": SAY}
    thought = {"type": "agent_reasoning", "text": THINK}
    path = rollout(
        tmp_path,
        envelope(0, "session_meta", {"id": "x"}),
        envelope(1, "event_msg", {"type": "user_message", "message": ASK}),
        envelope(1, "response_item", ask),
        envelope(2, "response_item", think),
        envelope(2, "event_msg", thought),
        envelope(3, "response_item", say),
        envelope(3, "event_msg", shown),
        envelope(4, "event_msg", shown),
    )
    assert texts(path) == [("message", ASK), ("reasoning", THINK), ("message", SAY), ("message", SAY)]


def test_a_text_that_only_display_has_counts(tmp_path: Path) -> None:
    path = rollout(
        tmp_path,
        envelope(0, "session_meta", {"id": "x"}),
        envelope(1, "event_msg", {"type": "user_message", "message": "One"}),
        envelope(2, "event_msg", {"type": "agent_message", "message": "Two"}),
        envelope(3, "event_msg", {"type": "user_message", "message": "Three"}),
    )
    assert texts(path) == [("message", "One"), ("message", "Two"), ("message", "Three")]
    assert [event.is_prompt for event in trace.read(path).events] == [True, False, True]


def test_tokens_belong_to_the_reply_before_them(tmp_path: Path) -> None:
    usage = trace.read(rollout(tmp_path, *codex())).usage
    columns = ["message", "input", "output", "cached", "model"]
    assert usage[columns].values.tolist() == [
        ["reply-1", 100, 5, 50, "gpt-x"],
        ["reply-2", 120, 5, 60, "gpt-x"],
    ]


def test_only_the_sum_is_written(tmp_path: Path) -> None:
    counts = [tokens(100, 0), tokens(250, 0)]
    for count in counts:
        del count["info"]["last_token_usage"]
    ask, _, say, *_ = codex_items()
    path = rollout(
        tmp_path,
        envelope(0, "session_meta", {"id": "x"}),
        *(envelope(1, "response_item", item) for item in (ask, say)),
        envelope(2, "event_msg", counts[0]),
        envelope(3, "response_item", {**say, "content": [{"type": "output_text", "text": "More"}]}),
        envelope(4, "event_msg", counts[1]),
    )
    assert trace.read(path).usage["input"].tolist() == [100, 150]


def test_what_the_harness_says_is_no_prompt(tmp_path: Path) -> None:
    said = [{"type": "input_text", "text": "<environment_context>\n</environment_context>"}]
    context = {"type": "message", "role": "user", "content": said}
    path = rollout(tmp_path, envelope(0, "session_meta", {"id": "x"}), envelope(1, "response_item", context))
    assert [event.is_prompt for event in trace.read(path).events] == [False]


def test_a_compaction(tmp_path: Path) -> None:
    path = rollout(tmp_path, *codex(), envelope(9, "compacted", {"message": "So far: mended."}))
    assert texts(path)[-1] == ("compaction", "So far: mended.")
    assert texts(path)[-2] == ("message", DONE)


def test_calls_of_other_kinds(tmp_path: Path) -> None:
    failed = '{"output":"x","metadata":{"exit_code":2}}'
    patch = "*** Update File: a.py\n"
    items: list[dict[str, Any]] = [
        {"type": "local_shell_call", "call_id": "s", "action": {"type": "exec", "command": ["ls", "a b"]}},
        {"type": "function_call_output", "call_id": "s", "output": failed},
        {"type": "web_search_call", "id": "w", "action": {"type": "search", "query": "tides"}},
        {"type": "custom_tool_call", "call_id": "p", "name": "apply_patch", "input": patch},
        {"type": "custom_tool_call_output", "call_id": "p", "output": "Exit code: 0\nDone"},
    ]
    path = rollout(
        tmp_path,
        envelope(0, "session_meta", {"id": "x"}),
        *(envelope(1, "response_item", item) for item in items),
    )
    tr = trace.read(path)
    calls = tr.calls
    assert calls["name"].tolist() == ["local_shell", "web_search", "apply_patch"]
    assert calls["failed"].tolist() == [True, False, False]
    assert tr.commands["command"].tolist() == ["ls 'a b'"]
    assert tr.files[["path", "modified"]].values.tolist() == [["a.py", 1]]
    assert len(tr.unanswered) == 1


def spawning(folder: Path) -> Path:
    spawn = {"type": "function_call", "name": "spawn_agent", "arguments": '{"message":"Go"}', "call_id": "s1"}
    answer = {"type": "function_call_output", "call_id": "s1", "output": '{"agent_id":"kid-1"}'}
    source = {
        "subagent": {"thread_spawn": {"parent_thread_id": "c0de-1", "depth": 1, "agent_role": "worker"}}
    }
    rollout(folder, *codex("kid-1", source), name="rollout-2.jsonl")
    rollout(
        folder,
        *codex("kid-2", {"subagent": {"thread_spawn": {"parent_thread_id": "other"}}}),
        name="r3.jsonl",
    )
    rollout(folder, *codex("c0de-9"), name="rollout-9.jsonl")
    more = [envelope(8, "response_item", spawn), envelope(9, "response_item", answer)]
    return rollout(folder, *codex(), *more)


def test_spawned_subagents_are_linked_to_their_call(tmp_path: Path) -> None:
    tr = trace.read(spawning(tmp_path))
    (agent,) = tr.agents.values()
    assert (agent.id, agent.type, agent.task, agent.answer) == ("kid-1", "worker", ASK, DONE)
    events = {event.id: event for event in tr.events}
    assert events[agent.call or ""].name == "spawn_agent"
    assert [event.text for event in agent.events if event.kind == "tool_result"] == [TEXT]
    assert len(events) == len(list(tr.events))
    assert DONE in agent.text


def test_subagents_become_tracts(tmp_path: Path) -> None:
    tract = Tract.open()
    made = tract.import_trace(spawning(tmp_path))
    assert made.tracts == ("c0de-1/kid-1",)
    assert tract.import_trace(spawning(tmp_path)).commits == 0
    tract.close()


@pytest.mark.parametrize("apart", [1, 60])
def test_a_review_belongs_to_the_session_it_began_in(tmp_path: Path, apart: int) -> None:
    review = envelope(8, "event_msg", {"type": "entered_review_mode", "user_facing_hint": "changes"})
    meta = {
        "id": "kid",
        "timestamp": f"2025-03-01T10:{apart // 60:02}:{8 + apart % 60:02}Z",
        "cwd": "/code/tide",
    }
    rollout(
        tmp_path,
        envelope(9, "session_meta", {**meta, "source": {"subagent": "review"}}),
        envelope(9, "event_msg", {"type": "user_message", "message": "Review"}),
        name="rollout-2.jsonl",
    )
    tr = trace.read(rollout(tmp_path, *codex(), review))
    assert list(tr.agents) == (["kid"] if apart < 5 else [])


def test_a_record_cut_off_and_a_foreign_one(tmp_path: Path) -> None:
    path = rollout(tmp_path, *codex())
    path.write_bytes(path.read_bytes()[:-40] + b'\n[1]\n{"type":"future","payload":{"x":1}}\n{"type"')
    tr = trace.read(path)
    assert [event.text for event in tr.events][-1] == DONE
    assert tr.skipped["future"] == 1
    assert tr.skipped["rollout-1.jsonl line 16: record of an unknown shape"] == 1
    assert tr.skipped["rollout-1.jsonl line 18: record cut off"] == 1
