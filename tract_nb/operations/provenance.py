"""provenance: what stands behind a unit, and how it was made."""

from __future__ import annotations

from typing import Any

import orjson

from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.model.commit import HASH_TAKEN, Kind, Row, from_us, preview
from tract_nb.model.provenance import Provenance
from tract_nb.operations import names, present
from tract_nb.operations.masking import MASK
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects


def provenance(ws: Workspace, target: Any) -> Provenance:
    """Return what a unit of HEAD's history stands for.

    Of a summary the units that it covers, summaries among them too; of any other its texts, the first
    first.
    """
    history = ws.snapshot(ws.tip())
    unit = names.unit_named(ws, history, names.one_name(target))
    rows = _behind(history, unit)
    contents = present.contents(ws, rows)
    details = objects.details(ws.db, [row.id for row in (*rows, unit.row)])
    listed = [
        (
            row.hash.hex()[:HASH_TAKEN],
            MASK if MASK in (details[row.id].metadata or {}) else Kind(row.kind).name.lower(),
            row.role,
            row.tokens,
            from_us(row.author_us),
            preview(contents[row.blob].unit_text) if row.blob in contents else "",
        )
        for row in rows
    ]
    return Provenance(tuple(listed), unit.row.hash.hex(), _made(details[unit.row.id].metadata or {}))


def _behind(history: Snapshot, unit: Unit) -> list[Row]:
    if unit.row.kind == Kind.SUMMARY:
        covered = [history.find(target) for target in unit.row.targets]
        return sorted({found.row for found in covered if found is not None})
    edits = [row for row in history.rows if row.kind == Kind.EDIT and row.targets[0] == unit.identity]
    return [unit.row, *edits]


def _made(metadata: Any) -> tuple[tuple[str, str], ...]:
    """Return how a summary was made, as it was kept."""
    kept = metadata.get("compression")
    if not isinstance(kept, dict):
        return ()
    return tuple(
        (str(name), value if isinstance(value, str) else orjson.dumps(value).decode())
        for name, value in kept.items()
    )
