"""Real traces: each imports, compiles to what providers accept, and adds nothing the second time."""

from __future__ import annotations

from pathlib import Path

from tests.core.helpers import frozen, texts
from tests.core.providers_check import check_compiled
from tract_nb import Tract


def imported_twice(path: Path) -> str | None:
    """Import a trace twice into an empty tract; return what is wrong with the outcome."""
    tract = Tract.open(clock=frozen)
    try:
        first = tract.import_trace(path)
        heads = [row[:3] for row in tract.branches()]
        for name in [row[0] for row in tract.tracts()]:
            one = Tract.on(tract._ws.db, name=name, clock=frozen)
            compiled = one.compile()
            assert len(compiled), f"{name} compiles to nothing"
            check_compiled(compiled)
            (tokens,) = {row[3] for row in one.branches() if row[1]}
            assert tokens == sum(m.tokens + 3 for m in compiled.messages if m.tokens) + 3
        assert first.branches == (), "a branch where there is no rewind"
        again = tract.import_trace(path)
        assert again.commits == 0, f"{again.commits} commits the second time"
        assert [row[:3] for row in tract.branches()] == heads
        tract.undo()
        assert texts(tract) == []
    except AssertionError as wrong:
        return f"{path.name}: {wrong}"
    finally:
        tract.close()
    return None


def check_all(paths: list[Path]) -> None:
    assert paths
    assert [wrong for path in paths if (wrong := imported_twice(path))] == []


def sessions(traces: Path, *, agents: bool) -> list[Path]:
    found = sorted((traces / "claude_code").rglob("*.jsonl"))
    return [path for path in found if path.stat().st_size and path.name.startswith("agent-") is agents]


def test_every_claude_code_session_imports_and_compiles(traces):
    check_all(sessions(traces, agents=False))


def test_every_claude_code_agent_alone_imports_and_compiles(traces):
    check_all(sessions(traces, agents=True))


def test_a_project_folder_imports_its_newest_session(traces):
    check_all([path for path in sorted((traces / "claude_code").glob("projects/*")) if path.is_dir()])


def test_the_code_trace_imports_and_compiles(traces):
    paths = sorted((traces / "code_trace").rglob("code_trace.md"))
    check_all(paths)
    tract = Tract.from_trace(paths[0])
    calls = [row for name in tract.tracts() for row in calls_of(tract, name[0])]
    assert len(calls) == 142
    assert len(tract.tracts()) == 1 + 8
    tract.close()


def calls_of(tract: Tract, name: str) -> list[tuple[object, ...]]:
    rows = Tract.on(tract._ws.db, name=name, clock=frozen).log(all=True)
    return [row for row in rows if row[4] == "tool_io" and row[5] == "assistant"]


def test_both_compactions_of_the_long_session_hide_what_was_before(traces):
    (path,) = (traces / "claude_code" / "compactions").glob("*.jsonl")
    tract = Tract.from_trace(path)
    summaries = tract.log(kind="summary")
    assert len(tract.log(kind="summary", all=True)) == 2
    assert tract.status().covered > 0
    assert tract.compile().messages[0].commit.startswith(summaries[0][0])
    assert len(tract.expand(summaries[0][0])) > 200
    tract.close()


def test_all_sessions_stand_in_one_database(traces, tmp_path):
    tract = Tract.open(tmp_path / "work.db", clock=frozen)
    paths = sessions(traces, agents=False)
    said = {path: tract.import_trace(path).branch for path in paths}
    assert len(set(said.values())) == len(paths) > 3
    before = {branch: texts(tract, branch) for branch in said.values()}
    for path in paths:
        assert tract.import_trace(path).commits == 0
    assert {branch: texts(tract, branch) for branch in said.values()} == before
    for branch in before:
        check_compiled(tract.compile(branch), types=False)
    tract.close()


def test_every_file_of_the_other_formats_imports_and_compiles(traces):
    check_all(sorted((traces / "codex").glob("*.jsonl")))
    check_all(sorted((traces / "swe_agent").glob("*.traj")))
    check_all(sorted((traces / "langfuse").glob("*.trace.json")))
    check_all(sorted((traces / "inspect").iterdir()))
