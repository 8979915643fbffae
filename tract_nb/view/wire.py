"""Rows of the drawn history as the page takes them: short names, and nothing that is not so."""

from __future__ import annotations

from typing import Any

from tract_nb.engine.lanes import LaneRow
from tract_nb.view.cells import Cell
from tract_nb.view.dag import Drawn

COLUMNS = 4  # of lanes that are drawn; where there are more, the last column is their number


def row_to_wire(row: Drawn) -> dict[str, Any]:
    """Return a row as values of JSON."""
    cell = row.cell
    said: dict[str, Any] = {
        "commit": cell.commit,
        "kind": cell.kind,
        "who": cell.who,
        "text": cell.text,
        "tokens": cell.tokens,
        "time": cell.time,
        "graph": lanes_to_wire(row.lanes),
    }
    for name in ("role", "type", "direction", "before", "after"):
        if value := getattr(cell, name):
            said[name] = value
    for name in ("code", "failed", "sent", "covered", "here", "inset", "agent"):
        if getattr(cell, name):
            said[name] = 1
    if cell.level > 1:
        said["level"] = cell.level
    if cell.labels:
        said["labels"] = [tuple(label) for label in cell.labels]
    if cell.marks:
        said["marks"] = list(cell.marks)
    if cell.fold:
        said["fold"] = _fold(cell)
    return said


def _fold(cell: Cell) -> dict[str, Any]:
    fold = cell.fold
    assert fold is not None
    return fold._asdict()


def lanes_to_wire(lanes: LaneRow) -> dict[str, Any]:
    """Return the lanes of a row: the commit's column and owner, and each line as (way, column, owner).

    The way is ``|`` through the row, ``^`` from above to the commit, ``v`` from it downwards.
    """
    lines: list[tuple[str, int, int]] = [("|", lane.column, lane.owner) for lane in lanes.through]
    if lanes.above is not None:
        lines.append(("^", lanes.column, lanes.above))
    lines += [("^", lane.column, lane.owner) for lane in lanes.joins]
    lines += [("v", lane.column, lane.owner) for lane in lanes.opens]
    if lanes.below is not None:
        lines.append(("v", lanes.column, lanes.below))
    last = COLUMNS - 1
    found: dict[str, Any] = {"at": min(lanes.column, last), "owner": lanes.owner}
    if lanes.width > COLUMNS:
        # what does not fit stands as a number where the last column would be
        beyond = {column for _, column, _ in lines if column >= last and column != lanes.column}
        lines = [line for line in lines if line[1] < last or line[0] != "|"]
        if beyond:
            found["more"] = len(beyond)
    found["lines"] = list(dict.fromkeys((way, min(column, last), owner) for way, column, owner in lines))
    return found
