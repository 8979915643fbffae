"""A process that has imported everything, and forks children that work on a file until it kills them.

It reads a line of JSON for each child (what it does, the file, where it acknowledges, a seed, seconds to
live) and answers with a line when the child is dead.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import warnings
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.core.helpers import NINE
from tests.trust.helpers import Intent, State, Writer, recording
from tract_nb import Tract
from tract_nb.operations import import_trace
from tract_nb.store import schema

SESSION = "0123abcd-made-up"
LENGTH = 300


class Pen:
    """Writes lines that a kill cannot take back."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, **line: Any) -> None:
        """Write one line, whole."""
        os.write(self._file, json.dumps(line).encode() + b"\n")


def work(path: str, pen: Pen, seed: int) -> None:
    """Do one verb after the other: say what is next, do it, say what came of it."""
    tract = Tract.open(path)
    connection = tract.database.connection
    writer = Writer(tract, random.Random(seed))  # noqa: S311  a choice of verbs is no secret
    pen.write(state=State.of(connection).asdict())
    while True:
        intent, do = writer.choose()
        pen.write(intent=intent.__dict__)
        do()
        pen.write(state=State.of(connection).asdict())


def bring_in(path: str, pen: Pen, seed: int) -> None:
    """Import some hundred events, in chunks of some tens."""
    import_trace.CHUNK = 40
    tract = Tract.open(path)
    pen.write(state=State.of(tract.database.connection).asdict())
    # onto the empty branch, or onto one of its own
    moved = "default:heads/main" if not tract.log(1) else f"default:heads/trace/{SESSION[:8]}"
    pen.write(intent=Intent("import", LENGTH, (moved,)).__dict__)
    tract.import_trace(recording(LENGTH, SESSION))
    pen.write(state=State.of(tract.database.connection).asdict())


def bring_up(path: str, pen: Pen, seed: int) -> None:
    """Open a database of an older schema."""
    pen.write(begun=True)
    warnings.simplefilter("ignore")
    Tract.open(path).close()
    pen.write(done=True)


def clean_up(path: str, pen: Pen, seed: int) -> None:
    """Collect what nothing leads to, then forget a text; some days later, so that all of it is old."""
    warnings.simplefilter("ignore")
    tract = Tract.open(path, clock=lambda: NINE + timedelta(days=50))
    pen.write(begun=True)
    tract.gc(vacuum=bool(seed % 2))
    pen.write(done="gc")
    tract.forget("secret", "it got in")
    pen.write(done="forget")
    tract.optimize()
    pen.write(done="optimize")


def main() -> None:
    """Fork and kill, as told."""
    recording(3, "")
    with Tract.open() as warm:  # loads what is loaded at first use
        warm.user("warm")
        warm.import_trace(recording(3, "warm"))
        warm.verify()
    for version in range(2, schema.VERSION + 1):
        import_module(f"tract_nb.store.migrations.to_{version}")
    import_module("alembic.migration")
    say("ready")
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            try:
                job = {"work": work, "import": bring_in, "upgrade": bring_up, "clean": clean_up}[order["job"]]
                job(order["path"], Pen(order["pen"]), order["seed"])
            except BaseException as error:  # noqa: BLE001  a child that fails says so and is gone
                Pen(order["pen"]).write(error=repr(error))
            os._exit(0)
        wait_for(Path(order["pen"]), order["after"])
        time.sleep(order["seconds"])
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        say("dead")


def say(word: str) -> None:
    """Answer with a line."""
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def wait_for(file: Path, lines: int) -> None:
    """Wait until so many lines were acknowledged."""
    patience = time.monotonic() + 30
    while time.monotonic() < patience and lines > (file.read_bytes().count(b"\n") if file.exists() else 0):
        time.sleep(0.0005)


if __name__ == "__main__":
    main()
