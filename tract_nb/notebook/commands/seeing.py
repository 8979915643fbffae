"""Commands that show: widgets in a notebook, the same as text in a terminal."""

from __future__ import annotations

from typing import Any

from tract_nb.notebook.desk import Desk
from tract_nb.notebook.words import Text
from tract_nb.view import graph
from tract_nb.view.strip_text import as_text


def dag(desk: Desk, *terms: str) -> Any:
    """Show the history of all branches: its size as a curve, rows with lanes, one commit beside.

    Parameters
    ----------
    terms
        Only what fits: role:user, type:tool_io, is:pinned, branch:NAME, kind:edit, tool:Read, >2k, words.
    """
    tract, wanted = desk.tract, " ".join(f'"{term}"' if " " in term else term for term in terms)
    if not desk.in_notebook:
        drawn = tract.dag()
        if wanted:
            drawn.show_only(wanted)
        return Text(graph.as_text(drawn))
    from tract_nb.widgets.dag import DagWidget  # noqa: PLC0415  loads anywidget

    return DagWidget(tract, filter=wanted)


def context(desk: Desk) -> Any:
    """Show what the model sees as a strip, what takes the room, what an action would change."""
    tract = desk.tract
    if not desk.in_notebook:
        return Text(as_text(tract.strip(), tract.takers(), tract.advice()))
    from tract_nb.widgets.context import ContextWidget  # noqa: PLC0415  loads anywidget

    return ContextWidget(tract)
