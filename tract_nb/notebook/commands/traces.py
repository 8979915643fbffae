"""Commands that find, read and import traces."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from tract_nb import trace
from tract_nb.engine.tokens import TiktokenCounter
from tract_nb.errors import CommandError
from tract_nb.llm.prices import price
from tract_nb.model.listing import Imported
from tract_nb.model.table import shown
from tract_nb.notebook import trace_charts, trace_timeline
from tract_nb.notebook.desk import Desk
from tract_nb.summaries.creating import OPERATION, created
from tract_nb.summaries.training import incomplete, loaded_batch
from tract_nb.tract import Tract

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

SUMMARIZE = "summarize"
Plot = Literal["timeline", "tokens", "tools", "failures", "cost"]


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
    recording = trace.read(trace_path(desk, source, last=last))  # before a database is made for it
    return desk.tract.import_trace(recording, redact=redact)


def trace_path(desk: Desk, source: str | None, *, last: bool) -> Path:
    """Return the file that a path, a row of ``traces`` or ``--last`` means."""
    if not source and not last:
        raise CommandError(
            "There is no trace named.", "Give a path, the number of a row of traces, or --last."
        )
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


def read_trace(
    desk: Desk,
    source: str | None = None,
    path: str | None = None,
    *,
    last: bool = False,
    plot: Plot | None = None,
    model: str | None = None,
    regenerate: Annotated[bool, Parameter(negative=())] = False,
    structure_only: Annotated[bool, Parameter(negative=())] = False,
) -> trace.Trace | go.Figure | Path:
    """Read a trace without importing it: its events and tables (``.calls``, ``.failures`` ...).

    Parameters
    ----------
    source
        A file or folder, or the number of a row that ``traces`` listed; or ``summarize``, and then that.
    path
        With ``summarize``: the trace that a model writes a summary of, beside it; one that holds is kept.
    last
        Take the newest session there is.
    plot
        Draw it: who worked when, tokens by reply, by tool and file, failures, costs.
    model
        Who writes the summary; without one the current tract's model, else x-ai/grok-4.1-fast.
    regenerate
        Write a summary anew that still holds.
    structure_only
        Of a summary the part that Python counts, labelled so; no model is asked.
    """
    if source == SUMMARIZE:
        place = trace_path(desk, path, last=last)
        return _summarized(desk, place, model, regenerate=regenerate, structure_only=structure_only)
    if model or regenerate or structure_only:
        raise CommandError(
            "--model, --regenerate and --structure-only are about a summary.", "%tract trace summarize PATH"
        )
    if path is not None:
        raise CommandError(
            f"trace takes one trace, not {source!r} and {path!r}.", "Quote a path with spaces."
        )
    tr = trace.read(trace_path(desk, source, last=last))
    return tr if plot is None else _PLOTS[plot](tr)


def _summarized(
    desk: Desk, place: Path, model: str | None, *, regenerate: bool, structure_only: bool
) -> Path:
    """Write a summary as the current tract calls models, where there is one."""
    t = _calling(desk)
    if t is None or structure_only:
        path = trace.create_trace_summary(place, model, narrative=not structure_only, regenerate=regenerate)
    else:
        with t.asking(OPERATION, model=model) as asker:
            path = created(place, asker, regenerate=regenerate)
    desk.say(trace.read_summary(path).told)
    return path


def _calling(desk: Desk) -> Tract | None:
    """Return the tract whose way of calling models is to be used; none is opened for it."""
    return desk.current or (Tract.first if desk.in_notebook else None)


def scan(
    desk: Desk,  # noqa: ARG001  every command has what it works on
    folder: str = ".",
    *,
    cache: bool = True,
) -> pd.DataFrame:
    """List every session under a folder with what it did and took, the newest first.

    Parameters
    ----------
    folder
        Looked through at any depth.
    cache
        With --no-cache every file is read again, also where it has not changed.
    """
    return trace.scan(folder, cache=cache)


def train_data(
    desk: Desk,
    folder: str = ".",
    *,
    model: str | None = None,
    regenerate_summaries: Annotated[bool, Parameter(negative=())] = False,
    structure_only: Annotated[bool, Parameter(negative=())] = False,
    summaries: bool = True,
    redact: bool = True,
    strict: Annotated[bool, Parameter(negative=())] = False,
) -> pd.DataFrame:
    """Load the training samples of a folder: sizes before and after, verified quotes, cost, errors.

    Parameters
    ----------
    folder
        Each folder in it is a sample: a trace with its plan, prompts, feedback, judges and tests.
    model
        Who writes summaries that have to be made; without one as in ``trace summarize``.
    regenerate_summaries
        Write all summaries anew, also those that still hold.
    structure_only
        Of new summaries the part that Python counts; no model is asked.
    summaries
        With --no-summaries the whole traces are taken.
    redact
        With --no-redact likely secrets stay; else placeholders stand for them.
    strict
        Fail at the end where a sample could not be loaded.
    """
    if not summaries and (model or regenerate_summaries or structure_only):
        raise CommandError(
            "--model, --regenerate-summaries and --structure-only are about summaries.",
            "Leave them out, or --no-summaries.",
        )
    t = _calling(desk)
    if t is None or structure_only or not summaries:
        batch = trace.load_training_batch(
            folder,
            model,
            summaries=summaries,
            narrative=not structure_only,
            regenerate=regenerate_summaries,
            redact=redact,
            strict=strict,
        )
    else:
        with t.asking(OPERATION, model=model) as asker:
            make = partial(created, asker=asker, regenerate=regenerate_summaries, redact=redact)
            batch = loaded_batch(folder, make, redact=redact, strict=strict)
    if not batch:
        raise incomplete(Path(folder), batch)
    for row in batch.errors:
        desk.say(shown(row.error))
    return batch.table().to_frame()


_PLOTS: dict[str, Callable[[trace.Trace], go.Figure]] = {
    "timeline": trace_timeline.timeline,
    "tokens": trace_charts.tokens,
    "tools": lambda tr: trace_charts.tools(tr, TiktokenCounter()),
    "failures": trace_charts.failures,
    "cost": lambda tr: trace_charts.cost(tr, price),
}
