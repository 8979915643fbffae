"""Commands that open, choose and list tracts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import orjson

from tract_nb import samples
from tract_nb.errors import StoreError
from tract_nb.model.budget import TokenBudget
from tract_nb.model.listing import counted
from tract_nb.notebook.desk import Desk
from tract_nb.store import rescue as store_rescue
from tract_nb.store.database import locate
from tract_nb.tract import Tract

if TYPE_CHECKING:
    import pandas as pd


def open_tract(
    desk: Desk,
    path: str | None = None,
    *,
    new: bool = False,
    name: str = "default",
    branch: str | None = None,
    model: str | None = None,
    budget: int | None = None,
) -> Tract:
    """Open a tract, make it current and return it.

    Parameters
    ----------
    path
        A file or an SQLAlchemy URL of SQLite; without one, in memory.
    new
        Start empty; an old file is moved aside.
    name
        Which tract of the database.
    branch
        Which branch to stand on.
    model
        Whose tokens are counted.
    budget
        The most tokens a context should have; it warns beyond.
    """
    if new and path is not None:
        put_aside(desk, locate(path))
    limit = TokenBudget(budget) if budget is not None else None
    desk.current = Tract.open(path, name=name, branch=branch, model=model, token_budget=limit)
    return desk.current


def put_aside(desk: Desk, path: Path | None) -> None:
    """Move a database out of the way, and say where it is now."""
    if path is None or not path.exists():
        return
    count = 1
    while (aside := path.with_name(f"{path.stem}.old-{count}{path.suffix}")).exists():
        count += 1
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    desk.say(f"{path.name} was moved to {aside.name}")


def use(desk: Desk, tract: Any) -> Tract:
    """Make a tract current.

    Parameters
    ----------
    tract
        The variable that holds it, or its name in this database (``tracts`` lists them).
    """
    desk.current = tract if isinstance(tract, Tract) else desk.tract_named(str(tract))
    return desk.current


def tracts(t: Tract) -> pd.DataFrame:
    """List the tracts of the database: an imported agent is one."""
    return t.tracts().to_frame()


def demo(desk: Desk) -> Tract:
    """Open the sample session that comes with the package, in memory, and make it current."""
    desk.current = Tract.open()
    desk.say(repr(desk.current.import_trace(samples.path())))
    return desk.current


def verify(desk: Desk) -> pd.DataFrame:
    """Hold everything against its hashes, its counts and the log; an empty table is well."""
    found = desk.tract.verify()
    if found.collected:
        desk.say(f"{counted(found.collected, 'text')} collected or forgotten")
    return found.to_frame()


def rescue(desk: Desk, path: str, *, out: str | None = None) -> Path:
    """Export what can still be read of a damaged database: every readable commit as a JSON line.

    Parameters
    ----------
    path
        The damaged file; nothing is written to it.
    out
        The file to write; else PATH with .rescued.jsonl behind it.
    """
    damaged = Path(path).expanduser()
    target = Path(out).expanduser() if out else damaged.with_name(damaged.name + ".rescued.jsonl")
    count = 0
    with new_file(target) as file:
        for commit in store_rescue.rescue(damaged):
            file.write(orjson.dumps(commit).decode() + "\n")
            count += 1
    desk.say(f"{count:,} commits were read")
    return target


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """Open a file to write that is not there yet; one that nothing came of is taken away again."""
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError as error:
        raise StoreError(f"{path} is there already.", "Give the name of a new file.") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.", "Give another path.") from error
    try:
        with file:
            yield file
    except BaseException:  # also an interrupt: half a file would look like a whole one
        path.unlink(missing_ok=True)
        raise
