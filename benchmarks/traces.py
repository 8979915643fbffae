"""How fast traces are read. Prints JSON; ``python benchmarks/traces.py``.

Real traces are taken from ``$TRACT_NB_TRACES`` or ``../shared/traces`` beside the checkout; without
them, traces of the same shape are made up. Times are the best of several runs.

Reading a Claude Code session costs some 5 µs for each event besides its parsing. So the ratio to
``orjson.loads`` falls with the size of the records: 0.3 where they have 1.8 kB (the short session with
six agents' files), 0.5 at 3 to 4 kB, above 1 where most bytes need no parsing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from tract_nb import Tract, trace

RUNS = 7
STARTS = 5  # fresh processes


def best(work: Callable[[], Any], runs: int = RUNS) -> float:
    """Return the shortest of several runs, in seconds."""
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def real_traces() -> Path | None:
    """Return the folder of real traces, if there is one."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "traces"
    folder = Path(os.environ.get("TRACT_NB_TRACES") or beside)
    return folder if folder.is_dir() else None


def made_up_code_trace() -> str:
    """Return a code_trace.md with calls, results and one subagent."""
    turn = (
        "### [2025-01-01T10:00:01.000Z] Assistant\n\n**Tool: Read**\n```json\n{\n"
        '  "file_path": "src/lib.py"\n}\n```\n\n'
        "### [2025-01-01T10:00:02.000Z] User\n\n**Tool Result** (ID: toolu_1)\n```\n"
        + "     1→def tide(port):\n" * 40
        + "```\n\n### [2025-01-01T10:00:03.000Z] Assistant\n\nThe port is known. Next: the gauge.\n\n"
    )
    top = (
        "# Conversation Trace\n\n## Session Metadata\n\n- **Session ID**: made-up\n\n## Main Conversation\n\n"
    )
    return top + turn * 120 + "## Subagent: agent-0a1b2c3d\n\n" + turn * 120


def repeated(text: str, times: int) -> str:
    """Return a code_trace.md that is ``times`` as long: its conversation, and as many subagents."""
    top, _, rest = text.partition("## Main Conversation\n")
    main, mark, sections = rest.partition("\n## Subagent: agent-")
    copies = [
        re.sub(r"(?m)^## Subagent: agent-(\S+)$", rf"## Subagent: agent-\1-{copy}", mark[1:] + sections)
        for copy in range(times)
    ]
    return f"{top}## Main Conversation\n{main * times}\n" + "\n".join(copies if mark else [])


def read_and_structure(path: Path) -> None:
    """Read a trace and find out what was done in it."""
    trace.structure(trace.read(path))


def code_trace(text: str, folder: Path) -> dict[str, Any]:
    """Measure code_trace.md: by size, and 4,000 headings without a call."""
    rates = {}
    for times in (1, 10, 40):
        path = folder / f"{times}.md"
        path.write_text(repeated(text, times), encoding="utf-8")
        rates[f"{times}x"] = round(
            path.stat().st_size / best(lambda path=path: read_and_structure(path)) / 1e6, 1
        )
    headers = {}
    for count in (4_000, 16_000):
        path = folder / f"headers-{count}.md"
        body = "### [2025-01-01T10:00:01.000Z] Assistant\n\nNothing is called here.\n\n" * count
        path.write_text(f"# Conversation Trace\n\n## Main Conversation\n\n{body}", encoding="utf-8")
        headers[f"{count}"] = round(best(lambda path=path: read_and_structure(path)) * 1e3, 1)
    return {"read and structure, MB/s by size": rates, "headings without a call, ms": headers}


def claude_code(files: list[Path]) -> dict[str, Any]:
    """Compare reading with ``orjson.loads`` over the same lines, those of subagents' files included."""
    ratios = {}
    total_floor = total_read = 0.0
    for path in files:
        tr = trace.read(path)
        own = [path, *_agent_files(path, set(tr.agents))]
        lines = [line for file in own for line in file.read_bytes().splitlines(keepends=True)]
        floor = best(lambda lines=lines: deque(map(orjson.loads, lines), maxlen=0))
        read = best(lambda tr=tr: deque(tr.events, maxlen=0))
        ratios[path.stem[:8]] = {"MB": round(path.stat().st_size / 1e6, 2), "ratio": round(floor / read, 2)}
        total_floor, total_read = total_floor + floor, total_read + read
    return {"orjson.loads time / reading time": ratios, "all files": round(total_floor / total_read, 2)}


