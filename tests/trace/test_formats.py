"""One run in every format: each reader tells the same of it, and each imports to what providers accept."""

from __future__ import annotations

import json
import warnings
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from tests.core.helpers import frozen
from tests.core.providers_check import check_compiled
from tests.trace import written
from tests.trace.written import ASK, DONE, PATH, SAY, TEXT, THINK, WRITTEN, put
from tract_nb import Tract, trace
from tract_nb.errors import TraceError, TractWarning
from tract_nb.trace import registry

#: what a format has no room for
NO_SYSTEM = {"claude_code", "code_trace", "codex", "codex, old", "swe_agent, text", "swe_agent, steps"}
NO_THOUGHT = {"swe_agent", "swe_agent, text", "swe_agent, steps", "langfuse"}
STEPS = {"swe_agent, text", "swe_agent, steps"}  # an action is a command of the shell


def told(tr: trace.Trace) -> list[tuple[Any, ...]]:
    return [
        (event.kind, event.role, event.name, event.arguments if event.kind == "tool_call" else event.text)
        for event in tr.events
    ]


def wanted(name: str) -> list[tuple[Any, ...]]:
    tool, given = ("bash", {"command": "look gauge.py"}) if name in STEPS else ("look", PATH)
    answer = f"{TEXT}\nbash-$" if name == "swe_agent, text" else TEXT
    story: list[tuple[Any, ...]] = []
    if name not in NO_SYSTEM:
        story.append(("message", "system", None, "You mend gauges."))
    if name != "swe_agent, steps":
        story.append(("message", "user", None, ASK))
    if name not in NO_THOUGHT:
        story.append(("reasoning", "assistant", None, THINK))
    story += [
        ("message", "assistant", None, SAY),
        ("tool_call", "assistant", tool, given),
        ("tool_result", "tool", tool, answer),
        ("message", "assistant", None, DONE),
    ]
    if name in STEPS:  # the last step's own observation, which the history lacks
        story += [
            ("tool_call", "assistant", tool, {"command": "submit"}),
            ("tool_result", "tool", tool, "diff"),
        ]
    return story


@pytest.mark.parametrize("name", WRITTEN)
def test_every_reader_tells_the_same_run(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name)
    tr = trace.read(path)
    assert tr.format == name.partition(",")[0]
    assert told(tr) == wanted(name)
    events = list(tr.events)
    assert list(tr.events) == events, "the same at every reading"
    assert len({event.id for event in events}) == len(events)
    assert [event.parent for event in events] == [None, *(event.id for event in events[:-1])]
    calls = [event.call_id for event in events if event.kind == "tool_call"]
    assert calls == [event.call_id for event in events if event.kind == "tool_result"]
    assert all(calls)
    assert tr.unanswered == ()
    assert [event.text for event in events if event.is_prompt] == (
        [] if name == "swe_agent, steps" else [ASK]
    )
    assert tr.calls["answered"].all()


@pytest.mark.parametrize("name", WRITTEN)
def test_every_format_imports_to_what_providers_accept(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name)
    tract = Tract.open(clock=frozen)
    tract.import_trace(path)
    context = tract.compile()
    check_compiled(context)
    begins = "the first turn is not a user's: Anthropic is sent one that says so"
    assert context.warnings == ((begins,) if name == "swe_agent, steps" else ())
    assert any(DONE in message.text for message in context.messages)
    assert tract.import_trace(path).commits == 0
    tract.close()


@pytest.mark.parametrize("name", WRITTEN)
def test_sniff_says_what_a_file_is_and_why(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name).rename(tmp_path / "unnamed")
    found = trace.sniff(path)
    assert found.format == name.partition(",")[0]
    assert len(found.why.split()) > 3
    assert repr(found) == f"unnamed: {found.format} ({found.about}): {found.why}"


@pytest.mark.parametrize("name", [name for name in WRITTEN if not name.startswith("inspect, ")])
def test_every_event_says_where_it_stands(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name)
    data = path.read_bytes()
    for event in trace.read(path).events:
        assert event.line == 1 + data[: event.offset].count(b"\n")
        assert data[event.offset : event.offset + 1] in (
            b"{",
            b"*",
            b"[",
            SAY[:1].encode(),
            ASK[:1].encode(),
            b'"',
        )


def test_sniff_of_what_is_none(tmp_path: Path) -> None:
    for data, says in (
        (b"PK\x03\x04rubbish", "archive"),
        (b"\0\1", "binary"),
        (b"{}", "no shape"),
        (b"", "empty"),
    ):
        path = tmp_path / "given"
        path.write_bytes(data)
        with pytest.raises(TraceError, match=says) as caught:
            trace.sniff(path)
        assert caught.value.path == path
    with pytest.raises(TraceError, match="folder"):
        trace.sniff(tmp_path)


class OneLine:
    """A format of another package: a file that says it is one."""

    format, path, session_id, metadata = "one_line", Path("x"), "s", {"a": 1}

    def __init__(self, path: Path, part: str | None) -> None:
        self.path = path

    def events(self, notes: Any) -> Any:
        from tract_nb.model.event import Event

        yield Event("e1", None, None, None, "message", "user", text=self.path.read_text())


def _why(head: Any) -> str | None:
    return "it says so" if head.text.startswith(b"one line:") else None


