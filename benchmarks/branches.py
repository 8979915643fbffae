"""How fast branches come together. Prints JSON; ``python benchmarks/branches.py``.

Milliseconds of the best of some runs, on the clock and of this process alone: a merge of two branches
that have each edited some of what both have, the compile after it, a rebase beside the batch that
commits as many, and the list of branches. Every run is undone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from tract_nb import Tract
from tract_nb.engine.sides import merge_bases
from tract_nb.engine.snapshot import Snapshot
from tract_nb.store import refs

WORK = ((1_000, 500), (10_000, 1_000))  # commits that both have, commits of each
APART = ((50_000, 500), (0, 25_000))  # for the merge base alone: with few commits apart, and with all
EDITS = 5
TEXT = "the tide at the harbour rises and falls twice a day because of the moon and the sun "


def parted(base: int, own: int) -> Tract:
    """Return a tract with two branches, main and ``try``."""
    tract = Tract.open()
    write(tract, base)
    tract.branch("try")
    for place, name in enumerate(("main", "try")):
        tract.switch(name)
        write(tract, own)
        for number in range(EDITS):  # of what both have, other units on each side
            tract.edit(f"HEAD~{own + 10 + 2 * EDITS * number + place}", f"edited on {name}")
    tract.switch("main")
    tract.compile("try")
    tract.compile()
    return tract


def parted_at_the_root(own: int) -> Tract:
    """Return a tract whose branches share one commit."""
    tract = Tract.open()
    tract.user("the root")
    tract.branch("try")
    for name in ("try", "main"):
        tract.switch(name)
        write(tract, own)
    return tract


def _snapshot(tract: Tract, branch: str) -> Snapshot:
    """Return the resolved history of a branch; warm."""
    ws = tract._ws  # noqa: SLF001  the rest of a merge is not what is measured
    with ws.db.read():
        return ws.snapshot(refs.get(ws.db, ws.tract, refs.HEADS + branch) or 0)


def write(tract: Tract, number: int) -> None:
    """Commit some units in one batch."""
    with tract.batch():
        for place in range(number):
            tract.user(f"{tract.branch_name} {place}: {TEXT}")


def best(call: Callable[[], Any], after: Callable[[], Any], runs: int) -> dict[str, float]:
    """Return the shortest time of some runs, each of them taken back."""
    found = []
    for _ in range(runs):
        clock, own = time.perf_counter(), time.process_time()
        call()
        found.append((time.perf_counter() - clock, time.process_time() - own))
        after()
    return {"ms": round(1e3 * min(found)[0], 2), "cpu_ms": round(1e3 * min(one[1] for one in found), 2)}


def main() -> None:
    """Print the table as JSON."""
    rows: list[dict[str, Any]] = []
    for base, own in WORK:
        tract = parted(base, own)
        what = f"{own:,} + {own:,} on {base:,}"
        rows.append({"work": f"merge of {what}", **best(lambda: tract.merge("try"), tract.undo, 5)})  # noqa: B023
        tract.merge("try")
        rows.append({"work": "compile after it", **best(lambda: tract.compile().token_count, int, 5)})  # noqa: B023
        tract.undo()
        rows.append({"work": f"rebase of {own:,}", **best(lambda: tract.rebase("try"), tract.undo, 1)})  # noqa: B023
        rows.append({"work": f"batch of {own:,}", **best(lambda: write(tract, own), tract.undo, 1)})  # noqa: B023
        rows.append({"work": "branches", **best(tract.branches, int, 5)})
        tract.close()
    for base, own in APART:
        tract = parted(base, own) if base else parted_at_the_root(own)
        one, two = (_snapshot(tract, name) for name in ("main", "try"))
        what = f"merge base of {own:,} + {own:,} on {base:,}"
        rows.append({"work": what, **best(lambda: merge_bases(one, two), int, 5)})  # noqa: B023
        tract.close()
    print(json.dumps({"rows": rows}, indent=2))


if __name__ == "__main__":
    main()
