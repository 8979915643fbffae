"""Figures of traces: how the context grew, what took the room, what failed, what it cost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tract_nb.engine.tokens import TokenCounter
from tract_nb.errors import TractError
from tract_nb.model.event import Event
from tract_nb.model.price import Prices
from tract_nb.notebook.charts import ROLE_COLOURS
from tract_nb.notebook.trace_style import (
    ERROR_RED,
    GREY,
    HEIGHT,
    HOVER,
    LABELLED,
    LANE_COLOURS,
    LARGEST,
    MAIN_COLOUR,
    agent_name,
    compactions,
    plain,
    style,
)
from tract_nb.trace import Trace
from tract_nb.trace.frames import usage_rows
from tract_nb.view import figures

if TYPE_CHECKING:
    import plotly.graph_objects as go


def tokens(tr: Trace) -> go.Figure:
    """Return how large the context was at each reply, by what the provider reported.

    One line for each conversation, the input of every reply; a dashed vertical is a compaction. Where
    the trace has no times, replies are counted instead.

    Raises
    ------
    TractError
        If the trace reports no tokens.
    """
    import plotly.graph_objects as go

    usage: list[Any] = list(tr.structure.usage)
    if not usage:
        raise TractError("This trace reports no tokens.", "Where the room goes: --plot tools counts them.")
    timed = all(row.time is not None for row in usage)
    lines: dict[str | None, list[Any]] = {}
    for number, row in enumerate(sorted(usage, key=lambda row: row.time) if timed else usage, 1):
        lines.setdefault(row.agent, []).append((row.time if timed else number, row))
    figure = go.Figure()
    labelled = len(lines) <= LABELLED
    agents = [agent for agent in lines if agent is not None]
    for agent, points in lines.items():
        place = None if agent is None else agents.index(agent)
        name = "main" if agent is None else plain(agent_name(tr, agent), 24)
        colour = MAIN_COLOUR if place is None else LANE_COLOURS[place % len(LANE_COLOURS)]
        figure.add_scatter(
            x=[x for x, _ in points],
            y=[row.input for _, row in points],
            mode="lines+markers+text" if labelled else "lines+markers",
            text=[*[""] * (len(points) - 1), name] if labelled else None,
            textposition="top left",
            textfont={"color": colour},
            name=name,
            line={
                "color": colour,
                "width": 1.75,
                "shape": "hv",
                "dash": "solid" if agent is None else "dash",
            },
            marker={"size": 4, "color": colour},
            customdata=[
                f"{name}: {figures.tokens(row.input)} in, {figures.tokens(row.cached)} of it cached, "
                f"{figures.tokens(row.output)} out"
                for _, row in points
            ],
            hovertemplate=HOVER,
        )
    if timed:
        compactions(figure, [event.time for event in tr.events if event.kind == "compaction"])
    style(figure)
    figure.update_layout(showlegend=not labelled)
    figure.update_xaxes(title="" if timed else "reply")
    figure.update_yaxes(title="input tokens", rangemode="tozero")
    return figure


def tools(tr: Trace, counter: TokenCounter) -> go.Figure:
    """Return what takes the room: tokens of results by tool, and by file below.

    Parameters
    ----------
    tr : Trace
        The trace.
    counter : TokenCounter
        Counts the results' texts.

    Raises
    ------
    TractError
        If the trace has no call.
    """
    import plotly.graph_objects as go

    by_tool, by_file = sizes(tr, counter)
    if not by_tool:
        raise TractError("This trace has no call of a tool.", "Choose another figure.")
    figure = go.Figure()
    for found, colour in ((by_tool, ROLE_COLOURS["tool"]), (by_file, GREY)):
        ranked = sorted(found.items(), key=lambda item: -item[1])[:LARGEST]
        figure.add_bar(
            x=[count for _, count in ranked],
            y=[plain(name if len(name) <= 40 else f"…{name[-39:]}") for name, _ in ranked],
            orientation="h",
            marker_color=colour,
            text=[figures.tokens(count) for _, count in ranked],
            textposition="outside",
            cliponaxis=False,
            customdata=[f"{plain(name)}: {count:,} tokens" for name, count in ranked],
            hovertemplate=HOVER,
        )
    bars = sum(min(len(found), LARGEST) for found in (by_tool, by_file))
    style(figure, height=max(HEIGHT, 90 + 22 * bars))
    figure.update_xaxes(title="tokens of results")
    figure.update_yaxes(autorange="reversed", automargin=True, type="category", showgrid=False)
    return figure


def sizes(tr: Trace, counter: TokenCounter) -> tuple[dict[str, int], dict[str, int]]:
    """Return the tokens of results by tool, and by the file that was asked for."""
    by_tool: dict[str, int] = {}
    by_file: dict[str, int] = {}
    targets = {row.event: row.target for row in tr.structure.calls}
    paths = {row.path for row in tr.structure.files}
    asked: dict[str | None, list[Event]] = {}
    for event in tr.events:
        if event.kind == "tool_call":
            asked.setdefault(event.call_id, []).append(event)
        elif event.kind == "tool_result":
            calls = asked.get(event.call_id)
            call = calls.pop(0) if calls else None
            count = counter.count(event.text)
            name = event.name or (call.name if call is not None else None) or "unknown"
            by_tool[name] = by_tool.get(name, 0) + count
            target = targets.get(call.id, "") if call is not None else ""
            path = next((path for path in (target, *_endings(target)) if path in paths), None)
            if path is not None:
                by_file[path] = by_file.get(path, 0) + count
    return by_tool, by_file


def _endings(path: str) -> Iterable[str]:
    """Yield a path without its first folders, one by one: tables tell it from where the session ran."""
    parts = path.replace("\\", "/").split("/")
    return ("/".join(parts[start:]) for start in range(1, len(parts)))


def failures(tr: Trace) -> go.Figure:
    """Return how often each tool was called, and how often that failed.

    Raises
    ------
    TractError
        If the trace has no call.
    """
    import plotly.graph_objects as go

    rows: list[Any] = list(tr.structure.tools)[: 2 * LARGEST]
    if not rows:
        raise TractError("This trace has no call of a tool.", "Choose another figure.")
    names = [plain(row.name, 40) for row in rows]
    figure = go.Figure()
    figure.add_bar(
        x=[row.failed for row in rows],
        y=names,
        orientation="h",
        marker_color=ERROR_RED,
        text=[f"✕ {row.failed}" if row.failed else "" for row in rows],
        customdata=[
            f"{name}: {row.failed} of {row.calls} failed" for name, row in zip(names, rows, strict=True)
        ],
        hovertemplate=HOVER,
    )
    figure.add_bar(
        x=[row.calls - row.failed for row in rows],
        y=names,
        orientation="h",
        marker_color=ROLE_COLOURS["tool"],
        text=[f"{row.calls - row.failed}" for row in rows],
        customdata=[
            f"{name}: {row.calls - row.failed} of {row.calls} did not fail"
            for name, row in zip(names, rows, strict=True)
        ],
        hovertemplate=HOVER,
    )
    style(figure, height=max(HEIGHT, 90 + 22 * len(rows)))
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title="calls")
    figure.update_yaxes(autorange="reversed", automargin=True, type="category", showgrid=False)
    return figure


def cost(tr: Trace, prices: Prices) -> go.Figure:
    """Return what each model cost: the main conversation's own part apart from its subagents'.

    Parameters
    ----------
    tr : Trace
        The trace.
    prices : callable
        Returns the price of a model; used where the trace does not say what a reply cost.

    Raises
    ------
    TractError
        If no cost is known.
    """
    import plotly.graph_objects as go

    spent: dict[str, list[float]] = {}
    unknown = 0
    for _, _, agent, _, model, *_, paid in usage_rows(tr, prices):
        if paid is None:
            unknown += 1
            continue
        spent.setdefault(model or "unknown", [0.0, 0.0])[agent is not None] += paid
    if not spent:
        raise TractError(
            f"No cost is known of this trace's {unknown} replies.", "Its tokens stand in .usage."
        )
    ranked = sorted(spent.items(), key=lambda item: -sum(item[1]))[:LARGEST]
    figure = go.Figure()
    for place, (whose, colour) in enumerate((("own", MAIN_COLOUR), ("subagents", LANE_COLOURS[0]))):
        amounts = [parts[place] for _, parts in ranked]
        figure.add_bar(
            x=amounts,
            y=[plain(model, 40) for model, _ in ranked],
            orientation="h",
            name=whose,
            marker_color=colour,
            text=[f"{whose} {figures.money(amount)}" if amount else "" for amount in amounts],
            customdata=[
                f"{plain(model)}, {whose}: {figures.money(amount)}"
                for (model, _), amount in zip(ranked, amounts, strict=True)
            ],
            hovertemplate=HOVER,
        )
    style(figure)
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title=f"US dollars{f', {unknown} replies without a price' if unknown else ''}")
    figure.update_yaxes(autorange="reversed", automargin=True, type="category", showgrid=False)
    return figure
