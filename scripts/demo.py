"""What `make demo` shows: the sample session as a history, measured, and the quickstart notebook run."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
QUICKSTART = ROOT / "notebooks" / "01_quickstart.ipynb"
QUIET = ["--IPKernelApp.log_level=40"]  # a kernel on this machine need not say that its port is plain


def say(line: str) -> None:
    """Print what comes next."""
    print(f"\n\033[1m==> {line}\033[0m", flush=True)


def show(table: Any, columns: str = "", rows: int = 8, text: int = 46) -> None:
    """Print the head of a table, with these of its columns."""
    import pandas as pd  # noqa: PLC0415  # so that `say` comes first

    frame = table.to_frame() if hasattr(table, "to_frame") else table
    chosen = [name for name in columns.split() if name in frame.columns] or list(frame.columns)
    head = frame[chosen].head(rows)
    for name in chosen:
        if pd.api.types.is_datetime64_any_dtype(head[name]):
            head = head.assign(**{name: head[name].dt.strftime("%H:%M:%S")})
        elif pd.api.types.is_string_dtype(head[name]):
            cells = [shorten(cell, text) for cell in head[name].fillna("")]
            width = max(map(len, [*cells, name]))
            head = head.assign(**{name: [cell.ljust(width) for cell in cells]})
    print(head.to_string(index=False, justify="left", na_rep=""))


def shorten(cell: str, width: int) -> str:
    """Return a cell as one line of at most this width."""
    line = " ".join(cell.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def sample() -> None:
    """Import the sample session and show it from four sides."""
    from tract_nb import Tract, samples, trace  # noqa: PLC0415  # so that `say` comes first

    path = samples.path()
    say("the sample, a coding agent's session: tr = trace.read(samples.path())")
    tr = trace.read(path)
    print(f"{tr!r}: {len(tr.calls)} calls, {len(tr.failures)} failures, {len(tr.agents)} subagents")
    print("\ntr.failures")
    show(tr.failures, "time name target message", text=40)
    print("\ntr.files")
    show(tr.files.sort_values(["modified", "read"], ascending=False), "path read modified created failed", 6)
    print("\ntr.agents_df")
    show(tr.agents_df, "type calls failed seconds answer")

    say("the same session as a history: t = Tract.open(); t.import_trace(path)")
    tract = Tract.open()
    print(tract.import_trace(path))
    print("\nt.branches()")
    show(tract.branches(), "branch commit tokens preview")
    say("its shape: what the user said, what was given up, what was compacted: t.graph(role='user')")
    print(tract.graph(role="user"))
    say("the last commits: t.log(10)")
    show(tract.log(10), "commit time kind type role tokens preview", 10)
    say("what takes the space: t.budget()")
    show(tract.budget(), rows=24)


def quickstart() -> int:
    """Execute the quickstart notebook, in a place of its own."""
    say(f"executing {QUICKSTART.relative_to(ROOT)}")
    if not QUICKSTART.exists():
        print("it is not there")
        return 1
    import nbformat  # noqa: PLC0415
    from nbclient import NotebookClient  # noqa: PLC0415

    notebook = nbformat.read(QUICKSTART, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=120, kernel_name="python3", extra_arguments=QUIET)
        client.execute(cwd=folder)
    print(f"{len(notebook.cells)} cells, no error")
    return 0


def main() -> int:
    """Run the demonstration; the last line is for copying."""
    sample()
    code = quickstart()
    if code == 0:
        say("open it:")
        print(f"{Path(sys.executable).parent / 'jupyter'} lab {QUICKSTART}")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
