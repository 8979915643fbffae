"""diff: what two commits' contexts have and have not in common, unit by unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import context_size
from tract_nb.model.commit import HASH_TAKEN, Row, preview
from tract_nb.model.content import Content
from tract_nb.model.difference import Changes, Diff, TextChange
from tract_nb.operations import names, present
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects

Pair = tuple[Unit | None, Unit | None]


def diff(ws: Workspace, a: Any, b: Any = "HEAD") -> Diff:
    """Return what the context at ``b`` has that the one at ``a`` has not, and the other way round."""
    rows = [names.commit_named(ws, name) for name in (a, b)]
    one, other = (ws.snapshot(row.id) for row in rows)
    pairs = changed_units(one, other)
    texts = [unit.text for pair in pairs for unit in pair if unit is not None]
    contents = present.contents(ws, texts)
    listed: list[tuple[Any, ...]] = []
    edits: list[TextChange] = []
    for before, after in pairs:
        listed += _changes(before, after, contents)
        if before is not None and after is not None and before.text.blob != after.text.blob:
            edits.append(TextChange(after.row.hash.hex(), _text(before, contents), _text(after, contents)))
    return Diff(
        rows[0].hash.hex(),
        rows[1].hash.hex(),
        Changes(tuple(listed)),
        tuple(edits),
        context_size(one.size),
        context_size(other.size),
        _config_changes(ws, rows),
    )


def changed_units(one: Snapshot, other: Snapshot) -> list[Pair]:
    """Return the units that stand differently in two histories, in the order of the second.

    Only what the commits that they do not share can have decided is looked at.
    """
    apart = [*one.beyond(other), *other.beyond(one)]
    touched = one.touched_by(apart) | other.touched_by(apart)
    ordered = sorted(touched, key=lambda identity: (other.place_of(identity), one.place_of(identity)))
    pairs = [(one.find(identity), other.find(identity)) for identity in ordered]
    gone = [(before, after) for before, after in pairs if before is not None and after is None]
    here = [
        (before, after)
        for before, after in pairs
        if after is not None and (before is None or state(before) != state(after))
    ]
    return [*gone, *here]


def state(unit: Unit) -> tuple[Any, ...]:
    """Return what may differ of one unit between two histories."""
    return (unit.text.blob, unit.priority, unit.covered, unit.skipped, unit.retired)


def _changes(
    before: Unit | None, after: Unit | None, contents: Mapping[int, Content]
) -> list[tuple[Any, ...]]:
    unit = after or before
    assert unit is not None
    head = (unit.row.hash.hex()[:HASH_TAKEN], unit.row.role, unit.row.type)
    if before is None or after is None:
        change, sign = ("added", 1) if before is None else ("removed", -1)
        said = preview(_text(unit, contents))
        return [(change, *head, sign * unit.size, *((None, said) if before is None else (said, None)))]
    delta = after.size - before.size
    found: list[tuple[str, str | None, str | None]] = []
    if before.text.blob != after.text.blob:
        found.append(("edited", preview(_text(before, contents)), preview(_text(after, contents))))
    if before.priority != after.priority:
        found.append(("reprioritised", before.priority.name, after.priority.name))
    if (before.covered, before.retired) != (after.covered, after.retired):
        hidden = after.covered or after.retired
        said = preview(_text(after, contents))
        found.append(("covered" if hidden else "uncovered", said, said))
    if not found:  # a result that its call took along
        found.append(("reprioritised", _shown_priority(before), _shown_priority(after)))
    # the size changes once, whatever the number of reasons
    return [
        (change, *head, delta if place == 0 else 0, *sides) for place, (change, *sides) in enumerate(found)
    ]


def _shown_priority(unit: Unit) -> str:
    return "SKIP" if unit.skipped else unit.priority.name


def _text(unit: Unit, contents: Mapping[int, Content]) -> str:
    return contents[unit.text.blob].unit_text if unit.text.blob is not None else ""


def _config_changes(ws: Workspace, rows: list[Row]) -> dict[str, tuple[Any, Any]]:
    """Return the keys of the newest generation config on each side that differ."""
    before, after = (objects.newest_config(ws.db, row.id) for row in rows)
    return {
        key: (before.get(key), after.get(key))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    }
