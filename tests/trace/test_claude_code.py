"""Claude Code sessions: every real file against an independent count, and every trap by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.trace.helpers import call, record, result
from tract_nb import trace

Write = Callable[..., Path]


def real_sessions(traces: Path) -> list[Path]:
    return sorted(path for path in (traces / "claude_code").rglob("*.jsonl") if path.stat().st_size)


def records(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def blocks(path: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for line in records(path):
        if line["type"] in {"user", "assistant"}:
            content = line["message"]["content"]
            for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
                yield line, block


def own(tr: trace.Trace) -> list[Any]:
    return [event for event in tr.events if event.agent is None]


def test_every_real_file_by_an_independent_count(traces: Path) -> None:
    files = real_sessions(traces)
    assert len(files) == 42
    for path in files:
        events = own(trace.read(path))
        kinds = Counter(event.kind for event in events)
        found = Counter(block["type"] for _, block in blocks(path))
        assert kinds["tool_call"] == found["tool_use"], path
        assert kinds["tool_result"] == found["tool_result"], path
        failed = sum(bool(block.get("is_error")) for _, block in blocks(path))
        assert sum(event.is_error for event in events) == failed
        thoughts = sum(1 for _, block in blocks(path) if block["type"] == "thinking" and block["thinking"])
        assert kinds["reasoning"] == thoughts
        spoken = [
            block for line, block in blocks(path) if block["type"] == "text" and line["type"] == "assistant"
        ]
        assert sum(e.kind == "message" and e.role == "assistant" for e in events) == len(spoken)
        names = {block["id"]: block["name"] for _, block in blocks(path) if block["type"] == "tool_use"}
        assert all(names[event.call_id] == event.name for event in events if event.kind == "tool_result")
        answered = {block["tool_use_id"] for _, block in blocks(path) if block["type"] == "tool_result"}
        asked = [block["id"] for _, block in blocks(path) if block["type"] == "tool_use"]
        assert len(trace.read(path).unanswered) == sum(call_id not in answered for call_id in asked)


def test_every_real_record_is_an_event_or_counted(traces: Path) -> None:
    for path in real_sessions(traces):
        tr = trace.read(path)
        passed = Counter(line["type"] for line in records(path) if line["type"] not in {"user", "assistant"})
        for kind, count in passed.items():
            assert tr.skipped[kind] == count, (path, kind)
        assert not [what for what in tr.skipped if " line " in what]


def test_real_ids_parents_and_no_rewind(traces: Path) -> None:
    for path in real_sessions(traces):
        events = list(trace.read(path).events)
        ids = {event.id for event in events}
        assert len(ids) == len(events)
        assert all(event.parent is None or event.parent in ids for event in events)
        for agent in {event.agent for event in events}:
            roots = [event for event in events if event.agent == agent and event.parent is None]
            assert len(roots) == 1, path
        prompts = Counter(event.parent for event in events if event.is_prompt)
        assert max(prompts.values(), default=1) == 1, path


def test_real_parents_are_the_nearest_events_above(traces: Path) -> None:
    """The tree, walked naively over all records at once."""
    for path in real_sessions(traces):
        lines = [line for line in records(path) if line.get("uuid")]
        above = {line["uuid"]: line.get("parentUuid") or line.get("logicalParentUuid") for line in lines}
        events = own(trace.read(path))
        last_of: dict[str, str] = {}
        for event in events:
            last_of[event.id.partition("#")[0]] = event.id
        for event in events:
            if "#" not in event.id:
                parent = above[event.id]
                while parent is not None and parent not in last_of:
                    parent = above[parent]
                assert event.parent == (None if parent is None else last_of[parent]), (path, event)


def test_real_usage_counts_each_reply_once(traces: Path) -> None:
    for path in real_sessions(traces):
        largest: dict[str, dict[str, Any]] = {}
        for line in records(path):
            if line["type"] == "assistant" and line["message"].get("usage"):
                message = line["message"]
                if any(block["type"] != "thinking" or block["thinking"] for block in message["content"]):
                    largest[message["id"]] = message["usage"]
        usage = trace.read(path).usage
        usage = usage[usage["agent"].isna()]
        assert set(usage["message"]) == set(largest)
        assert usage["output"].sum() == sum(one["output_tokens"] for one in largest.values())
        keys = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        assert usage["input"].sum() == sum(one.get(key) or 0 for one in largest.values() for key in keys)


def test_real_compactions(traces: Path) -> None:
    path = next((traces / "claude_code" / "compactions").glob("*.jsonl"))
    events = list(trace.read(path).events)
    compactions = [event for event in events if event.kind == "compaction"]
    assert [event.line for event in compactions] == [427, 768]
    assert all(event.text.startswith("This session is being continued") for event in compactions)
    before: dict[str | None, Any] = {event.id: event for event in events}
    assert all(before[event.parent].line < 427 for event in compactions[:1])


def test_real_project_with_subagents_beside_the_session(traces: Path) -> None:
    tr = trace.read(next((traces / "claude_code" / "projects").glob("-Users-*")))
    assert set(tr.agents) == {"645808c9", "2b93909d", "ea02459f"}
    assert tr.skipped["subagents' files of other sessions"] == 26
    started = tr.agents["ea02459f"]
    calls: dict[str | None, Any] = {event.id: event for event in tr.events}
    assert calls[started.call].name == "Task"
    assert started.task == calls[started.call].arguments["prompt"]
    assert str(started.answer).startswith("Perfect! Now I have")
    assert tr.agents["645808c9"].call is None


def test_real_project_with_subagents_in_a_folder(traces: Path) -> None:
    project = next((traces / "claude_code" / "projects").glob("-experiments-*"))
    tr = trace.read(project)
    calls: dict[str | None, Any] = {event.id: event for event in tr.events}
    assert len(tr.agents) == 6
    for agent in tr.agents.values():
        assert calls[agent.call].arguments["prompt"] == agent.task
        assert agent.type == "general-purpose"
        assert [event for event in tr.events if event.agent == agent.id] == list(agent.events)
    folder = next(path for path in project.iterdir() if path.is_dir())
    assert list(trace.read(folder).events) == list(trace.read(folder / "subagents").events) == list(tr.events)


def test_usage_of_one_reply_in_several_records(session: Write) -> None:
    growing = [{"input_tokens": 2, "cache_read_input_tokens": 10, "output_tokens": n} for n in (1, 1, 440)]
    path = session(
        record("user", "Hello", "u1", None),
        record(
            "assistant",
            [{"type": "thinking", "thinking": "Hm."}],
            "a1",
            "u1",
            message_id="m",
            usage=growing[0],
        ),
        record("assistant", [{"type": "text", "text": "Yes."}], "a2", "a1", message_id="m", usage=growing[1]),
        record(
            "assistant",
            call("Read", "t1", file_path="/code/tide/a"),
            "a3",
            "a2",
            message_id="m",
            usage=growing[2],
        ),
    )
    usage = trace.read(path).usage
    assert usage[["message", "input", "output", "cached"]].values.tolist() == [["m", 12, 440, 10]]


def test_parents_step_over_what_gives_no_event(session: Write) -> None:
    path = session(
        record("user", "One", "u1", None),
        {
            "type": "progress",
            "uuid": "p1",
            "parentUuid": "u1",
            "data": {"type": "x"},
            "sessionId": "5e55-0001",
        },
        {
            "type": "attachment",
            "uuid": "p3",
            "parentUuid": "p2",
            "attachment": {},
        },  # before its parent, as seen
        {"type": "system", "subtype": "turn_duration", "uuid": "p2", "parentUuid": "p1"},
        record("assistant", [{"type": "text", "text": "Two"}], "a1", "p3"),
    )
    assert [(event.id, event.parent) for event in trace.read(path).events] == [("u1", None), ("a1", "u1")]


def test_progress_is_passed_over_without_parsing_but_not_out_of_the_chain(session: Write) -> None:
    progress = (
        b'{"parentUuid":"a1","isSidechain":false,"type":"progress","data":{"x":{"uuid":"no"},"agentId":"beef"}'
        b',"toolUseID":"x","parentToolUseID":"t1","uuid":"p1","timestamp":"2025-03-01T10:00:00.000Z"}\n'
    )
    path = session(
        record("user", "One", "u1", None),
        record("assistant", call("Task", "t1", prompt="Look"), "a1", "u1"),
        record("assistant", [{"type": "text", "text": "Meanwhile"}], "a2", "a1"),
        progress,
        record("user", result("t1", "done"), "u2", "p1"),
    )
    tr = trace.read(path)
    assert [event.parent for event in tr.events] == [None, "u1", "a1", "a1"]
    assert tr.skipped == {"progress": 1}
    assert tr.agents == {}  # nothing of it is recorded but that it was there
    assert tr.agents_df[["task", "answer"]].values.tolist() == [["Look", "done"]]


def test_a_compaction_is_bridged_to_the_record_it_names(session: Write) -> None:
    boundary = {"type": "system", "subtype": "compact_boundary", "uuid": "b1", "logicalParentUuid": "u1"}
    path = session(
        record("user", "One", "u1", None),
        record("assistant", [{"type": "text", "text": "Two"}], "a1", "u1"),
        boundary,
        record("user", "Summary.", "s1", "b1", isCompactSummary=True),
    )
    assert [event.parent for event in trace.read(path).events] == [None, "u1", "u1"]


def test_a_copy_for_display_before_the_rest_of_its_record(session: Write) -> None:
    answer = record("user", result("t1", "y"), "u2", "a1")
    early = {"type": "user", "message": answer.pop("message"), "toolUseResult": {"stdout": "x"}, **answer}
    path = session(
        record("user", "One", "u1", None),
        record("assistant", call("Bash", "t1", command="ls"), "a1", "u1"),
        early,
    )
    assert [(event.id, event.parent) for event in trace.read(path).events][2] == ("u2", "a1")


def test_a_word_about_progress_is_no_progress_record(session: Write) -> None:
    path = session(record("user", 'They write {"type":"progress"} there', "u1", None, type="user"))
    odd = path.read_bytes().replace(b'"isSidechain":false', b'"isSidechain":false,"x":{"type":"progress"}')
    path.write_bytes(odd)
    assert [event.id for event in trace.read(path).events] == ["u1"]


def test_a_compaction_is_one_event_with_its_summary(session: Write) -> None:
    boundary = {
        "type": "system",
        "subtype": "compact_boundary",
        "uuid": "b1",
        "parentUuid": None,
        "logicalParentUuid": "a1",
    }
    path = session(
        record("user", "One", "u1", None),
        record("assistant", [{"type": "text", "text": "Two"}], "a1", "u1"),
        boundary,
        record("user", "What was before: one, two.", "s1", "b1", isCompactSummary=True),
        record("user", "Three", "u2", "s1"),
    )
    compaction, prompt = list(trace.read(path).events)[2:]
    assert (compaction.kind, compaction.text, compaction.parent) == (
        "compaction",
        "What was before: one, two.",
        "a1",
    )
    assert (compaction.is_prompt, prompt.is_prompt, prompt.parent) == (False, True, "s1")


@pytest.mark.parametrize("bridge", ["a1", None])
@pytest.mark.parametrize("more", [True, False])
def test_a_compaction_without_a_summary_says_so(session: Write, bridge: str | None, *, more: bool) -> None:
    boundary = {
        "type": "system",
        "subtype": "compact_boundary",
        "uuid": "b1",
        "parentUuid": None,
        "logicalParentUuid": bridge,
    }
    path = session(
        record("user", "One", "u1", None),
        record("assistant", [{"type": "text", "text": "Two"}], "a1", "u1"),
        boundary,
        *([record("user", "Three", "u2", "b1")] if more else []),
    )
    events = list(trace.read(path).events)
    assert (events[2].kind, events[2].id, events[2].parent) == ("compaction", "b1", "a1")
    assert "holds no summary" in events[2].text
    assert [event.parent for event in events[3:]] == ["b1"] * more


def test_a_rewind_shows_as_two_prompts_under_one_parent(session: Write) -> None:
    opened = [{"type": "text", "text": "<ide_opened_file>a.py</ide_opened_file>"}]
    path = session(
        record("user", "One", "u1", None),
        record("assistant", [{"type": "text", "text": "Two"}], "a1", "u1"),
        record("user", [*opened, {"type": "text", "text": "Three"}], "u2", "a1"),
        record("user", [*opened, {"type": "text", "text": "Other"}], "u3", "a1"),
    )
    prompts = [event for event in trace.read(path).events if event.is_prompt]
    assert [event.parent for event in prompts] == [None, "a1", "a1"]
    assert prompts[2].text == "<ide_opened_file>a.py</ide_opened_file>\n\nOther"


@pytest.mark.parametrize(
    ("content", "more"),
    [
        ("<command-name>/exit</command-name>", {}),
        ("<local-command-stdout>Bye!</local-command-stdout>", {}),
        ([{"type": "text", "text": "[Request interrupted by user for tool use]"}], {}),
        ("Base directory for this skill: /x", {"isMeta": True}),
        (result("t1", "x"), {}),
        ([{"type": "text", "text": "<ide_opened_file>a.py</ide_opened_file>"}], {}),
    ],
)
def test_what_the_harness_says_is_no_prompt(session: Write, content: Any, more: dict[str, Any]) -> None:
    path = session(record("user", "One", "u1", None), record("user", content, "u2", "u1", **more))
    assert [event.is_prompt for event in trace.read(path).events] == [True, False]


def test_images_stand_apart_from_the_text(session: Write) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    path = session(
        record("user", [{"type": "text", "text": "See"}, image], "u1", None),
        record("assistant", call("Read", "t1", file_path="/code/tide/a.png"), "a1", "u1"),
        record(
            "user",
            result(
                "t1", [{"type": "text", "text": "read"}, image, {"type": "tool_reference", "tool_name": "X"}]
            ),
            "u2",
            "a1",
        ),
    )
    prompt, _, answer = trace.read(path).events
    assert (prompt.text, [one.media_type for one in prompt.images]) == ("See", ["image/png"])
    assert answer.text == 'read\n{"type":"tool_reference","tool_name":"X"}'
    assert answer.images[0].data == "iVBORw0KGgo="


def test_blocks_without_text_and_blocks_unknown(session: Write) -> None:
    content = [
        {"type": "thinking", "thinking": "", "signature": "EpAx"},
        {"type": "redacted_thinking", "data": "xx"},
        {"type": "text", "text": ""},
        {"type": "hologram", "depth": 3},
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "tides"}},
        {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"url": "x"}]},
    ]
    tr = trace.read(session(record("assistant", content, "a1", None)))
    assert [(event.id, event.kind) for event in tr.events] == [
        ("a1", "other"),
        ("a1#1", "tool_call"),
        ("a1#2", "tool_result"),
    ]
    assert tr.skipped == {"thinking without text": 2, "empty text": 1, "hologram block": 1}
    assert tr.unanswered == ()


def test_the_copy_for_display_is_not_read_whatever_it_holds(session: Write) -> None:
    answer = record("user", result("t1", 'says ,"toolUseResult": here'), "u2", "a1")
    answer |= {"toolUseResult": {"stdout": "x" * 50, "agentId": "beef"}, "sourceToolAssistantUUID": "a1"}
    nested = record("assistant", call("Odd", "t2", a=1, toolUseResult={"b": 2}), "a2", "u2")
    tr = trace.read(
        session(
            record("user", "One", "u1", None),
            record("assistant", call("Task", "t1", prompt="p"), "a1", "u1"),
            answer,
            nested,
        )
    )
    events = list(tr.events)
    assert events[2].text == 'says ,"toolUseResult": here'
    assert events[3].arguments == {"a": 1, "toolUseResult": {"b": 2}}


def test_repeated_tool_ids_and_repeated_records(session: Write) -> None:
    path = session(
        record("assistant", call("Read", "t", file_path="/code/tide/a"), "a1", None),
        record("user", result("t", "one"), "u1", "a1"),
        record("assistant", call("Read", "t", file_path="/code/tide/b"), "a2", "u1"),
        record("user", result("t", "two", failed=True), "u2", "a2"),
        record("user", result("t", "two", failed=True), "u2", "a2"),
    )
    tr = trace.read(path)
    assert tr.skipped == {"repeated record": 1}
    assert tr.calls[["target", "failed"]].values.tolist() == [["/code/tide/a", False], ["/code/tide/b", True]]
    assert tr.failures["message"].tolist() == ["two"]
    assert trace.structure(tr).files_read == ("a",)


def test_subagents_inside_the_session_of_an_early_version(session: Write) -> None:
    side = {"isSidechain": True}
    path = session(
        record("user", "One", "u1", None),
        record("assistant", call("Task", "t1", prompt="Look here", subagent_type="scout"), "a1", "u1"),
        record("user", "Look here", "5de0aaaa-1", None, **side),
        record("assistant", call("Read", "t9", file_path="/code/tide/a"), "5de0bbbb-2", "5de0aaaa-1", **side),
        record("user", result("t9", "x"), "5de0cccc-3", "5de0bbbb-2", **side),
        record("assistant", [{"type": "text", "text": "Found."}], "5de0dddd-4", "5de0cccc-3", **side),
        record("user", result("t1", "Found."), "u2", "a1"),
    )
    tr = trace.read(path)
    assert [(event.id, event.agent) for event in tr.events][:3] == [("u1", None), ("a1", None), ("u2", None)]
    assert list(tr.agents) == ["5de0aaaa"]
    agent = tr.agents["5de0aaaa"]
    assert (agent.call, agent.type, agent.task, agent.answer) == ("a1", "scout", "Look here", "Found.")
    assert [event.kind for event in agent.events] == ["message", "tool_call", "tool_result", "message"]
    assert not any(event.is_prompt for event in agent.events)
    assert "Found." in agent.text


def test_a_subagents_file_alone_is_a_trace_of_its_own(session: Write) -> None:
    side = {"isSidechain": True, "agentId": "beef"}
    path = session(
        record("user", "Look", "u1", None, **side),
        record("assistant", "Found.", "a1", "u1", **side),
        name="agent-beef.jsonl",
    )
    tr = trace.read(path)
    assert (tr.session_id, tr.metadata["session_id"]) == ("beef", "5e55-0001")
    assert [(event.agent, event.text) for event in tr.events] == [(None, "Look"), (None, "Found.")]


def test_of_several_sessions_the_newest_is_read_and_the_others_named(session: Write, tmp_path: Path) -> None:
    session(record("user", "new", "u1", None, timestamp="2025-03-02T10:00:00.000Z"), name="p/a.jsonl")
    session(record("user", "old", "u2", None), name="p/b.jsonl")
    session(name="p/c.jsonl")
    tr = trace.read(tmp_path / "p")
    assert [event.text for event in tr.events] == ["new"]
    assert tr.metadata["other_sessions"] == [str(tmp_path / "p" / "b.jsonl")]
    assert tr.skipped == {"empty files": 1, "other sessions in this folder": 1}


def test_large_integers_and_lone_surrogates_come_as_they_are(session: Write) -> None:
    line = record(
        "assistant",
        call("Write", "t1", file_path="/code/tide/a", n=12345678901234567890123, x=1.5),
        "a1",
        None,
    )
    odd = json.dumps(record("user", "half \ud83d gone", "u1", "a1")).encode() + b"\n"
    path = session(line, odd)
    first, second = trace.read(path).events
    assert first.arguments is not None
    assert (first.arguments["n"], first.arguments["x"]) == ("12345678901234567890123", 1.5)
    assert second.text == "half \ud83d gone"


def test_trace_shows_itself_briefly_and_safely(session: Write) -> None:
    tr = trace.read(session(record("user", "<img src=x onerror=alert(1)> $5", "u1", None, sessionId="<b>$")))
    assert repr(tr) == "Trace(claude_code, session <b>$, 5e55-0001.jsonl)"
    assert "<b>" not in tr._repr_html_()
    assert repr(trace.structure(tr)) == (
        "Structure(0 calls, 0 failures, 0 files read, 0 modified, 0 created, 0 agents)"
    )


def test_empty_tables_have_their_columns(session: Write) -> None:
    tr = trace.read(session(record("user", "Hello", "u1", None)))
    for frame in (tr.calls, tr.files, tr.commands, tr.failures, tr.agents_df):
        assert len(frame) == 0
        assert len(frame.columns) > 5
    assert str(tr.calls.dtypes["time"]) == "datetime64[us, UTC]"
