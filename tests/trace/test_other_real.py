"""Real files of the other formats: what the readers count, against a count by plain json."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tract_nb import trace
from tract_nb.trace.formats.langfuse_chat import chat_form
from tract_nb.trace.notes import Notes


def calls_of(tr: trace.Trace) -> list[tuple[Any, ...]]:
    return [(event.name, event.arguments) for event in tr.events if event.kind == "tool_call"]


def test_swe_agent(traces: Path) -> None:
    paths = sorted((traces / "swe_agent").glob("*.traj"))
    assert paths
    for path in paths:
        plain = json.loads(path.read_text())
        asked = [
            (call["function"]["name"], json.loads(call["function"]["arguments"]))
            for message in plain["history"]
            for call in message.get("tool_calls") or ()
        ]
        actions = [message["action"] for message in plain["history"] if message.get("action")]
        tr = trace.read(path)
        assert calls_of(tr) == (asked or [("bash", {"command": action}) for action in actions])
        events = list(tr.events)
        counts = Counter(event.role for event in events if event.kind == "message")
        roles = Counter(message["role"] for message in plain["history"])
        assert counts["system"] == roles["system"]
        assert counts["assistant"] == roles["assistant"]
        observed = roles["tool"] or len(plain["trajectory"])
        assert sum(event.kind == "tool_result" for event in events) == observed
        assert tr.unanswered == ()
        if "trajectory" in plain:
            assert len(plain["trajectory"]) == len(tr.calls)


def samples(path: Path) -> dict[str, dict[str, Any]]:
    if path.suffix == ".json":
        found = json.loads(path.read_text())["samples"]
        return {f"{sample['id']}_epoch_{sample['epoch']}": sample for sample in found}
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.startswith("samples/")]
        return {name[8:-5]: json.loads(archive.read(name)) for name in names}


def test_inspect(traces: Path) -> None:
    paths = sorted((traces / "inspect").iterdir())
    assert len(paths) == 2
    for path in paths:
        plain = samples(path)
        first = trace.read(path)
        assert len(first.metadata.get("other_sessions", [])) == len(plain) - 1
        for name, sample in plain.items():
            tr = trace.read(f"{path}#{name}")
            messages = sample["messages"]
            said = [
                (event.role, event.text) for event in tr.events if event.kind in ("message", "tool_result")
            ]
            assert said == [(message["role"], message["content"]) for message in messages]
            asked = [call for message in messages for call in message.get("tool_calls") or ()]
            assert calls_of(tr) == [(call["function"], call["arguments"]) for call in asked]
            own = {message["id"] for message in messages}
            used = [
                event["output"]["usage"]
                for event in sample["events"]
                if event["event"] == "model"
                and event["output"]["choices"][0]["message"]["id"] in own
                and "usage" in event["output"]
            ]
            assert tr.usage["input"].sum() == sum(one["input_tokens"] for one in used)
            assert tr.usage["output"].sum() == sum(one["output_tokens"] for one in used)
        assert first.session_id == trace.read(f"{path}#{next(iter(plain))}").session_id


EXPORTS = [
    "beeai-2025-08-01",
    "claude-agent-2025-12-22",
    "langgraph-python-2025-08-22",
    "openai-agents-2025-09-30",
]


def arguments(call: dict[str, Any]) -> Any:
    given = call.get("arguments", call.get("input"))
    return json.loads(given) if isinstance(given, str) else given


def delivered(message: dict[str, Any]) -> tuple[Any, ...]:
    """Return who says what, which tools with which arguments, of a chat form that came with an export."""
    blocks: list[dict[str, Any]] = []
    if isinstance(message.get("content"), list):
        blocks = message["content"]
    calls = [
        *(message.get("tool_calls") or ()),
        *(block for block in blocks if block.get("type") == "tool_use"),
    ]
    asked = [(call["name"], arguments(call), call["id"]) for call in calls]
    return message.get("role"), asked, message.get("name"), message.get("tool_call_id")


@pytest.mark.parametrize("name", EXPORTS)
def test_langfuse_chat_forms_are_those_delivered(traces: Path, name: str) -> None:
    folder = traces / "langfuse"
    export = json.loads((folder / f"{name}.trace.json").read_text())
    observations = {one["id"]: one for one in export["observations"]}
    compared = 0
    for known, sides in json.loads((folder / f"{name}.chatml.json").read_text()).items():
        for side, form in sides.items():
            if not form["success"]:
                continue
            ours = []
            for said in chat_form(observations[known][side], notes=Notes(), output=side == "output"):
                calls = [part for part in said.parts if part.kind == "tool_call"]
                asked = [(part.name, part.arguments, part.call_id) for part in calls]
                result = next((part for part in said.parts if part.kind == "tool_result"), None)
                ours.append((said.role, asked, result and result.name, result and result.call_id))
            assert ours == [delivered(message) for message in form["data"]], (known, side)
            compared += 1
    assert compared > 3


@pytest.mark.parametrize("name", EXPORTS)
def test_langfuse_conversations(traces: Path, name: str) -> None:
    path = traces / "langfuse" / f"{name}.trace.json"
    observations = json.loads(path.read_text())["observations"]
    generations = [one for one in observations if one["type"] == "GENERATION"]
    tr = trace.read(path)
    used = [one["usageDetails"] for one in generations]
    assert tr.usage["input"].sum() == sum(one.get("input", 0) for one in used)
    assert tr.usage["output"].sum() == sum(one.get("output", 0) for one in used)
    paid = sum(one["totalCost"] or 0 for one in generations)
    assert tr.usage["cost"].sum() == pytest.approx(paid)
    asked = set(re.findall(r'"((?:call|toolu)_\w{9,})', json.dumps(observations).replace("\\", "")))
    ids = [event.call_id for event in tr.events if event.kind == "tool_call"]
    assert len(ids) == len(set(ids)) == len(asked)
    assert tr.unanswered == ()
    texts = Counter((event.kind, event.role, event.text) for event in tr.events if event.kind == "message")
    assert max(texts.values()) == 1, "nothing is told twice"


def test_the_answer_that_only_a_span_tells(traces: Path) -> None:
    tr = trace.read(traces / "langfuse" / "beeai-2025-08-01.trace.json")
    said = [event.text for event in tr.events if event.kind == "message" and event.role == "assistant"]
    assert said[-1].startswith("Barcelona is a vibrant city")
