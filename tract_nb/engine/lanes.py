"""Lane layout: in which column each commit of a graph stands, and which lines pass it.

One pure function, for the text log, the static picture and the live widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

AGENT = -1  # the owner of a subagent's lanes, which are drawn dashed; branches count from 0


class Node(NamedTuple):
    """A commit as the layout sees it; ids in ``parents`` that are not drawn end their lane.

    ``owner`` is the branch it belongs to, which decides its colour: 0 is the current one.
    """

    id: int
    parents: tuple[int, ...]
    owner: int = 0


class Lane(NamedTuple):
    """A line in a row: its column, and the branch whose colour it has."""

    column: int
    owner: int


class LaneRow(NamedTuple):
    """One row of the drawing.

    Parameters
    ----------
    column : int
        Where the commit stands, counted from 0.
    owner : int
        The branch the commit belongs to.
    above : int or None
        Whose lane arrives from above in the commit's own column; None where none does.
    through : tuple of Lane
        Lanes that pass this row without touching the commit.
    joins : tuple of Lane
        Lanes from above that end here: children on other lanes, the commit is where they forked.
    opens : tuple of Lane
        Lanes that begin here downwards, or that are joined here from the side: second parents.
    below : int or None
        Whose lane goes on below in the commit's own column; None where none does.
    """

    column: int
    owner: int
    above: int | None
    through: tuple[Lane, ...]
    joins: tuple[Lane, ...]
    opens: tuple[Lane, ...]
    below: int | None

    @property
    def ends(self) -> bool:
        """Whether no lane goes on below in the commit's own column."""
        return self.below is None

    @property
    def width(self) -> int:
        """How many columns it takes."""
        return 1 + max(self.column, *(lane.column for lane in (*self.through, *self.joins, *self.opens)), 0)

    @property
    def under(self) -> tuple[Lane, ...]:
        """The lanes that go on below the row, by column."""
        own = () if self.below is None else (Lane(self.column, self.below),)
        lanes = {lane.column: lane for lane in (*self.opens, *self.through, *own)}
        return tuple(lanes[column] for column in sorted(lanes))


def layout(nodes: Sequence[Node], home: int | None = None) -> list[LaneRow]:
    """Lay out commits given newest first, every child before its parents.

    A lane waits for one commit; the first one that waits for a commit is where it stands, the others
    that wait for it join there. A first parent goes on in the commit's lane, or joins the lane that
    waits for it already; a second parent joins the lane that waits for it, or opens a new one. A lane
    has the colour of the branch it comes from, that of a second parent of the one it leads to.

    Parameters
    ----------
    nodes : sequence of Node
        The commits.
    home : int, optional
        The commit that stands in the first column whatever is newer, so that the line a person is on
        never changes its place.
    """
    owners = {node.id: node.owner for node in nodes}
    waiting: list[Lane | None] = []  # by column, the lane that goes down there
    columns: dict[int, list[int]] = {}  # by commit, the columns that wait for it
    reserved = 1 if home in owners else 0
    rows = []
    for node in nodes:
        own = columns.pop(node.id, None)
        if reserved and node.id == home:
            column, reserved = 0, 0
            _put(waiting, 0, None)
        else:
            column = own[0] if own else _free(waiting, reserved)
            if not own:
                _put(waiting, column, None)
        above, joins = waiting[column], _NONE
        waiting[column] = None
        if own and own != [column]:
            joins = tuple(lane for joined in own if (lane := waiting[joined]) is not None)
            for joined in own:
                waiting[joined] = None
        through = tuple(filter(None, waiting))
        below, opens = None, _NONE
        parents = [parent for parent in node.parents if parent in owners]
        if parents:
            # most commits go on in the lane they were reached by
            below = above if above is not None and above.owner == node.owner else Lane(column, node.owner)
            waiting[column] = below
            waits = columns.get(parents[0])
            columns[parents[0]] = [column] if waits is None else sorted([*waits, column])
            if len(parents) > 1:
                opens = tuple(
                    _open(waiting, columns, parent, owners[parent], column) for parent in parents[1:]
                )
        rows.append(
            LaneRow(column, node.owner, above and above.owner, through, joins, opens, below and below.owner)
        )
        while waiting and waiting[-1] is None:
            waiting.pop()
    return rows


_NONE: tuple[Lane, ...] = ()


def _open(
    waiting: list[Lane | None], columns: dict[int, list[int]], parent: int, owner: int, column: int
) -> Lane:
    """Return the lane that a second parent's line goes to: the one that waits for it, else a new one."""
    if parent in columns:
        return Lane(columns[parent][0], owner)
    lane = Lane(_free(waiting, column + 1), owner)
    _put(waiting, lane.column, lane)
    columns[parent] = [lane.column]
    return lane


def _free(waiting: list[Lane | None], lowest: int = 0) -> int:
    """Return the first column from ``lowest`` on in which no lane goes down."""
    for column in range(lowest, len(waiting)):
        if waiting[column] is None:
            return column
    return max(len(waiting), lowest)


def _put(waiting: list[Lane | None], column: int, lane: Lane | None) -> None:
    waiting.extend([None] * (column + 1 - len(waiting)))
    waiting[column] = lane


def text_cells(row: LaneRow, node: str) -> str:
    """Return a row's lanes as text, two characters a column: ``│ ●─┘``; an agent's are dashed."""
    cells = [" "] * (2 * row.width)
    for lane in row.through:
        cells[2 * lane.column] = "┆" if lane.owner < 0 else "│"
    cells[2 * row.column] = node
    touched = {lane.column: lane.owner for lane in (*row.joins, *row.opens) if lane.column != row.column}
    if touched:
        low, high = min(row.column, *touched), max(row.column, *touched)
        level = "╌" if all(owner < 0 for owner in touched.values()) else "─"
        for place in range(2 * low + 1, 2 * high):
            if place != 2 * row.column:
                cells[place] = "┼" if cells[place] in "│┆" else level
        for column in touched:
            cells[2 * column] = _corner(column, row, low, high)
    return "".join(cells)


def _corner(column: int, row: LaneRow, low: int, high: int) -> str:
    """Return what is drawn where a lane meets the horizontal line of a row."""
    up = any(lane.column == column for lane in row.joins)
    down = any(lane.column == column for lane in row.opens)
    if any(lane.column == column for lane in row.through):  # a merge into a lane that passes
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
