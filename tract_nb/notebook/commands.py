"""The command table: each command once, as a typed function.

``%tract``, the ``tract`` command of a terminal and the list in the README are readings of it. The
first parameter is what a command works on: a :class:`Tract`, or the :class:`Desk` it lies on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from cyclopts import Parameter

from tract_nb import samples, trace
from tract_nb.engine.context import CompiledContext
from tract_nb.errors import CommandError, StoreError
from tract_nb.model.budget import TokenBudget
from tract_nb.model.commit import Commit, Priority
from tract_nb.model.listing import Imported, Status
from tract_nb.notebook import charts
from tract_nb.notebook.desk import Desk
from tract_nb.operations.graph import Graph
from tract_nb.tract import Tract

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

NO_TEXT = "Write the text below the first line of the cell, or behind the command."


# -- tracts -----------------------------------------------------------------------------------------


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
        put_aside(desk, Path(path).expanduser())
    limit = TokenBudget(budget) if budget is not None else None
    desk.current = Tract.open(path, name=name, branch=branch, model=model, token_budget=limit)
    return desk.current


def put_aside(desk: Desk, path: Path) -> None:
    """Move a database out of the way, and say where it is now."""
    if not path.exists():
        return
    count = 1
    while (aside := path.with_name(f"{path.stem}.old-{count}{path.suffix}")).exists():
        count += 1
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    desk.say(f"{path.name} was moved to {aside.name}")


def use(desk: Desk, name: str) -> Tract:
    """Make a tract current.

    Parameters
    ----------
    name
        The variable that holds it, or its name in this database (``tracts`` lists them).
    """
    desk.current = desk.tract_named(name)
    return desk.current


def tracts(t: Tract) -> pd.DataFrame:
    """List the tracts of the database: an imported agent is one."""
    return t.tracts().to_frame()


def demo(desk: Desk) -> Tract:
    """Open the sample session that comes with the package, in memory, and make it current."""
    desk.current = Tract.open()
    desk.say(repr(desk.current.import_trace(samples.path())))
    return desk.current


# -- traces -----------------------------------------------------------------------------------------


def import_trace(
    desk: Desk, source: str | None = None, *, last: bool = False, redact: bool = True
) -> Imported:
    """Turn an agent's trace into history; what is here already is passed over.

    Parameters
    ----------
    source
        A file or folder, or the number of a row that ``traces`` listed.
    last
        Take the newest session there is.
    redact
        With --no-redact likely secrets stay; else placeholders stand for them.
    """
    return desk.tract.import_trace(trace_path(desk, source, last=last), redact=redact)


def trace_path(desk: Desk, source: str | None, *, last: bool) -> Path:
    """Return the file that a path, a row of ``traces`` or ``--last`` means."""
    if source is None and not last:
        raise CommandError("There is no trace named.", "Give a path, the number of a row of traces, or --last.")
    if source is not None and (not source.isdecimal() or Path(source).exists()):
        return Path(source).expanduser()
    desk.listed = desk.listed or trace.sessions()
    if not desk.listed:
        raise CommandError("There is no session under the usual folders.", "Give a path.")
    return desk.listed.path(1 if source is None else int(source))


def traces(desk: Desk, *folders: str) -> pd.DataFrame:
    """List the newest sessions of Claude Code and Codex, newest first.

    Parameters
    ----------
    folders
        Where to look; without one, the usual folders.
    """
    desk.listed = trace.sessions([Path(folder).expanduser() for folder in folders] or None)
    return desk.listed.to_frame()


def read_trace(desk: Desk, source: str | None = None, *, last: bool = False) -> trace.Trace:
    """Read a trace without importing it: its events and tables (``.calls``, ``.failures`` ...).

    Parameters
    ----------
    source
        A file or folder, or the number of a row that ``traces`` listed.
    last
        Take the newest session there is.
    """
    return trace.read(trace_path(desk, source, last=last))


# -- reading ----------------------------------------------------------------------------------------


def log(
    t: Tract,
    *,
    limit: Annotated[int | None, Parameter(name=["--limit", "-n"])] = None,
    branch: str | None = None,
    kind: Literal["append", "edit", "mark", "summary", "merge"] | None = None,
    content_type: Annotated[str | None, Parameter(name="--type")] = None,
    everything: Annotated[bool, Parameter(name=["--all", "-a"], negative=())] = False,
    graph: Annotated[bool, Parameter(name=["--graph", "-g"], negative=())] = False,
) -> pd.DataFrame | Graph:
    """List commits, newest first.

    Parameters
    ----------
    limit
        The most rows; with --graph 50 unless told.
    branch
        Whose history; the current branch's without one.
    kind
        Only this kind.
    content_type
        Only this content type.
    everything
        MARKs too, and what summaries cover.
    graph
        Draw the lanes of all branches as text.
    """
    if graph:
        return t.graph(50 if limit is None else limit)
    found = t.log(limit, branch=branch, kind=kind, content_type=content_type, all=everything)
    return found.to_frame()


def show(t: Tract, ref: str = "HEAD") -> Commit:
    """Show one commit, whole.

    Parameters
    ----------
    ref
        HEAD, a branch, a hash or the start of one; ``~2`` two commits before, ``@{1}`` one
        operation ago.
    """
    return t.show(ref)


def expand(t: Tract, ref: str) -> pd.DataFrame:
    """List the commits that a summary stands for, oldest first.

    Parameters
    ----------
    ref
        The SUMMARY.
    """
    return t.expand(ref).to_frame()


def status(t: Tract) -> Status:
    """Say where things stand: branch, HEAD, tokens, budget, the last commits."""
    return t.status()


def budget(t: Tract, *, largest: int = 10, plot: Annotated[bool, Parameter(negative=())] = False) -> pd.DataFrame | go.Figure:
    """List what takes the room: tokens by role, type and priority, and the largest units.

    Parameters
    ----------
    largest
        How many of the largest units.
    plot
        Draw it.
    """
    table = t.budget(largest)
    return charts.budget(table, t.token_budget) if plot else table.to_frame()


def compile_context(t: Tract, ref: str | None = None, *, reasoning: bool = False) -> CompiledContext:
    """Compile the context: what a model is sent.

    Parameters
    ----------
    ref
        At which commit; HEAD without one.
    reasoning
        Send the model's own thoughts too.
    """
    return t.compile(ref, include_reasoning=reasoning)


def export(
    t: Tract,
    ref: str | None = None,
    *,
    form: Annotated[Literal["openai", "anthropic", "dicts"], Parameter(name="--format")] = "openai",
    out: str | None = None,
    redact: bool = True,
) -> str | Path:
    """Give the messages of the compiled context as JSON.

    Parameters
    ----------
    ref
        At which commit; HEAD without one.
    form
        For whom.
    out
        A file to write; it must not be there yet.
    redact
        With --no-redact likely secrets stay; else placeholders stand for them.
    """
    context = t.compile(ref)
    forms = {"openai": context.to_openai, "anthropic": context.to_anthropic, "dicts": context.to_dicts}
    messages: Any = forms[form]()
    if redact:
        messages, _ = trace.redact_value(messages)
    text = orjson.dumps(messages, option=orjson.OPT_INDENT_2).decode()
    if out is None:
        return text
    target = Path(out).expanduser()
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text + "\n")
    except FileExistsError as error:
        raise StoreError(f"{target} is there already.", "Give the name of a new file.") from error
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}.", "Give another path.") from error
    return target


# -- writing ----------------------------------------------------------------------------------------


def user(desk: Desk, *text: str) -> Commit:
    """Append what the user says: the cell's text as it stands, or the words behind the command.

    Parameters
    ----------
    text
        The words, where there is no cell below.
    """
    return desk.tract.user(spoken(desk, text), key=desk.key)


def system(desk: Desk, *text: str) -> Commit:
    """Append an instruction (role system, pinned): the cell's text as it stands, or the words behind.

    Parameters
    ----------
    text
        The words, where there is no cell below.
    """
    return desk.tract.system(spoken(desk, text), key=desk.key)


def assistant(desk: Desk, *text: str) -> Commit:
    """Append what the assistant says: the cell's text as it stands, or the words behind the command.

    Parameters
    ----------
    text
        The words, where there is no cell below.
    """
    return desk.tract.assistant(spoken(desk, text), key=desk.key)


def edit(desk: Desk, ref: str, *text: str) -> Commit:
    """Replace the text of one unit where it stands.

    Parameters
    ----------
    ref
        The unit.
    text
        The new words, where there is no cell below.
    """
    return desk.tract.edit(ref, spoken(desk, text))


def spoken(desk: Desk, words: tuple[str, ...]) -> str:
    """Return the cell's text, literally; else the words of the line."""
    if desk.body is not None:
        return desk.body
    if not words:
        raise CommandError("There is no text to commit.", NO_TEXT)
    return " ".join(words)


