"""Charts: plotly figures of what the tables say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tract_nb.model.budget import TokenBudget
from tract_nb.model.listing import BudgetTable

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: one hue a role, told apart under the three colour blindnesses (docs/design.md, "Widgets")
ROLE_COLOURS = {
    "system": "#9c3a8c",
    "user": "#2f5fe0",
    "assistant": "#b97518",
    "tool": "#0e948b",
    "not recorded": "#7e858e",
}
BUDGET_RED = "#c62828"
WIDTH, HEIGHT = 860, 320  # pixels
LABELLED = 6  # percent of the bar: a narrower part has no room for its name


def budget(table: BudgetTable, limit: TokenBudget | None) -> go.Figure:
    """Return the context by role as one bar, and the largest units below it.

    Parameters
    ----------
    table : BudgetTable
        What :meth:`Tract.budget` returns.
    limit : TokenBudget or None
        Drawn as a dashed line where there is one.
    """
    import plotly.graph_objects as go  # noqa: PLC0415  heavy: only when something is drawn

    figure = go.Figure()
    for row in table:
        by, name, _, tokens, share, *_ = row
        if by == "role":
            figure.add_bar(
                x=[tokens],
                y=["context"],
                name=name,
                orientation="h",
                marker_color=ROLE_COLOURS.get(name, ROLE_COLOURS["not recorded"]),
                text=[f"{name} {share:.0f} %" if share >= LABELLED else ""],
                insidetextfont={"color": "#fff"},
                hovertemplate=f"{name}: %{{x:,}} tokens<extra></extra>",
            )
    units = [row for row in table if row[0] == "unit"]
    figure.add_bar(
        x=[row[3] for row in units],
        y=[f"{row[6][:8]} {row[1]}" for row in units],
        orientation="h",
        marker_color=[_unit_colour(row[1]) for row in units],
        customdata=[row[7] for row in units],
        hovertemplate="%{y}: %{x:,} tokens<extra></extra>",
    )
    if limit is not None:
        figure.add_vline(
            x=limit.max_tokens,
            line={"color": BUDGET_RED, "dash": "dash", "width": 1},
            annotation={"text": f"budget {limit.max_tokens:,}", "font": {"color": BUDGET_RED}},
        )
    grid = "rgba(128,128,128,0.11)"
    figure.update_layout(
        barmode="stack",
        width=WIDTH,
        height=max(HEIGHT, 90 + 24 * (len(units) + 1)),
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": 12, "color": "#888"},
        margin={"l": 10, "r": 10, "t": 10, "b": 40},
        xaxis={"title": "tokens", "gridcolor": grid, "zeroline": False},
        yaxis={"autorange": "reversed", "automargin": True, "type": "category"},
    )
    return figure


def _unit_colour(who: str) -> str:
    """Return the colour of a unit's role, told by how it is shown: an arrow and a tool, or the role."""
    if who.startswith("→"):
        return ROLE_COLOURS["assistant"]
    if who.startswith("←"):
        return ROLE_COLOURS["tool"]
    return ROLE_COLOURS.get(who, ROLE_COLOURS["not recorded"])
