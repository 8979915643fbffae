"""find: commits by what they say, and by the config they were generated with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from tract_nb.engine.canonical import canonical
from tract_nb.engine.snapshot import Snapshot
from tract_nb.errors import ContentError
from tract_nb.model.commit import Row
from tract_nb.model.content import from_payload
from tract_nb.model.listing import Log
from tract_nb.operations import present
from tract_nb.operations.workspace import Workspace
from tract_nb.store import configs, objects, refs


def find(
    ws: Workspace,
    text: str | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    role: str | None = None,
) -> Log:
    """Return the units of all branches that fit every condition, newest first."""
    if text is not None and not isinstance(text, str):
        raise ContentError(f"{text!r} is no text to look for.", "Give a text.")
    if text is None and not config and role is None:
        raise ContentError(
            "find looks for nothing.", "Give a text, config={'temperature': ('>', 0.8)} or a role."
        )
    with_config = _with_config(ws, config) if config else None
    tip = ws.tip()
    heads = refs.all_of(ws.db, ws.tract, refs.HEADS)
    seen: set[tuple[int, int]] = set()
    found: dict[int, tuple[Row, str | None]] = {}
    views: dict[int, Snapshot] = {}
    for branch, number in (*((ws.branch, tip),), *sorted(heads.items())):
        snapshot = ws.snapshot(number)
        # the same unit may say something else on another branch, where it was edited
        units = [unit for unit in snapshot.units if (unit.row.id, unit.text.id) not in seen]
        seen.update((unit.row.id, unit.text.id) for unit in units)
        fits = [
            unit
            for unit in units
            if (with_config is None or unit.row.id in with_config) and (role is None or unit.row.role == role)
        ]
        said = _saying(ws, (unit.text for unit in fits), text) if text is not None else None
        for unit in fits:
            if (said is None or unit.text.blob in said) and unit.row.id not in found:
                found[unit.row.id] = (unit.row, branch)
                views[unit.row.id] = snapshot
    rows = [found[number][0] for number in sorted(found, reverse=True)]
    contents = present.contents(ws, rows)
    return Log(
        tuple(present.log_row(row, found[row.id][1], contents, views[row.id].find, {}) for row in rows)
    )


def _saying(ws: Workspace, rows: Iterable[Row], text: str) -> set[int]:
    """Return the blobs whose text holds another, upper and lower case alike."""
    wanted = text.casefold()
    return {
        number
        for number, data in objects.each_blob(ws.db, [row.blob for row in rows if row.blob is not None])
        if wanted in from_payload(orjson.loads(data)).unit_text.casefold()
    }


def _with_config(ws: Workspace, conditions: Mapping[str, Any]) -> set[int]:
    """Return the commits whose config fits every condition."""
    fitting: set[int] | None = None
    for key, condition in conditions.items():
        comparison, value = comparison_of(key, condition)
        canonical(list(value) if comparison == "in" else value)  # refuses what no config can hold
        one = configs.configs_where(ws.db, key, comparison, value)
        fitting = one if fitting is None else fitting & one
    return configs.commits_with(ws.db, fitting or set())


def comparison_of(key: str, condition: Any) -> tuple[str, Any]:
    """Return a condition as a comparison and a value.

    Conditions are ``0.7``, ``(">", 0.8)``, ``("in", ["a", "b"])`` and ``("missing",)``.
    """
    if not isinstance(condition, tuple):
        return "=", condition
    if condition == ("missing",):
        return "missing", None
    known = [*configs.COMPARISONS, "in"]
    if len(condition) != 2 or condition[0] not in known:
        raise ContentError(
            f"{key}: {condition!r} is no condition.",
            f'Write a value, ("missing",), or one of {known} and a value.',
        )
    if condition[0] == "in" and (isinstance(condition[1], str) or not isinstance(condition[1], Iterable)):
        raise ContentError(f'{key}: "in" takes a list, not {condition[1]!r}.', 'Write ("in", ["a", "b"]).')
    return condition[0], condition[1]
