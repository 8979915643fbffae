"""Lane layout: in which column each commit of a graph stands, and which lines pass it.

One pure function, for the text log, the static picture and the live widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Node(NamedTuple):
    """A commit as the layout sees it; ids in ``parents`` that are not drawn end their lane."""

    id: int
    parents: tuple[int, ...]


class LaneRow(NamedTuple):
    """One row of the drawing.

    Parameters
    ----------
    column : int
        Where the commit stands, counted from 0.
    through : tuple of int
        Columns of the lanes that pass this row without touching the commit.
    joins : tuple of int
        Columns of lanes from above that end here: children on other lanes, the commit is where
        they forked.
    opens : tuple of int
        Columns of lanes that begin here downwards: second parents.
    ends : bool
        No lane goes on below in the commit's own column.
    """

    column: int
    through: tuple[int, ...]
    joins: tuple[int, ...]
    opens: tuple[int, ...]
    ends: bool


def layout(nodes: Sequence[Node]) -> list[LaneRow]:
    """Lay out commits given newest first, every child before its parents.

    A lane waits for one commit; the first one that waits for a commit is where it stands, the others
    that wait for it join there. A first parent goes on in the commit's lane, or joins the lane that
    waits for it already; a second parent joins the lane that waits for it, or opens a new one.
    """
    drawn = {node.id for node in nodes}
    waiting: list[int | None] = []  # by column, the commit that the lane goes down to
    columns: dict[int, list[int]] = {}  # by commit, the columns that wait for it
    rows = []
    for node in nodes:
        own = columns.pop(node.id, [])
        column = own[0] if own else _free(waiting)
        for joined in own:
            waiting[joined] = None
        through = tuple(index for index, target in enumerate(waiting) if target is not None)
        _put(waiting, column, None)
        opens = []
        goes_on = False
        for place, parent in enumerate(parent for parent in node.parents if parent in drawn):
            if place == 0 and not goes_on:
                _put(waiting, column, parent)
                columns.setdefault(parent, []).append(column)
                columns[parent].sort()
                goes_on = True
            elif parent in columns:
                opens.append(columns[parent][0])
            else:
                new = _free(waiting, above=column)
                _put(waiting, new, parent)
                columns[parent] = [new]
                opens.append(new)
        rows.append(LaneRow(column, through, tuple(own[1:]), tuple(opens), not goes_on))
        while waiting and waiting[-1] is None:
            waiting.pop()
    return rows


def _free(waiting: list[int | None], above: int = -1) -> int:
    """Return the first column beyond ``above`` in which no lane goes down."""
    for column in range(above + 1, len(waiting)):
        if waiting[column] is None:
            return column
    return max(len(waiting), above + 1)


def _put(waiting: list[int | None], column: int, target: int | None) -> None:
    waiting.extend([None] * (column + 1 - len(waiting)))
    waiting[column] = target


def text_cells(row: LaneRow, node: str) -> str:
    """Return a row's lanes as text, two characters a column: ``│ ●─┘``."""
    right = max((*row.joins, *row.opens, row.column), default=row.column)
    width = max((right, *row.through), default=right) + 1
    cells = [" "] * (2 * width)
    for column in row.through:
        cells[2 * column] = "│"
    cells[2 * row.column] = node
    touched = sorted({*row.joins, *row.opens} - {row.column})
    if touched:
        low, high = min(row.column, touched[0]), max(row.column, touched[-1])
        for place in range(2 * low + 1, 2 * high):
            if place != 2 * row.column:
                cells[place] = "┼" if cells[place] == "│" else "─"
        for column in touched:
            cells[2 * column] = _corner(column, row, low, high)
    return "".join(cells)


def _corner(column: int, row: LaneRow, low: int, high: int) -> str:
    """Return what is drawn where a lane meets the horizontal line of a row."""
    up, down = column in row.joins, column in row.opens
    if column in row.through:  # a merge into a lane that passes
        up = down = True
    if column in (low, high):
        side = "right" if column == high else "left"
        return {
            ("right", True, False): "┘",
            ("right", False, True): "┐",
            ("right", True, True): "┤",
            ("left", True, False): "└",
            ("left", False, True): "┌",
            ("left", True, True): "├",
        }[side, up, down]
    return "┼" if up and down else "┴" if up else "┬"
