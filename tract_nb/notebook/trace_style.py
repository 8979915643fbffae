"""What the figures of traces have in common: colours, the look, foreign text on one line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tract_nb.trace import Trace
from tract_nb.trace.gather import one_line

if TYPE_CHECKING:
    import plotly.graph_objects as go

WIDTH, HEIGHT = 900, 320  # pixels
LANE = 26  # pixels of one lane
#: the lanes of a graph, the current branch's first
MAIN_COLOUR = "#3f4650"
LANE_COLOURS = ("#0d58bd", "#dd5a10", "#0b9870", "#bd69d0")
ERROR_RED = "#c62828"
GRID = "rgba(128,128,128,0.11)"
GREY = "#7e858e"
LARGEST = 10  # tools, files or models that a figure shows
LABELLED = 5  # series up to which each is labelled where it stands
HOVER = "%{customdata}<extra></extra>"


def plain(text: str, limit: int = 80) -> str:
    """Return foreign text as one line that plotly shows as it is: neither markup nor maths."""
    line = one_line(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return line.replace("$", "\u200b$")


def agent_name(tr: Trace, agent: str | None) -> str:
    """Return what a subagent is called: its type, where that is known, and its id."""
    known = tr.agents.get(agent or "")
    return f"{known.type} {agent}" if known is not None and known.type else str(agent)


def compactions(figure: go.Figure, places: Iterable[Any]) -> None:
    """Draw a dashed vertical at each compaction."""
    for place in places:
        if place is not None:
            figure.add_vline(x=place, line={"color": GREY, "dash": "dash", "width": 1})


def style(figure: go.Figure, height: int = HEIGHT) -> None:
    """Give a figure the look of all: transparent, no title, no legend, a faint grid."""
    figure.update_layout(
        width=WIDTH,
        height=height,
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": 12, "color": "#888"},
        margin={"l": 10, "r": 30, "t": 10, "b": 40},
        hovermode="closest",
    )
    figure.update_xaxes(gridcolor=GRID, zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, automargin=True)
