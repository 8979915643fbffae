"""A process that interrupts itself at random moments of its verbs, and says what went wrong.

Given ``file PATH`` or ``memory``, how many interrupts, and a seed. Each interrupt is a real SIGINT, sent by
another thread. It prints JSON: the faults of each sort, and during which verbs it was heard.
"""

from __future__ import annotations

import json
import os
import queue
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.trust.helpers import Intent, State, Writer, recording, texts
from tract_nb import HeadMovedError, Tract, TractError
from tract_nb.operations import import_trace

ROUND = 50  # interrupts that one tract lives through
PATIENCE = 5.0


class Button:
    """The stop button: pressed by another thread, some time after it is told to."""

    def __init__(self) -> None:
        self.pressed = 0
        self._orders: queue.SimpleQueue[float | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._press, daemon=True)
        self._thread.start()

    def press_in(self, seconds: float) -> None:
        """Send one SIGINT after so long."""
        self._orders.put(seconds)

    def _press(self) -> None:
        while (seconds := self._orders.get()) is not None:
            # sleep is too coarse for what takes a fraction of a millisecond
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                time.sleep(0)
            os.kill(os.getpid(), signal.SIGINT)
            self.pressed += 1


def interrupted(button: Button, seconds: float, work: Callable[[], Any]) -> tuple[bool, TractError | None]:
    """Do something while the button is pressed; tell whether the interrupt was heard, and what else rose."""
    wanted = button.pressed + 1
    try:
        button.press_in(seconds)
        work()
        patience = time.monotonic() + PATIENCE
        while button.pressed < wanted and time.monotonic() < patience:
            time.sleep(0.0001)
        time.sleep(0.05)  # it is heard here at the latest
    except KeyboardInterrupt:
        return True, None
    except TractError as error:
        with suppress(KeyboardInterrupt):
            time.sleep(0.1)
        return False, error
    return False, None


class Trial:
    """One run: a tract, interrupts, and what they broke."""

    def __init__(self, where: Path | None, seed: int) -> None:
        self.where = where
        self.chance = random.Random(seed)  # noqa: S311
        self.faults: dict[str, list[str]] = {
            name: []
            for name in (
                "unheard",
                "half done",
                "moved by itself",
                "cache",
                "handler",
                "lock",
                "error",
                "verify",
            )
        }
        self.heard: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.took: dict[str, float] = {}
        self.pool = ThreadPoolExecutor(1)
        self.number = 0

    def run(self, interrupts: int) -> None:
        """Press the button so often."""
        import_trace.CHUNK = 5
        button = Button()
        handler = signal.getsignal(signal.SIGINT)
        while self.number < interrupts:
            path = None if self.where is None else self.where / f"{self.number}.db"
            with Tract.open(path, verify_cache=True) as tract:
                writer = Writer(tract, self.chance)
                for _ in range(6):
                    writer.commit()[1]()
                for _ in range(min(ROUND, interrupts - self.number)):
                    self.once(tract, writer, button)
                    if signal.getsignal(signal.SIGINT) is not handler:
                        self.faults["handler"].append(f"{self.number}: {signal.getsignal(signal.SIGINT)}")
                        signal.signal(signal.SIGINT, handler)
                    self.number += 1
                wrong = tract.verify()
                if wrong.rows:
                    self.faults["verify"].append(f"{self.number}: {wrong!r}")
        self.pool.shutdown()

    def once(self, tract: Tract, writer: Writer, button: Button) -> None:
        """Do one verb under an interrupt, and look at what is left."""
        connection = tract.database.connection
        before = State.of(connection)
        intent, do = self.choose(tract, writer)
        seconds = self.chance.random() * self.took.get(intent.verb, 0.002) * 1.2
        begun = time.perf_counter()
        heard, error = interrupted(button, seconds, do)
        if not heard:
            self.took[intent.verb] = time.perf_counter() - begun
            self.faults["unheard"].append(f"{self.number}: {intent.verb}")
        took = time.perf_counter() - begun
        self.took[intent.verb] = 0.9 * self.took.get(intent.verb, took) + 0.1 * min(took, 0.1)
        if error is not None:
            self.faults["error"].append(f"{self.number}: {intent.verb}: {error!r}")
        self.heard[intent.verb] += 1
        if connection.in_transaction:
            self.faults["lock"].append(f"{self.number}: {intent.verb} left a transaction open")
            connection.rollback()
        try:
            self.pool.submit(tract.operations, 1).result(timeout=PATIENCE)
        except TimeoutError:
            self.faults["lock"].append(f"{self.number}: {intent.verb} left the lock")
            raise
        after = State.of(connection)
        self.done[intent.verb] += after.ops > before.ops
        if intent.verb != "compile" or after != before:
            self.faults["half done"] += [f"{self.number}: {one}" for one in intent.faults(before, after)]
        try:
            tract.user(f"goes on {self.number}")
        except HeadMovedError:
            self.faults["moved by itself"].append(f"{self.number}: {intent.verb}")
            tract.refresh()
            tract.user(f"goes on {self.number}")
        self.compare(tract, intent)

    def choose(self, tract: Tract, writer: Writer) -> tuple[Intent, Callable[[], Any]]:
        """Return a verb; now and then a compile, warm or cold, or a longer import."""
        die = self.chance.random()
        if die < 0.1:
            return Intent("compile"), lambda: tract.compile().to_dicts()
        if die < 0.2:
            cold = Tract.on(tract.database)
            return Intent("compile"), lambda: cold.compile().to_dicts()
        if die < 0.3:
            session = f"{self.chance.randrange(10**8):08}-longer"
            made = recording(30, session)
            branch = f"{tract.name}:heads/trace/{session[:8]}"
            return Intent("import", 30, (branch,)), lambda: tract.import_trace(made)
        return writer.choose(imports=False)

    def compare(self, tract: Tract, intent: Intent) -> None:
        """Hold what the handle compiles against what a cold one does."""
        try:
            warm, cold = tract.compile(), Tract.on(tract.database, branch=tract.branch_name).compile()
            same = (warm.head, warm.token_count, warm.to_dicts()) == (
                cold.head,
                cold.token_count,
                cold.to_dicts(),
            )
            log = tract.log(5).rows == Tract.on(tract.database, branch=tract.branch_name).log(5).rows
            if not same or not log or texts(tract)[-1] != f"goes on {self.number}":
                self.faults["cache"].append(f"{self.number}: {intent.verb}: warm and cold differ")
        except TractError as error:
            self.faults["cache"].append(f"{self.number}: {intent.verb}: {error!r}")


def main() -> None:
    """Run a trial and print what it found."""
    where, interrupts, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    trial = Trial(None if where == "memory" else Path(where), seed)
    trial.run(interrupts)
    sys.stdout.write(json.dumps({"faults": trial.faults, "heard": trial.heard, "done": trial.done}) + "\n")


if __name__ == "__main__":
    main()
