"""Commands that read: what is there, and what a model is sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from cyclopts import Parameter

from tract_nb import trace
from tract_nb.engine.context import CompiledContext
from tract_nb.errors import CommandError
from tract_nb.model.advice import Advice
from tract_nb.model.commit import Commit
from tract_nb.model.difference import Diff
from tract_nb.model.listing import Status
from tract_nb.notebook import charts
from tract_nb.notebook.commands.tracts import new_file
from tract_nb.notebook.words import Text
from tract_nb.tract import Tract
from tract_nb.view.graph import Graph

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

GRAPH_ROWS = 50  # unless told


def log(
    t: Tract,
    *,
    limit: Annotated[int | None, Parameter(name=["--limit", "-n"])] = None,
    branch: str | None = None,
    kind: Literal["append", "edit", "mark", "summary", "merge"] | None = None,
    content_type: Annotated[str | None, Parameter(name="--type")] = None,
    role: Literal["system", "user", "assistant", "tool"] | None = None,
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
    role
        Only this role; with --graph, also what holds the lanes together.
    everything
        MARKs too, and what summaries cover.
    graph
        Draw the lanes of all branches as text.
    """
    if graph:
        return t.graph(GRAPH_ROWS if limit is None else limit, role=role)
    found = t.log(limit, branch=branch, kind=kind, content_type=content_type, role=role, all=everything)
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


def diff(t: Tract, a: str, b: str = "HEAD") -> Diff:
    """Show what changed from one commit's context to another's, unit by unit.

    Parameters
    ----------
    a
        Before: any name of a commit.
    b
        After.
    """
    return t.diff(a, b)


def find(
    t: Tract,
    *text: str,
    role: Literal["system", "user", "assistant", "tool"] | None = None,
    config: Annotated[list[str] | None, Parameter(negative=())] = None,
) -> pd.DataFrame:
    """List the units of all branches that say something, or were generated so, newest first.

    Parameters
    ----------
    text
        What they say; upper and lower case are alike.
    role
        Only this role.
    config
        A condition on the generation config: "temperature>0.8", "model=gpt-4o"; may be repeated.
    """
    conditions = dict(condition(item) for item in config or ())
    return t.find(" ".join(text) or None, config=conditions or None, role=role).to_frame()


_CONDITION = re.compile(r"(?P<key>\w[\w.-]*)\s*(?P<sign>>=|<=|!=|==|=|>|<)\s*(?P<value>.+)")


def condition(text: str) -> tuple[str, tuple[str, Any]]:
    """Return a condition as :meth:`Tract.find` takes it; a value that is no JSON is a text."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise CommandError(f"{text!r} is no condition.", 'Write --config "temperature>0.8".')
    try:
        value = orjson.loads(found["value"])
    except orjson.JSONDecodeError:
        value = found["value"]
    return found["key"], (found["sign"], value)


def status(t: Tract) -> Status:
    """Say where things stand: branch, HEAD, tokens, budget, the last commits."""
    return t.status()


def budget(
    t: Tract,
    *,
    largest: int = 10,
    plot: Annotated[bool, Parameter(negative=())] = False,
    advice: Annotated[bool, Parameter(negative=())] = False,
) -> pd.DataFrame | go.Figure | Advice:
    """List what takes the room by role, type, priority and unit, and what compressing would save.

    Parameters
    ----------
    largest
        How many of the largest units.
    plot
        Draw it.
    advice
        Say instead what each way of compressing would save and cost, and which outputs nobody needs any more.
    """
    if advice:
        return t.advice()
    table = t.budget(largest, structural=not plot)
    return charts.budget(table, t.token_budget) if plot else table.to_frame()


def compile_context(
    t: Tract, ref: str | None = None, *, at_time: datetime | None = None, reasoning: bool = False
) -> CompiledContext:
    """Compile the context: what a model is sent.

    Parameters
    ----------
    ref
        At which commit; HEAD without one.
    at_time
        As the branch was at that time, in UTC: 2026-03-17T09:30.
    reasoning
        Send the model's own thoughts too.
    """
    return t.compile(ref, at_time=at_time, include_reasoning=reasoning)


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
    forms: dict[str, Callable[[], Any]] = {
        "openai": context.to_openai,
        "anthropic": context.to_anthropic,
        "dicts": context.to_dicts,
    }
    messages: Any = forms[form]()
    if redact:
        messages, _ = trace.redact_value(messages)
    text = orjson.dumps(messages, option=orjson.OPT_INDENT_2).decode()
    if out is None:
        return Text(text)
    target = Path(out).expanduser()
    with new_file(target) as file:
        file.write(text + "\n")
    return target