def pin(t: Tract, *refs: str, reason: str | None = None) -> Commit | None:
    """Pin units: no compression may touch them.

    Parameters
    ----------
    refs
        Hashes or other names; ``$name`` takes a variable, a DataFrame with a commit column too.
    reason
        Why, for the operation log.
    """
    return t.annotate(named(refs), Priority.PINNED, reason)


def skip(t: Tract, *refs: str, reason: str | None = None) -> Commit | None:
    """Leave units out of the context; of a call, its results too.

    Parameters
    ----------
    refs
        Hashes or other names; ``$name`` takes a variable, a DataFrame with a commit column too.
    reason
        Why, for the operation log.
    """
    return t.annotate(named(refs), Priority.SKIP, reason)


def unpin(t: Tract, *refs: str, reason: str | None = None) -> Commit | None:
    """Give units the normal priority again, whether they were pinned, important or skipped.

    Parameters
    ----------
    refs
        Hashes or other names; ``$name`` takes a variable, a DataFrame with a commit column too.
    reason
        Why, for the operation log.
    """
    return t.annotate(named(refs), Priority.NORMAL, reason)


def named(refs: tuple[str, ...]) -> list[str]:
    """Return what a command was pointed at, or say that it was nothing."""
    if not refs:
        raise CommandError("Nothing is named.", "Give a hash, HEAD, or $name of a selection.")
    return list(refs)


