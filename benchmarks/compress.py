"""How fast compressing and collecting are. Prints JSON; ``python benchmarks/compress.py``.

Masking 5,000 units (a quarter of them outputs of tools), compiling after it beside a history as long that
is not masked, advice, what got lost of a group of 200,000 tokens, and gc of 10,000 commits that nothing
leads to. Milliseconds, the best of some runs, since other work on the machine only adds to them: the load is
told.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tract_nb import Tract
from tract_nb.engine.identifiers import compare
from tract_nb.engine.tokens import TiktokenCounter

RUNS, ROUNDS = 5, 20
UNITS = 5_000
TOKENS = 200_000
UNREACHABLE = 10_000
START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = [
    "tide",
    "harbour",
    "rises",
    "falls",
    "twice",
    "a",
    "day",
    "because",
    "of",
    "moon",
    "and",
    "sun",
    "the",
]


def prose(number: int, length: int = 500) -> str:
    """Return some prose with a path, a number and an error in it, another for each number."""
    chosen = random.Random(number)
    text = f"src/tide_{number}.py took {number} ms: KeyError: 'tide {number}' in parse_{number}() "
    return (text + " ".join(chosen.choice(WORDS) for _ in range(length // 4)))[:length]


def timed(work: Callable[[], object]) -> float:
    """Return the milliseconds that something takes."""
    started = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - started)


def session(path: Path, turns: int) -> Tract:
    """Return a session of tools: asked, read a file, answered; four units a turn."""
    tract = Tract.open(path)
    with tract.batch():
        for number in range(turns):
            tract.user(prose(number, 80))
            tract.tool_call("read", {"file_path": f"src/tide_{number}.py"}, f"c{number}")
            tract.tool_result(f"c{number}", prose(number, 2_000))
            tract.assistant(prose(number, 120))
    return tract


def masking(folder: Path) -> dict[str, float]:
    """Mask the outputs of a session of tools."""
    with session(folder / "mask.db", UNITS // 4) as tract:
        tract.compile().to_dicts()
        return {"masking 5,000 units": timed(tract.compress)}


def compiling(folder: Path) -> dict[str, float]:
    """Compile a masked history, in turns with one as long (in commits) that no mask is in."""
    masked = session(folder / "masked.db", UNITS // 4)
    masked.compress()
    length = len(masked.log(all=True))
    best: dict[str, float] = {}
    with masked, session(folder / "plain.db", length // 4) as plain:
        both = {"masked": masked, "as long": plain}
        for tract in both.values():
            tract.branch("other")
        for number in range(ROUNDS):
            for name in sorted(both, reverse=bool(number % 2)):
                for what, took in compiled(both[name], number).items():
                    row = f"{what}, {name}"
                    best[row] = min(best.get(row, took), took)
    return best


def compiled(tract: Tract, number: int) -> dict[str, float]:
    """Measure each way to a compiled context."""

    def cold() -> None:
        Tract.on(tract.database).compile().to_dicts()

    def append() -> None:
        tract.user("one more")
        tract.compile()

    def edit() -> None:
        tract.edit(unit, f"another text, the {number}th")
        tract.compile()

    def back() -> None:
        tract.switch("main")
        tract.compile()

    unit = tract.compile().commit_hashes[4 * (number + 1)]
    found = {
        what: timed(work)
        for what, work in (("compile cold", cold), ("append, compile", append), ("edit, compile", edit))
    }
    tract.switch("other")
    return {**found, "switch back, compile": timed(back)}


def advising(folder: Path, units: int = UNITS) -> dict[str, float]:
    """Ask for advice: at first, at the same commit again, and with one more commit; and for the budget."""
    with session(folder / "advice.db", units // 4) as tract:
        tract.compile().to_dicts()
        found = {"budget": timed(tract.budget), "advice": timed(tract.advice)}
        found["advice, same commit"] = timed(tract.advice)
        tract.user("one more")
        return {**found, "advice, one more commit": timed(tract.advice)}


def lost() -> dict[str, float]:
    """Tell what a summary lost of a group of 200,000 tokens."""
    texts: list[str] = []
    tokens, counter = 0, TiktokenCounter()
    while tokens < TOKENS:
        texts.append(prose(len(texts), 2_000))
        tokens += counter.count(texts[-1])
    draft = "\n".join(texts[:3])
    return {"lost identifiers of 200,000 tokens": timed(lambda: compare(texts, draft))}


def collecting(folder: Path) -> dict[str, float]:
    """Collect what a hard reset left, beside as much that stays."""
    now = START
    with Tract.open(folder / "gc.db", clock=lambda: now) as tract:
        first = tract.user("stays")
        with tract.batch():
            for number in range(UNREACHABLE):
                tract.user(prose(number))
        tract.reset(first, "hard")
        with tract.batch():
            for number in range(UNREACHABLE):
                tract.user(prose(UNREACHABLE + number))
        now += timedelta(days=30)
        dry = timed(lambda: tract.gc(dry_run=True))
        return {"gc of 10,000 commits, dry": dry, "gc of 10,000 commits": timed(tract.gc)}


def main() -> None:
    """Print the table as JSON."""
    TiktokenCounter()  # loads the ranks, which the first row would pay for
    best: dict[str, float] = {}
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            rows = masking(folder), compiling(folder), advising(folder), lost(), collecting(folder)
            for row in rows:
                for what, took in row.items():
                    best[what] = min(best.get(what, took), took)
    found = {what: round(took, 1 if took > 10 else 2) for what, took in best.items()}
    print(json.dumps({**found, "load": round(os.getloadavg()[0], 1)}, indent=2))


if __name__ == "__main__":
    main()
