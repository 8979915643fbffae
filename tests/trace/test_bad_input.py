"""Bad input: a TraceError that says where and what to do, or the readable part and what was passed over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.trace.helpers import record
from tract_nb import trace
from tract_nb.errors import TraceError

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        (b"hello\nworld\n", "known format"),
        (b'{"hello": "world"}\n', "no shape"),
        (b"[1, 2, 3]\n", "no shape"),
        (b'{\n  "sessionId": "x",\n  "messages": []\n}\n', "no shape"),
        (
            b'{\n  "sessionId": "x",\n  "messages": [\n    {\n      "type": "user"\n    }\n  ]\n}\n',
            "no shape",
        ),
        (b'[\n  {\n    "sessionId": "x",\n    "type": ["user"]\n  }\n]\n', "no shape"),
        (b'{ "trace": {\n "sessionId": "x", "type": 1}}\n', "no shape"),
        (b'{"sessionId":"x","messages":[{"type":"user","content":"' + b"x" * 100_000 + b'"}]}', "no shape"),
        (b'{"type":"session_meta","payload":{"x":"' + b"x" * 100_000 + b'"}}', "no message"),
        (b'"just a text"\n', "known format"),
        (
            b'{"timestamp":"2025","type":"session_meta","payload":{"id":"x"}}\n',
            "no message",
        ),
        (b"# Conversation Trace\n\n## Main Conversation\n", "no message"),
        (b'{"type":"summary","summary":"x","leafUuid":"y"}\n', "no message"),
        (b'{"parentUuid":null,"sessionId":"x","type":"us', "cut off"),
        (b'{"type":"user","sessionId":"x","uuid":"u","message":7}\n', "unknown shape"),
    ],
)
def test_what_is_no_trace(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "given.jsonl"
    path.write_bytes(data)
    with pytest.raises(TraceError) as caught:
        trace.read(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.path == path
    assert caught.value.hint


@pytest.mark.parametrize("folder", ["gemini", "openhands"])
def test_real_files_of_other_formats(traces: Path, folder: str) -> None:
    for path in (traces / folder).iterdir():
        with pytest.raises(TraceError) as caught:
            trace.read(path)
        assert "no shape that this version reads" in caught.value.message
        assert "Claude Code sessions" in caught.value.hint


def test_an_empty_path_is_not_the_current_folder(session: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(session(record("user", "One", "u1", None)).parent)
    for look in (trace.read, trace.sessions, lambda path: trace.sessions([path])):
        with pytest.raises(TraceError, match="path is empty") as caught:
            look("")
        assert caught.value.hint
    assert trace.read(".").session_id == "5e55-0001"
    assert len(trace.sessions(".")) == 1


def test_nobodys_home() -> None:
    with pytest.raises(TraceError, match="No such folder"):
        trace.read("~nobody-by-that-name/x.jsonl")


def test_a_file_that_cannot_be_read(session: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = session(record("user", "One", "u1", None))

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(TraceError, match="Permission denied") as caught:
        trace.read(path)
    assert caught.value.hint


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="No such file or folder"):
        trace.read(tmp_path / "missing.jsonl")
    with pytest.raises(TraceError) as caught:
        trace.read(tmp_path)
    assert "No session in this folder. Looked for *.jsonl and code_trace.md." in str(caught.value)
    assert caught.value.hint


def test_a_folder_of_projects_says_how_to_go_on(session: Write, tmp_path: Path) -> None:
    session(record("user", "x", "u1", None), name="projects/a/s.jsonl")
    with pytest.raises(TraceError, match="sessions"):
        trace.read(tmp_path / "projects")


def test_only_subagents(session: Write, tmp_path: Path) -> None:
    for agent in ("aa", "bb"):
        session(
            record("user", "x", f"u{agent}", None, isSidechain=True, agentId=agent),
            name=f"p/agent-{agent}.jsonl",
        )
    with pytest.raises(TraceError, match="2 subagents"):
        trace.read(tmp_path / "p")


def test_the_name_says_nothing(session: Write, tmp_path: Path) -> None:
    path = session(record("user", "x", "u1", None)).rename(tmp_path / "renamed.txt")
    assert trace.read(path).format == "claude_code"


def test_last_line_cut_off(session: Write) -> None:
    path = session(record("user", "One", "u1", None), record("assistant", "Two", "a1", "u1"))
    path.write_bytes(path.read_bytes()[:-30])
    tr = trace.read(path)
    assert [event.text for event in tr.events] == ["One"]
    assert tr.skipped == {"5e55-0001.jsonl line 2: record cut off": 1}


def test_lines_that_cannot_be_read_are_named_but_not_for_ever(session: Write) -> None:
    broken = [b"{broken\n"] * 30
    tr = trace.read(
        session(
            record("user", "One", "u1", None), *broken, b"\n", b"[]\n", record("assistant", "Two", "a1", "u1")
        )
    )
    assert [event.text for event in tr.events] == ["One", "Two"]
    assert tr.skipped["5e55-0001.jsonl line 2: text that is not JSON"] == 1
    assert tr.skipped["more unreadable lines"] == 11
    assert len(tr.skipped) == 21


@pytest.mark.parametrize(
    "change",
    [
        {"message": None},
        {"message": {"content": 5}},
        {"message": {"content": [5]}},
        {"message": {"content": [{"type": 5}]}},
        {"message": {"content": [{"type": "text"}]}},
        {"message": {"content": [{"type": "text", "text": 5}]}},
        {"message": []},
        {"uuid": ["x"]},
        {"parentUuid": {"x": 1}},
        {"message": {"content": [{"type": "tool_use", "id": [], "name": 4}]}},
    ],
)
@pytest.mark.parametrize("kind", ["user", "assistant"])
def test_records_of_another_shape_do_no_harm(session: Write, change: dict[str, Any], kind: str) -> None:
    odd = record(kind, "x", "odd", "u1") | change
    tr = trace.read(session(record("user", "One", "u1", None), odd, record("user", "Two", "u2", "u1")))
    texts = [event.text for event in tr.events]
    assert (texts[0], texts[-1]) == ("One", "Two")
    assert all(isinstance(text, str) for text in texts)
    tr.structure  # noqa: B018


def test_times_and_types_of_another_shape(session: Write) -> None:
    odd = record("user", "One", "u1", None) | {"timestamp": "yesterday"}
    tr = trace.read(
        session(
            odd, {"type": ["x"], "sessionId": "x"}, {"type": "brand-new", "uuid": "n1", "parentUuid": "u1"}
        )
    )
    assert next(iter(tr.events)).time is None
    assert tr.skipped == {'record of type ["x"]': 1, "brand-new": 1}


def test_invalid_utf8(session: Write) -> None:
    path = session(record("user", "caf\xe9 XX", "u1", None))
    path.write_bytes(path.read_bytes().replace(b"XX", b"\xff"))
    tr = trace.read(path)
    assert next(iter(tr.events)).text == "caf\xe9 �"
    assert tr.skipped == {"5e55-0001.jsonl line 1: invalid UTF-8": 1}


def test_invalid_utf8_on_many_lines(session: Write) -> None:
    path = session(*[record("user", "XX", f"u{turn}", None) for turn in range(30)])
    path.write_bytes(path.read_bytes().replace(b"XX", b"\xff"))
    skipped = trace.read(path).skipped
    assert skipped["5e55-0001.jsonl line 20: invalid UTF-8"] == 1
    assert skipped["more lines with invalid UTF-8"] == 10
    assert len(skipped) == 21


def test_a_line_of_50_megabytes(session: Write) -> None:
    path = session(record("user", "x" * 50_000_000, "u1", None), record("assistant", "Two", "a1", "u1"))
    tr = trace.read(path)
    assert (tr.session_id, tr.metadata["cwd"]) == ("5e55-0001", "/code/tide")
    assert [len(event.text) for event in tr.events] == [50_000_000, 3]


def test_a_result_of_50_megabytes_in_markdown(tmp_path: Path) -> None:
    path = tmp_path / "code_trace.md"
    body = "a long line of a result\n" * 2_100_000
    path.write_text(
        "# Conversation Trace\n\n## Main Conversation\n\n### [2025-03-01T10:00:00.000Z] User\n\n"
        f"**Tool Result** (ID: t1)\n```\n{body}```\n\n### [2025-03-01T10:00:01.000Z] Assistant\n\nEnd.\n"
    )
    assert [len(event.text) for event in trace.read(path).events] == [len(body) - 1, 4]


def test_nested_without_end(session: Write) -> None:
    deep = b'{"sessionId":"x","type":"user","uuid":"u9","message":' + b"[" * 200_000 + b"\n"
    tr = trace.read(session(record("user", "One", "u1", None), deep))
    assert [event.text for event in tr.events] == ["One"]
    assert sum(tr.skipped.values()) == 1


def test_byte_order_mark(session: Write) -> None:
    path = session(record("user", "One", "u1", None))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    tr = trace.read(path)
    assert (tr.session_id, [event.text for event in tr.events]) == ("5e55-0001", ["One"])
    assert tr.skipped == {}


def test_meta_beside_a_subagent_that_is_broken(session: Write, tmp_path: Path) -> None:
    path = session(record("user", "One", "u1", None))
    session(
        record("user", "x", "s1", None, isSidechain=True, agentId="aa"),
        name="5e55-0001/subagents/agent-aa.jsonl",
    )
    (tmp_path / "5e55-0001" / "subagents" / "agent-aa.meta.json").write_text(json.dumps([1]))
    tr = trace.read(path)
    assert list(tr.agents) == ["aa"]
    assert tr.skipped == {"agent-aa.meta.json unreadable": 1}


def test_what_is_nested_without_end_is_recognised_in_no_time(tmp_path: Path) -> None:
    """Its head alone was once joined anew at every bracket."""
    path = tmp_path / "deep.json"
    path.write_bytes(b'{"messages":[{"role":"user","content":' + b"[" * 1_000_000)
    with pytest.raises(TraceError):
        trace.read(path)
