"""Who worked when in a trace, as a figure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from tract_nb.errors import TractError
from tract_nb.model.event import Event
from tract_nb.notebook.charts import ROLE_COLOURS
from tract_nb.notebook.trace_style import (
    ERROR_RED,
    HEIGHT,
    HOVER,
    LANE,
    LANE_COLOURS,
    MAIN_COLOUR,
    agent_name,
    compactions,
    plain,
    style,
)
from tract_nb.trace import Trace

if TYPE_CHECKING:
    import plotly.graph_objects as go


def timeline(tr: Trace) -> go.Figure:
    """Return who worked when: a lane for the main conversation and one for each subagent.

    A subagent's lane hangs at the call that started it. Bars are calls of tools, from the call to its
    result; ✕ is a failure, ▲ what a person said, a dashed line a compaction.

    Parameters
    ----------
    tr : Trace
        A trace whose events have times.

    Raises
    ------
    TractError
        If none of its events has a time.
    """
    import plotly.graph_objects as go

    events = [event for event in tr.events if event.time is not None]
    if not events:
        raise TractError("No event of this trace has a time.", "Its calls stand in .calls, in their order.")
    agents = list(dict.fromkeys(event.agent for event in events if event.agent is not None))
    lanes: dict[str | None, int] = {None: 0} | {agent: place for place, agent in enumerate(agents, 1)}
    ended = {event.call_id: event for event in events if event.kind == "tool_result"}
    started = {agent.call: agent.id for agent in tr.agents.values() if agent.call is not None}
    figure = go.Figure()
    for agent, lane in lanes.items():
        own = [event for event in events if event.agent == agent]
        if own:
            _lane(figure, own, lane, ended)
    for event in events:
        child = started.get(event.id)
        first = next((one for one in events if one.agent == child), None) if child is not None else None
        if first is not None:
            _hang(figure, event, first, lanes[event.agent], lanes[child])
    compactions(figure, [event.time for event in events if event.kind == "compaction"])
    names = ["main", *(plain(agent_name(tr, agent), 24) for agent in agents)]
    style(figure, height=max(HEIGHT, 90 + LANE * len(lanes)))
    figure.update_yaxes(
        tickvals=list(lanes.values()), ticktext=names, range=[len(lanes) - 0.5, -0.5], showgrid=False
    )
    return figure


def _lane(figure: go.Figure, own: list[Event], lane: int, ended: dict[str | None, Event]) -> None:
    """Draw one conversation: its span, its calls, its failures, its prompts."""
    times = [event.time for event in own]
    colour = MAIN_COLOUR if lane == 0 else LANE_COLOURS[(lane - 1) % len(LANE_COLOURS)]
    line = {"color": colour, "width": 1.75, "dash": "solid" if lane == 0 else "dash"}
    figure.add_scatter(
        x=[min(filter(None, times)), max(filter(None, times))],
        y=[lane, lane],
        mode="lines",
        line=line,
        hoverinfo="skip",
    )
    xs: list[datetime | None] = []
    told: list[str | None] = []
    for call in own:
        result = ended.get(call.call_id) if call.kind == "tool_call" else None
        if call.kind == "tool_call":
            said = f"→ {plain(call.name or '', 30)} {plain(call.text, 80)}"
            xs += [call.time, result.time if result is not None else call.time, None]
            told += [said, said, None]
    ys = [None if x is None else lane for x in xs]
    bars = {"color": ROLE_COLOURS["tool"], "width": 9}
    figure.add_scatter(x=xs, y=ys, mode="lines", line=bars, customdata=told, hovertemplate=HOVER)
    failed = [event for event in own if event.is_error]
    _marks(
        figure, failed, lane, "x", ERROR_RED, lambda event: f"✕ {plain(event.name or '')} {plain(event.text)}"
    )
    typed = [event for event in own if event.is_prompt]
    _marks(
        figure, typed, lane, "triangle-up", ROLE_COLOURS["user"], lambda event: f"user {plain(event.text)}"
    )


def _marks(
    figure: go.Figure, events: list[Event], lane: int, symbol: str, colour: str, say: Callable[[Event], str]
) -> None:
    if events:
        figure.add_scatter(
            x=[event.time for event in events],
            y=[lane] * len(events),
            mode="markers",
            marker={"symbol": symbol, "size": 9, "color": colour},
            customdata=[say(event) for event in events],
            hovertemplate=HOVER,
        )


def _hang(figure: go.Figure, call: Event, first: Event, above: int, below: int) -> None:
    """Draw the way from a call to the lane of the subagent that it started."""
    figure.add_scatter(
        x=[call.time, first.time],
        y=[above, below],
        mode="lines",
        line={"color": LANE_COLOURS[(below - 1) % len(LANE_COLOURS)], "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
