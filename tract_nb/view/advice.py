"""Advice: what compressing would save and cost, and which outputs nobody needs any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tract_nb.engine.masking import KEEP_LAST
from tract_nb.engine.referring import never_said
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.superseding import Done, superseded
from tract_nb.model.advice import SUPERSEDED, UNREFERENCED, Advice, Outputs
from tract_nb.model.commit import preview
from tract_nb.operations.masking import Mask, masked, masks
from tract_nb.operations.ranges import since_summary
from tract_nb.operations.workspace import Workspace
from tract_nb.view import ways
from tract_nb.view.facts import Fact, facts_of
from tract_nb.view.outlook import last_call
from tract_nb.view.strip import short_hash


class _Found(NamedTuple):
    """What a history alone says, whatever was called and whatever it costs."""

    ways: tuple[ways.Way, ...]
    outputs: Outputs


def advice(ws: Workspace, model: str | None = None) -> Advice:
    """Return what compressing the context at HEAD would save and cost, and which outputs nobody needs.

    Parameters
    ----------
    ws : Workspace
        Where.
    model : str, optional
        Who would write summaries; the one that ``compress`` would ask without one.
    """
    call = last_call(ws)
    history = ws.snapshot(call.tip)
    key = "advice", ws.counter.name
    found: _Found | None = history.notes.get(key)
    if found is None:
        found = history.notes[key] = _found(ws, history)
    return Advice(ways.table(ws, call, history, found.ways, model), found.outputs, call.missing)


def _found(ws: Workspace, history: Snapshot) -> _Found:
    facts = facts_of(ws, history)
    made = {mask.item.unit.identity: mask for mask in masks(ws, history, history.shown, ())}
    by_default = [
        made[unit.identity] for unit in since_summary(list(history.shown), KEEP_LAST) if unit.identity in made
    ]
    return _Found(ways.ways_of(ws, history, by_default), _outputs(ws, history, facts, made))


# -- outputs that nobody needs ------------------------------------------------------------------------


def _outputs(ws: Workspace, history: Snapshot, facts: Sequence[Fact], made: dict[bytes, Mask]) -> Outputs:
    """Return the outputs that a mask may stand for and that were superseded, or are named by nothing."""
    results = [place for place, fact in enumerate(facts) if fact.unit.row.is_result]
    open_ones = {place for place in results if facts[place].unit.identity in made}
    out_of_date = superseded(_done(ws, history, facts, results))
    old = {place for place in open_ones if place < len(facts) - KEEP_LAST}
    lone = never_said([fact.said for fact in facts], old) if old else set()
    rows = []
    for place in sorted(open_ones):
        if place in out_of_date:
            by, how = out_of_date[place]
            rows.append(_row(facts, place, made, SUPERSEDED, how, short_hash(facts[by].unit)))
        elif place in lone:
            rows.append(_row(facts, place, made, UNREFERENCED, None, None))
    return Outputs(tuple(sorted(rows, key=lambda row: -row[7])))


def _row(
    facts: Sequence[Fact],
    place: int,
    made: dict[bytes, Mask],
    reason: str,
    how: str | None,
    by: str | None,
) -> tuple[Any, ...]:
    unit = facts[place].unit
    mask = made[unit.identity]
    about = preview(mask.item.about)
    behind = len(facts) - 1 - place
    return short_hash(unit), reason, how, by, unit.row.name or "tool", behind, unit.size, mask.saved, about


def _done(ws: Workspace, history: Snapshot, facts: Sequence[Fact], results: Sequence[int]) -> list[Done]:
    """Return what was called with a result, in order; of several results of a call the first counts."""
    calls = {fact.unit.identity: fact for fact in facts if fact.unit.row.is_call}
    earlier = masked(ws, history, [facts[place].unit for place in results])
    lines = {identity for identity, one in earlier.items() if one.now}
    found = []
    for place in results:
        fact = facts[place]
        call = calls.pop(fact.unit.call or b"", None)
        if call is not None and call.deeds:
            found.append(Done(place, call.deeds, fact.unit.identity not in lines, fact.failed))
    return found