def _agent_files(path: Path, agents: set[str]) -> list[Path]:
    """Return the files of a session's subagents."""
    lying_about = [
        *path.parent.glob("agent-*.jsonl"),
        *(path.parent / path.stem).glob("subagents/agent-*.jsonl"),
    ]
    return [file for file in lying_about if file.stem.removeprefix("agent-") in agents]


def into_memory(path: Path) -> None:
    """Import a trace into a tract that is in memory."""
    with Tract.open() as tract:
        tract.import_trace(path)


def importing(files: list[Path]) -> dict[str, Any]:
    """Measure the import of the long session with compactions (2.4 MB), or of the one that was made up."""
    path = next((path for path in files if path.parent.name == "compactions"), files[0])
    return {
        "MB": round(path.stat().st_size / 1e6, 2),
        "events": sum(1 for _ in trace.read(path).events),
        "into a tract in memory, s": round(best(lambda: into_memory(path), 3), 2),
    }


def scanning(files: list[Path], folder: Path) -> dict[str, Any]:
    """Measure a scan of 150 sessions, 70 MB: with nothing kept, and with everything."""
    home, size = folder / "scanned", 0
    ranked = sorted(files, key=lambda path: path.stat().st_size)
    for number in range(150):
        left = (70_000_000 - size) / (150 - number)  # what each of those still to come should have
        path = min(ranked, key=lambda path: abs(path.stat().st_size - left))
        place = home / f"project-{number}"
        place.mkdir(parents=True)
        shutil.copy(path, place / path.name)
        size += path.stat().st_size
    os.environ["TRACT_NB_CACHE"] = str(folder / "cache")
    cold = best(lambda: trace.scan(home, cache=False), 3)
    trace.scan(home)
    kept = best(lambda: trace.scan(home), 3)
    return {"MB": round(size / 1e6, 1), "cold, s": round(cold, 2), "kept, s": round(kept, 3)}


def start() -> float:
    """Return how long ``import tract_nb`` takes in a fresh process, in seconds; its own start not counted."""
    code = "import time; t = time.perf_counter(); import tract_nb; print(time.perf_counter() - t)"
    runs = [
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        for _ in range(STARTS)
    ]
    return min(float(run.stdout) for run in runs)


def made_up_session(folder: Path) -> Path:
    """Return a Claude Code session of calls and results."""
    path, parent, lines = folder / "made-up.jsonl", None, []
    shown = "1→def tide(port):\n" * 120  # a record of real sessions has two to four kilobytes
    for turn in range(1000):
        common = {"isSidechain": False, "sessionId": "made-up", "timestamp": "2025-01-01T10:00:00.000Z"}
        call = {
            "type": "tool_use",
            "id": f"toolu_{turn}",
            "name": "Read",
            "input": {"file_path": "/code/a.py"},
        }
        thought = {"type": "thinking", "thinking": "The gauge is read first. " * 60}
        asked = {
            "id": f"msg_{turn}",
            "role": "assistant",
            "content": [thought, call],
            "usage": {"output_tokens": 9},
        }
        given = {"type": "tool_result", "tool_use_id": f"toolu_{turn}", "content": shown}
        lines += [
            {"parentUuid": parent, **common, "type": "assistant", "uuid": f"a{turn}", "message": asked},
            {
                "parentUuid": f"a{turn}",
                **common,
                "type": "user",
                "uuid": f"u{turn}",
                "message": {"role": "user", "content": [given]},
                "toolUseResult": {"file": shown},
            },
        ]
        parent = f"u{turn}"
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return path


def main() -> None:
    """Measure, and print what was found."""
    real = real_traces()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if real is None:
            text, files = made_up_code_trace(), [made_up_session(folder)]
        else:
            text = next(real.glob("code_trace/*/code_trace.md")).read_text(encoding="utf-8")
            found = [path for path in real.glob("claude_code/**/*.jsonl") if "subagents" not in path.parts]
            files = sorted(
                path for path in found if path.stat().st_size > 200_000 and "agent-" not in path.name
            )
        report = {
            "traces": "real" if real else "made up",
            "code_trace": code_trace(text, folder),
            "claude_code": claude_code(files),
            "import of a trace": importing(files),
            "scan of 150 sessions": scanning(files, folder),
            "import tract_nb, s": round(start(), 3),
        }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
