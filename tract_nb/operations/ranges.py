"""Ranges: which units a compression is about, and the runs that it makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.errors import ContentError, RefError
from tract_nb.model.commit import HASH_SHOWN, Kind, Priority
from tract_nb.model.listing import counted
from tract_nb.operations import names
from tract_nb.operations.workspace import Workspace


class Range(NamedTuple):
    """What was chosen.

    Parameters
    ----------
    units : list of Unit
        In the order of the context; what does not show is not among them.
    given : bool
        Whether the caller said which: then it is an error where there is nothing.
    notes : tuple of str
        What of it was passed over, and why.
    """

    units: list[Unit]
    given: bool
    notes: tuple[str, ...] = ()


def chosen(ws: Workspace, history: Snapshot, start: Any, end: Any, commits: Any, keep_last: Any) -> Range:
    """Return the units that a range, a selection, or neither means.

    Raises
    ------
    RefError
        If an end is not in this history or does not show, or they are the wrong way round.
    ContentError
        If a range and a selection are given, or ``keep_last`` is no number.
    """
    if isinstance(keep_last, bool) or not isinstance(keep_last, int) or keep_last < 0:
        raise ContentError(f"keep_last={keep_last!r} keeps nothing.", "Give 0 or more.")
    shown = list(history.shown)
    if commits is not None:
        if start is not None or end is not None:
            raise ContentError("A range and a selection are given.", "Give start and end, or commits.")
        return _selected(ws, history, shown, commits)
    if start is None and end is None:
        return Range(since_summary(shown, keep_last), given=False)
    places = {unit.identity: place for place, unit in enumerate(shown)}
    first = 0 if start is None else _place(ws, history, places, start)
    last = len(shown) - 1 if end is None else _place(ws, history, places, end)
    if first > last:
        behind, before = _short(shown[first]), _short(shown[last])
        raise RefError(f"{behind} stands behind {before}.", "Give the earlier one as start.")
    return Range(shown[first : last + 1], given=True)


def _place(ws: Workspace, history: Snapshot, places: dict[bytes, int], name: Any) -> int:
    unit = names.unit_named(ws, history, names.one_name(name))
    place = places.get(unit.identity)
    if place is None:
        raise RefError(
            f"{_short(unit)} does not show, so no range begins or ends there.", "compile() shows what does."
        )
    return place


def _selected(ws: Workspace, history: Snapshot, shown: list[Unit], commits: Any) -> Range:
    wanted = {names.unit_named(ws, history, name).identity for name in names.names_in(commits)}
    units = [unit for unit in shown if unit.identity in wanted]
    hidden = len(wanted) - len(units)
    notes = (f"{counted(hidden, 'unit')} stayed: skipped, or covered by a summary",) if hidden else ()
    return Range(units, given=True, notes=notes)


def since_summary(shown: list[Unit], keep_last: int) -> list[Unit]:
    """Return all since the last summary that shows, but the last units that are sent."""
    begin = max((place for place, unit in enumerate(shown, 1) if unit.row.kind == Kind.SUMMARY), default=0)
    sent = [place for place, unit in enumerate(shown) if unit.size]
    if keep_last >= len(sent):
        return []
    end = sent[-keep_last] if keep_last else len(shown)
    return shown[begin:end]


def coverable(history: Snapshot, units: Iterable[Unit]) -> tuple[list[Unit], list[str]]:
    """Return what a summary can hide of some units, and what is left out and why.

    Nothing pinned; and a call with its results only all together.
    """
    free = [unit for unit in units if unit.priority is not Priority.PINNED]
    picked = {unit.identity for unit in free}
    torn = {
        call
        for call, members in calls_with_results(history).items()
        if not all(member.identity in picked or member.covered for member in members if not member.skipped)
    }
    whole = [unit for unit in free if (unit.call or unit.identity) not in torn]
    apart = len(free) - len(whole)
    notes = []
    if apart:
        what = counted(apart, "unit")
        notes.append(f"{what} stayed: a call and its results go together, and not all could go")
    return whole, notes


def calls_with_results(history: Snapshot) -> dict[bytes, list[Unit]]:
    """Return calls with their results, by the call's identity."""
    groups: dict[bytes, list[Unit]] = {}
    for unit in history.units:
        if unit.row.is_call:
            groups.setdefault(unit.identity, []).append(unit)
        elif unit.call is not None and history.find(unit.call) is not None:
            groups.setdefault(unit.call, []).append(unit)
    return groups


def runs(history: Snapshot, units: Iterable[Unit]) -> list[list[Unit]]:
    """Return units in runs between which nothing else is sent."""
    picked = {unit.identity for unit in units}
    found: list[list[Unit]] = [[]]
    for unit in history.shown:
        if unit.identity in picked:
            found[-1].append(unit)
        elif unit.size and found[-1]:
            found.append([])
    return [run for run in found if any(unit.size for unit in run)]


def targets_of(run: Iterable[Unit]) -> tuple[bytes, ...]:
    """Return what a summary of units is about: themselves, and what summaries among them are about."""
    found: dict[bytes, None] = {}
    for unit in run:
        found[unit.identity] = None
        if unit.row.kind == Kind.SUMMARY:
            found.update(dict.fromkeys(unit.row.targets))
    return tuple(found)


def _short(unit: Unit) -> str:
    return unit.row.hash.hex()[:HASH_SHOWN]
