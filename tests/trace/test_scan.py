"""Folders of traces as tables: each file read once, nothing lost, memory bounded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.trace.helpers import call, record, result
from tests.trace.written import WRITTEN, codex, inspect_log, lines, put
from tract_nb import trace
from tract_nb.errors import TraceError, TractWarning
from tract_nb.model.price import Price
from tract_nb.trace import frames, scanning
from tract_nb.trace.rows import SessionTable
from tract_nb.trace.scanning import ScanTable

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("TRACT_NB_CACHE", str(folder))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in WRITTEN:
        put(tmp_path / "all", name)
    (tmp_path / "all" / "metadata.json").write_text('{"hello": 1}')
    (tmp_path / "all" / "README.md").write_text("# Hello")
    return tmp_path / "all"


def reading(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that takes down every file that is read from here on."""
    seen: list[str] = []
    plain = scanning._here

    def here(files: Any) -> Any:
        seen.extend(Path(file.path).name for file in files)
        return plain(files)

    monkeypatch.setattr(scanning, "_here", here)
    return seen


def test_one_row_a_session(folder: Path) -> None:
    frame = trace.scan(folder)
    assert list(frame.columns) == [column.name for column in ScanTable.columns]
    assert {column.name: column.dtype for column in ScanTable.columns} == {
        name: str(dtype) for name, dtype in frame.dtypes.items()
    }
    several = {"inspect": 2, "inspect, archive": 2, "openai_chat, conversations": 3}
    assert len(frame) == sum(several.get(name, 1) for name in WRITTEN)
    assert frame["error"].isna().all()
    row: Any
    for row in frame.itertuples():
        tr = trace.read(row.path)
        assert (row.session, row.format) == (tr.session_id, tr.format)
        assert row.calls == len(tr.calls)
        assert row.events == len(list(tr.events))
        assert row.input == tr.usage["input"].sum()
        assert row.skipped == sum(tr.skipped.values())
    assert set(frame["prompt"].dropna()) == {"Mend the gauge."}
    assert frame["started"].dropna().is_monotonic_decreasing


def test_processes_read_what_one_reads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = trace.scan(folder, cache=False)
    monkeypatch.setattr(scanning, "_ALONE", 0)
    seen = reading(monkeypatch)
    pd.testing.assert_frame_equal(trace.scan(folder, cache=False, processes=2), here)
    assert seen == []


def test_a_file_is_read_again_only_when_it_changed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = reading(monkeypatch)
    first = trace.scan(folder)
    assert "rollout-1.jsonl" in seen
    assert "metadata.json" in seen
    seen.clear()
    pd.testing.assert_frame_equal(trace.scan(folder), first)
    assert seen == []
    path = folder / "codex" / "rollout-1.jsonl"
    path.write_bytes(path.read_bytes() + lines(codex()[2:3]))
    assert len(trace.scan(folder)) == len(first)
    assert seen == ["rollout-1.jsonl"]
    seen.clear()
    trace.scan(folder, cache=False)
    assert len(seen) > len(WRITTEN)
    path.unlink()
    assert len(trace.scan(folder)) == len(first) - 1


def test_a_subagent_that_grows_is_seen(session: Write, tmp_path: Path) -> None:
    main = session(record("user", "x", "u1", None), name="p/s1.jsonl")
    kid = {"isSidechain": True, "agentId": "aa"}
    session(record("user", "x", "k1", None, **kid), name="p/s1/subagents/agent-aa.jsonl")
    assert trace.scan(tmp_path / "p")[["agents", "events"]].values.tolist() == [[1, 2]]
    session(
        record("user", "x", "k1", None, **kid),
        record("assistant", call("Read", "t", file_path="a"), "k2", "k1", **kid),
        name="p/s1/subagents/agent-aa.jsonl",
    )
    assert trace.scan(tmp_path / "p")[["agents", "calls"]].values.tolist() == [[1, 1]]
    assert trace.scan(tmp_path / "p")["path"].tolist() == [str(main)]


