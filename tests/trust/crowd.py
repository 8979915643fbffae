"""Processes that start together and write on one file; each says how it went.

Given what to do, the path, how many processes and how many turns. It prints a list: of each process what it
wrote and what failed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from tests.trust.helpers import texts
from tract_nb import HeadMovedError, Tract

Say = dict[str, Any]


def on_a_branch_each(path: str, place: int, turns: int, said: Say) -> None:
    with Tract.open(path, branch=f"b{place}") as tract:
        write_all_kinds(tract, place, turns, said)


def on_a_tract_each(path: str, place: int, turns: int, said: Say) -> None:
    with Tract.open(path, name=f"t{place}") as tract:
        write_all_kinds(tract, place, turns, said)


def write_all_kinds(tract: Tract, place: int, turns: int, said: Say) -> None:
    for turn in range(turns):
        tract.user(f"{place} {turn}")
        said["wrote"].append(f"{place} {turn}")
        if turn % 3 == 0:
            tract.annotate("HEAD", "PINNED")
            tract.tag("HEAD", f"v{place}-{turn}")
        if turn % 5 == 0:
            tract.assistant(f"{place} {turn}, the reply")
            tract.record_usage({"input_tokens": 5, "output_tokens": 1})
            said["wrote"].append(f"{place} {turn}, the reply")
        if turn % 4 == 0:
            with tract.batch():
                tract.user("the same of all")
                tract.edit("HEAD", f"{place} {turn}, in a batch")
            said["wrote"].append(f"{place} {turn}, in a batch")
        said["right"] = said["right"] and texts(tract)[-len(said["wrote"]) :] == said["wrote"]


def on_one_branch(path: str, place: int, turns: int, said: Say) -> None:
    on_the_tip(path, turns, said, lambda turn: f"{place} {turn}")


def on_one_branch_the_same(path: str, place: int, turns: int, said: Say) -> None:
    on_the_tip(path, turns, said, lambda turn: f"turn {turn}")


def on_the_tip(path: str, turns: int, said: Say, text: Callable[[int], str]) -> None:
    """Write on one branch, with another look at it wherever it moved."""
    with Tract.open(path) as tract:
        for turn in range(turns):
            while True:
                try:
                    said["hashes"].append(tract.user(text(turn)).hash)
                except HeadMovedError:
                    said["moved"] += 1
                    tract.refresh()
                else:
                    said["wrote"].append(text(turn))
                    break


def opening(path: str, place: int, turns: int, said: Say) -> None:
    """Open and close files that are not there yet, and some that are."""
    for turn in range(turns):
        with Tract.open(f"{path}-{turn // 2}.db", name=f"t{place}") as tract:
            tract.user(f"{place} {turn}")
            said["wrote"].append(f"{place} {turn}")


JOBS = {
    job.__name__: job
    for job in (on_a_branch_each, on_a_tract_each, on_one_branch, on_one_branch_the_same, opening)
}


def one(job: str, path: str, place: int, turns: int) -> Say:
    """Do the work of one process."""
    said: Say = {"wrote": [], "moved": 0, "right": True, "failed": "", "hashes": []}
    try:
        JOBS[job](path, place, turns, said)
    except Exception as error:  # noqa: BLE001  whatever it is, it is told
        said["failed"] = repr(error)
    return said


def main() -> None:
    """Fork, start all at once, and gather what they say."""
    job, path, number, turns = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    with Tract.open() as warm:
        warm.user("warm")
    gate, opener = os.pipe()
    ends = []
    for place in range(number):
        out, into = os.pipe()
        if not os.fork():
            os.close(opener)
            os.read(gate, 1)  # ends when the parent closes it
            with os.fdopen(into, "w") as file:
                file.write(json.dumps(one(job, path, place, turns)))
            os._exit(0)
        os.close(into)
        ends.append(out)
    os.close(gate)
    os.close(opener)
    said = []
    for out in ends:
        with os.fdopen(out) as file:
            said.append(json.loads(file.read()))
    for _ in range(number):
        os.wait()
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