# -- branches and operations --------------------------------------------------------------------------


def branch(desk: Desk, name: str, *, at: str | None = None) -> Status:
    """Create a branch; HEAD stays where it is.

    Parameters
    ----------
    name
        As in git: letters, digits, - _ and /.
    at
        At which commit; HEAD without one.
    """
    t = desk.tract
    there = {row[0]: row[2] for row in t.branches()}
    if desk.in_notebook and name in there:
        desk.say(f"{name} is there already, at {there[name] or 'no commit yet'}")
    else:
        t.branch(name, at)
    return t.status()


def branches(t: Tract) -> pd.DataFrame:
    """List the branches: tip, tokens, time."""
    return t.branches().to_frame()


def switch(t: Tract, name: str) -> Status:
    """Stand on a branch.

    Parameters
    ----------
    name
        The branch; ``-`` is the one before.
    """
    return t.switch(name)


def undo(t: Tract) -> pd.DataFrame:
    """Take back your newest operation that moved a branch or tag."""
    return t.undo().to_frame()


def operations(
    t: Tract, *, limit: Annotated[int | None, Parameter(name=["--limit", "-n"])] = None
) -> pd.DataFrame:
    """List what was done to this tract, newest first.

    Parameters
    ----------
    limit
        The most rows.
    """
    return t.operations(limit).to_frame()


#: every command by the name it is called with, in the groups and the order of the help
GROUPS: dict[str, dict[str, Callable[..., Any]]] = {
    "Tracts": {"open": open_tract, "use": use, "demo": demo, "tracts": tracts},
    "Traces": {"traces": traces, "trace": read_trace, "import": import_trace},
    "Write": {"user": user, "system": system, "assistant": assistant, "edit": edit},
    "Priorities": {"pin": pin, "skip": skip, "unpin": unpin},
    "Read": {
        "log": log,
        "show": show,
        "expand": expand,
        "status": status,
        "budget": budget,
        "compile": compile_context,
        "export": export,
    },
    "History": {
        "branch": branch,
        "branches": branches,
        "switch": switch,
        "undo": undo,
        "operations": operations,
    },
}
COMMANDS = {name: function for group in GROUPS.values() for name, function in group.items()}
#: commands that take the text of a ``%%tract`` cell
TAKES_BODY = frozenset({"user", "system", "assistant", "edit"})