ADDED = registry.Format("one_line", "one line", _why, OneLine)  # type: ignore[arg-type]
NO_FORMAT = 7


def test_other_packages_add_formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def entries(group: str) -> list[EntryPoint]:
        assert group == "tract_nb.trace_formats"
        return [EntryPoint("b", f"{__name__}:ADDED", group)]

    monkeypatch.setattr(registry, "entry_points", entries)
    registry.added.cache_clear()
    path = tmp_path / "x.txt"
    path.write_text("one line: hello")
    try:
        tr = trace.read(path)
        assert (tr.format, [event.text for event in tr.events]) == ("one_line", ["one line: hello"])
        assert trace.sniff(path).why == "it says so"
    finally:
        registry.added.cache_clear()


@pytest.mark.parametrize("target", ["NO_FORMAT", "MISSING"])
def test_a_broken_format_is_warned_of_and_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    entry = EntryPoint("broken", f"{__name__}:{target}", "tract_nb.trace_formats")
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    registry.added.cache_clear()
    path = tmp_path / "x.txt"
    path.write_text("hello")
    try:
        with pytest.warns(TractWarning, match="broken"), pytest.raises(TraceError, match="known format"):
            trace.read(path)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert trace.read(put(tmp_path, "codex")).format == "codex"
    finally:
        registry.added.cache_clear()


def test_a_file_of_several_conversations(tmp_path: Path) -> None:
    records = [{"messages": [{"role": "user", "content": word}]} for word in ("one", "two", "three")]
    path = tmp_path / "tuning.jsonl"
    path.write_bytes(written.lines(records))
    tr = trace.read(path)
    assert [event.text for event in tr.events] == ["one"]
    assert tr.metadata["other_sessions"] == [f"{path}#2", f"{path}#3"]
    assert tr.skipped == {"other conversations in this file": 2}
    third = trace.read(f"{path}#3")
    assert [(event.text, event.line) for event in third.events] == [("three", 3)]
    assert third.session_id != tr.session_id
    with pytest.raises(TraceError, match="no conversation '9'"):
        trace.read(f"{path}#9")
    with pytest.raises(TraceError, match="No such file"):
        trace.read(f"{tmp_path}/missing.jsonl#1")


def test_two_chats_of_one_name_are_two_sessions(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "chat.json").write_text(json.dumps([{"role": "user", "content": folder}]))
    tract = Tract.open(clock=frozen)
    tract.import_trace(tmp_path / "a" / "chat.json")
    assert tract.import_trace(tmp_path / "b" / "chat.json").commits == 1
    tract.close()


def test_shapes_of_messages_that_others_write(tmp_path: Path) -> None:
    asked, attached = {"type": "text", "text": "?"}, {"type": "file", "file": {"filename": "f"}}
    pixel = "data:image/png;base64,QUJD"
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": pixel}}, asked]},
        {"role": "assistant", "content": None, "function_call": {"name": "old", "arguments": "{"}},
        {"role": "function", "name": "old", "content": "done"},
        {"type": "ai", "content": "", "tool_calls": [{"name": "lang", "args": {"a": 1}, "id": "l1"}]},
        {"type": "tool", "content": "fine", "tool_call_id": "l1", "status": "error"},
        {"type": "function_call_output", "call_id": "x", "output": [{"type": "output_text", "text": "out"}]},
        {"role": "assistant", "content": [{"type": "hologram", "text": "h"}, attached]},
        {"role": "nobody", "content": "?"},
        7,
    ]  # fmt: skip
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(messages))
    tr = trace.read(path)
    assert [(event.kind, event.role, event.name, event.text, event.is_error) for event in tr.events] == [
        ("message", "system", None, "Be brief.", False),
        ("message", "user", None, "?", False),
        ("tool_call", "assistant", "old", "{", False),
        ("tool_result", "tool", "old", "done", False),
        ("tool_call", "assistant", "lang", '{"a":1}', False),
        ("tool_result", "tool", "lang", "fine", True),
        ("tool_result", "tool", None, "out", False),
        ("other", "assistant", None, '{"type":"hologram","text":"h"}', False),
        ("message", "assistant", None, "[file: f]", False),
    ]
    assert [image.data for event in tr.events for image in event.images] == ["QUJD"]
    assert tr.skipped["arguments that are not JSON"] == 1
    assert tr.skipped["message of role nobody"] == 1
    assert tr.skipped["message of an unknown shape"] == 1


def test_large_integers_in_a_chat_keep_their_digits(tmp_path: Path) -> None:
    call = '{"id":"c","function":{"name":"f","arguments":{"n":123456789012345678901234567890}}}'
    path = tmp_path / "chat.json"
    path.write_text(f'[{{"role":"user","content":"x"}},{{"role":"assistant","tool_calls":[{call}]}}]')
    assert list(trace.read(path).events)[1].arguments == {"n": "123456789012345678901234567890"}


def test_a_message_over_two_lines_before_other_records(tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_bytes(b'{"role":"user",\n"content":"x"}\n{"a":1}\n{"role":"user","content":"y"}\n')
    assert trace.sniff(path).format == "openai_chat"
    assert [event.text for event in trace.read(path).events] == ["y"]