def test_a_cache_that_is_damaged_or_cannot_be_written_does_no_harm(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = trace.scan(folder)
    (kept,) = cache.iterdir()
    for data in (b"", b"{}", b"[1]", b'{"version":1,"columns":[],"files":{}}'):
        kept.write_bytes(data)
        pd.testing.assert_frame_equal(trace.scan(folder), first)
    kept.unlink()
    cache.rmdir()
    cache.write_text("in the way")
    with pytest.warns(TractWarning, match="not kept"):
        pd.testing.assert_frame_equal(trace.scan(folder), first)


def test_what_cannot_be_read_is_a_row_that_says_why(session: Write, tmp_path: Path) -> None:
    session(record("user", "x", "u1", None), name="p/good.jsonl")
    session(record("user", "\ud800", "u1", None), name="p/odd.jsonl")
    session(b'{"parentUuid":null,"sessionId":"x","type":"us', name="p/bad.jsonl")
    session(b"hello\n", name="p/other.jsonl")
    frame = trace.scan(tmp_path / "p").set_index("path")
    frame.index = [Path(path).name for path in frame.index]
    assert sorted(frame.index) == ["bad.jsonl", "good.jsonl", "odd.jsonl"]
    assert "cut off" in str(frame.loc["bad.jsonl", "error"])
    assert frame["error"].isna().sum() == 2
    with pytest.raises(TraceError, match="No such folder"):
        trace.scan(tmp_path / "missing")


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    frame = trace.scan(tmp_path / "none")
    assert len(frame) == 0
    assert list(frame.columns) == [column.name for column in ScanTable.columns]


SCAN = """
import sys
from pathlib import Path
from tract_nb import trace
frame = trace.scan(sys.argv[1], cache=False)
assert frame["events"].tolist() == [2], frame
(peak,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(int(peak.split()[1]) * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of one process alone")
def test_a_file_with_a_hole_of_300_megabytes(session: Write, tmp_path: Path) -> None:
    path = session(
        record("user", "x", "u1", None), record("assistant", "y", "a1", "u1"), name="p/large.jsonl"
    )
    with path.open("ab") as file:
        file.truncate(300_000_000)
    done = subprocess.run(
        [sys.executable, "-c", SCAN, path.parent], check=True, capture_output=True, text=True, env=os.environ
    )
    assert int(done.stdout) < 300_000_000
    assert trace.read(path).skipped == {"large.jsonl line 3: line of 286 MB, too long to read": 1}


HOLES = {"code_trace": "code_trace.md line 46: more than 64 MB without a message's heading, not read on"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["code_trace", "codex", "langfuse", "swe_agent", "openai_chat, messages"])
def test_a_hole_of_300_megabytes_behind_any_format(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name)
    events = len(list(trace.read(path).events))
    with path.open("ab") as file:
        file.truncate(300_000_000)
    tr = trace.read(path)
    assert len(list(tr.events)) == events
    if name in HOLES:
        assert HOLES[name] in tr.skipped


def test_a_title_and_a_hole(tmp_path: Path) -> None:
    path = tmp_path / "code_trace.md"
    path.write_bytes(b"# Conversation Trace\n")
    with path.open("ab") as file:
        file.truncate(80_000_000)
    with pytest.raises(TraceError, match="no message") as caught:
        trace.read(path)
    assert "not read on" in caught.value.hint


def test_real_folders(traces: Path) -> None:
    frame = trace.scan(traces, cache=False)
    assert frame["error"].isna().all()
    counts = frame["format"].value_counts().to_dict()
    assert counts == {
        "claude_code": 7, "codex": 3, "swe_agent": 3, "langfuse": 4, "inspect": 4, "code_trace": 1
    }  # fmt: skip
    code_trace = frame[frame["format"] == "code_trace"].iloc[0]
    assert (code_trace["calls"], code_trace["failed"], code_trace["agents"]) == (142, 6, 8)


# The frames ------------------------------------------------------------------------------------------

FRAMES: dict[str, tuple[Callable[..., Any], Any]] = {
    "sessions": (trace.sessions_df, SessionTable),
    "events": (trace.events_df, frames.EventRows),
    "calls": (trace.calls_df, frames.CallRows),
    "files": (trace.files_df, frames.FileRows),
    "commands": (trace.commands_df, frames.CommandRows),
    "failures": (trace.failures_df, frames.FailureRows),
    "agents": (trace.agents_df, frames.AgentRows),
    "usage": (trace.usage_df, frames.UsageRows),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_of_a_folder_is_that_of_its_traces(folder: Path, name: str) -> None:
    make, table = FRAMES[name]
    frame = make(folder)
    assert {column.name: column.dtype for column in table.columns} == {
        column: str(dtype) for column, dtype in frame.dtypes.items()
    }
    paths = trace.scan(folder)["path"].tolist()
    each = make([trace.read(path) for path in paths])
    assert sorted(each["session"]) == sorted(frame["session"])
    assert sorted(make(paths)["session"]) == sorted(frame["session"])
    if name in ("calls", "events", "usage", "sessions"):
        assert len(frame) > 0


def test_a_frame_of_one_trace(session: Write) -> None:
    path = session(
        record("user", "Go", "u1", None),
        record("assistant", call("Bash", "t1", command="make"), "a1", "u1"),
        record("user", result("t1", "Exit code 2\nno rule", failed=True), "u2", "a1"),
    )
    tr = trace.read(path)
    for make, _ in FRAMES.values():
        pd.testing.assert_frame_equal(make(tr), make(path))
    assert trace.events_df(tr)[["n", "kind", "role", "typed", "failed"]].values.tolist() == [
        [1, "message", "user", True, False],
        [2, "tool_call", "assistant", False, False],
        [3, "tool_result", "tool", False, True],
    ]
    assert trace.failures_df(tr)["session"].tolist() == ["5e55-0001"]
    assert trace.commands_df(tr)["exit"].tolist() == [2]


@pytest.mark.parametrize("name", FRAMES)
def test_errors_stand_beside_the_frame_when_asked(folder: Path, name: str) -> None:
    make, _ = FRAMES[name]
    bad = folder / "bad.jsonl"
    bad.write_bytes(b'{"parentUuid":null,"sessionId":"x","type":"us')
    with pytest.raises(TraceError, match="cut off"):
        make(folder)
    frame, errors = make(folder, strict=False)
    bad.unlink()
    pd.testing.assert_frame_equal(frame, make(folder))
    assert errors["path"].tolist() == [str(bad)]
    assert "cut off" in errors["error"][0]
    missing = str(folder / "missing.jsonl")
    frame, errors = make([folder / "codex" / "rollout-1.jsonl", missing], strict=False)
    assert errors["path"].tolist() == [missing]


def test_costs_are_reckoned_where_a_price_is_known(tmp_path: Path) -> None:
    def price(model: str) -> Price:
        if model != "gpt-x":
            raise TraceError(f"No price for {model}.")
        return Price(1.0, 100.0, 0.5, 2.0)

    tr = trace.read(put(tmp_path, "codex"))
    assert trace.usage_df(tr)["cost"].isna().all()
    assert trace.usage_df(tr, prices=price)["cost"].tolist() == [50 + 25 + 500, 60 + 30 + 500]
    other = trace.read(put(tmp_path, "claude_code"))
    assert trace.usage_df(other, prices=price)["cost"].isna().all()
    said = trace.read(put(tmp_path, "langfuse"))
    assert trace.usage_df(said, prices=price)["cost"].tolist() == [0.25, 0.25]


def test_both_samples_of_a_log_are_in_the_frames(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "log.json"
    path.parent.mkdir()
    path.write_text(json.dumps(inspect_log()))
    assert len(set(trace.calls_df(path.parent)["session"])) == 2
    assert len(set(trace.calls_df(path)["session"])) == 1
