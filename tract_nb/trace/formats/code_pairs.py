"""Which result answers which call, in a format whose calls carry no id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tract_nb.model.event import Event
from tract_nb.trace.notes import Notes

#: how the results of some tools begin; asked only where more than one call is open
_SIGNATURES = (
    (re.compile(r"Todos have been modified"), {"TodoWrite"}),
    (re.compile(r"File created successfully"), {"Write"}),
    (re.compile(r"The file .* has been updated"), {"Edit", "MultiEdit", "Write"}),
    (re.compile(r"\s*\d+→"), {"Read"}),
    (re.compile(r"\[\{'type': 'text'"), {"Task", "Agent"}),
)
_SIGNED = {"TodoWrite", "Read", "Task", "Agent"}  # tools whose results, unless they failed, always do
_WINDOW = 200  # events held back at most until a call is answered


#: a call that waits for its result: its tool, where it is held back (-1 if it was handed out under its
#: own id), and that id
_Open = tuple[str | None, int, str]


def with_call_ids(events: Iterable[Event], notes: Notes) -> Iterator[Event]:
    """Give each call the id of the result that answers it, and each result its call's tool.

    Events keep their order; those behind an open call are held back until it is answered or too many
    are held. A call that is never answered, or too late, goes by the id of its own event.

    Parameters
    ----------
    events : iterable of Event
        Of one file; only results have a ``call_id``.
    notes : Notes
        Where calls without an answer are noted.
    """
    held: list[Event] = []
    waiting: list[_Open] = []
    asked = 0  # how many of the waiting calls are held back
    agent = None
    new = tuple.__new__
    for event in events:
        if event.agent != agent:
            notes.unanswered += [event_id for _, _, event_id in waiting]
            yield from _release(held, waiting)
            waiting.clear()
            agent, asked = event.agent, 0
        kind = event.kind
        if kind == "tool_call":
            waiting.append((event.name, len(held), event.id))
            held.append(event)
            asked += 1
        elif kind == "tool_result" and waiting:
            name, place, event_id = waiting.pop(_answered(waiting, event) if len(waiting) > 1 else 0)
            if place >= 0:
                call = held[place]
                # what _replace does, in a third of its time
                held[place] = new(Event, (*call[:7], event.call_id, *call[8:]))
                held.append(new(Event, (*event[:6], name, *event[7:])))
                asked -= 1
            else:
                held.append(event._replace(name=name, call_id=event_id))
        elif held:
            held.append(event)
        else:
            yield event
            continue
        if asked == 0:
            yield from held
            held.clear()
        elif len(held) > _WINDOW:
            yield from _release(held, waiting)
            asked = 0
    notes.unanswered += [event_id for _, _, event_id in waiting]
    yield from _release(held, waiting)


def _release(held: list[Event], waiting: list[_Open]) -> list[Event]:
    """Empty what is held back; open calls in it go by the ids of their own events from here on."""
    for index, (name, place, event_id) in enumerate(waiting):
        if place >= 0:
            held[place] = held[place]._replace(call_id=event_id)
            waiting[index] = name, -1, event_id
    released = held.copy()
    held.clear()
    return released


def _answered(waiting: list[_Open], result: Event) -> int:
    """Return which open call a result answers: the oldest whose tool writes such results."""
    tools = next((tools for begins, tools in _SIGNATURES if begins.match(result.text)), None)
    for index, (name, _, _) in enumerate(waiting):
        if name in tools if tools else not result.is_error and name not in _SIGNED:
            return index
    return 0
