"""graph: the commits of all branches with the lanes they are drawn in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html import escape

from tract_nb.engine.lanes import LaneRow, Node, layout, text_cells
from tract_nb.engine.resolve import Unit
from tract_nb.errors import ContentError
from tract_nb.model.commit import HASH_SHOWN, Kind, Priority, Row, preview
from tract_nb.operations import history, present
from tract_nb.operations.present import short
from tract_nb.operations.workspace import Workspace
from tract_nb.store import refs

NODES = {Kind.APPEND: "●", Kind.EDIT: "◇", Kind.SUMMARY: "▣", Kind.MERGE: "◎"}
MARKS = {Priority.SKIP: "skipped", Priority.IMPORTANT: "important", Priority.PINNED: "pinned"}
BARS = "▏▎▍▌▋▊▉█"
BAR = 10  # characters of the longest bar
LANES = 6  # columns of lanes that are drawn at the most
TEXT, WHO = 52, 12  # characters


class Graph:
    """The newest commits of all branches, newest first, as text with lanes.

    Parameters
    ----------
    title : str
        What it is of, in one line.
    lines : tuple of str
        One line a commit: lanes, hash, who, labels and text, mark, tokens, a bar.
    """

    __slots__ = ("lanes", "lines", "title")

    def __init__(self, title: str, lines: tuple[str, ...], lanes: tuple[LaneRow, ...]) -> None:
        self.title = title
        self.lines = lines
        self.lanes = lanes

    def __repr__(self) -> str:
        return "\n".join((self.title, *self.lines))

    def _repr_html_(self) -> str:
        # a line that wraps would tear the lanes apart
        return f'<pre style="white-space:pre;overflow-x:auto">{escape(repr(self))}</pre>'


def graph(ws: Workspace, limit: int, role: str | None = None) -> Graph:
    """Return the newest commits behind every branch; what no branch's log lists is stepped over.

    With a ``role``, only its units are drawn, and what holds the lanes together.
    """
    if limit < 0:
        raise ContentError(f"limit={limit} draws nothing.", "Give 0 or more.")
    tip = ws.tip()
    heads = {name: number for name, number in refs.all_of(ws.db, ws.tract, refs.HEADS).items() if number}
    rows: dict[int, Row] = {}
    units: dict[bytes, Unit] = {}
    visible: set[int] = set()
    for name in sorted(heads, key=lambda name: (name != ws.branch, name)):
        snapshot = ws.snapshot(heads[name])
        for row in snapshot.rows:
            rows.setdefault(row.id, row)
        visible.update(row.id for row in snapshot.rows if not history.hidden(row, snapshot))
        for unit in snapshot.units:
            units.setdefault(unit.identity, unit)
    total = len(visible)
    if role is not None:
        visible = _of_role(role, rows, visible, {*heads.values(), tip})
    labels: dict[int, list[str]] = {}
    for label, number in (("HEAD", tip), *heads.items()):
        labels.setdefault(_listed(number, rows, visible), []).append(f"[{label}]")
    shown = [rows[number] for number in sorted(visible, reverse=True)[:limit]]
    lanes = tuple(
        layout(
            [
                Node(
                    row.id,
                    tuple(_listed(parent, rows, visible) for parent in (row.parent1, row.parent2) if parent),
                )
                for row in shown
            ]
        )
    )
    found = present.contents(ws, shown)
    longest = max((row.tokens for row in shown), default=0)
    width = 2 * min(LANES, max((len(text_cells(lane, "●")) // 2 for lane in lanes), default=1))
    lines = tuple(
        _line(
            row,
            lane,
            " ".join([*labels.get(row.id, ()), present.says(row, found, units.get)]),
            units,
            longest,
            width,
        )
        for row, lane in zip(shown, lanes, strict=True)
    )
    return Graph(_title(ws, len(shown), total), lines, lanes)


def _of_role(role: str, rows: Mapping[int, Row], visible: set[int], tips: set[int]) -> set[int]:
    """Return what is drawn of one role: its units, the tips, the forks, and all that is no APPEND."""
    children = Counter(
        _listed(rows[number].parent1 or 0, rows, visible) for number in visible if rows[number].parent1
    )
    listed_tips = {_listed(tip, rows, visible) for tip in tips}
    return {
        number
        for number in visible
        if rows[number].role == role
        or rows[number].kind != Kind.APPEND
        or children[number] > 1
        or number in listed_tips
    }


def _listed(number: int, rows: Mapping[int, Row], visible: set[int]) -> int:
    """Return a commit, or the first one before it, along first parents, that is drawn; 0 without one."""
    while number and number not in visible:
        number = (rows[number].parent1 or 0) if number in rows else 0
    return number


def _line(row: Row, lane: LaneRow, said: str, units: Mapping[bytes, Unit], longest: int, width: int) -> str:
    """Return one line: lanes, hash, who, text, mark, tokens, bar."""
    unit = units.get(row.identity) if row.is_unit else None
    mark = MARKS.get(unit.priority, "") if unit else ""
    cells = text_cells(lane, NODES[Kind(row.kind)])[:width]
    return (
        f"{cells:<{width}} {row.hash.hex()[:HASH_SHOWN]}  {_who(row):<{WHO}.{WHO}} "
        f"{preview(said, TEXT):<{TEXT}} {mark:<9} {short(row.tokens):>6} {_bar(row.tokens, longest)}"
    ).rstrip()


def _who(row: Row) -> str:
    """Return who a commit is from: an arrow and a tool, a role, or the kind."""
    if row.is_call or row.is_result:
        return f"{'→' if row.is_call else '←'} {row.name or 'tool'}"
    if row.kind == Kind.APPEND:
        return str(row.type if row.type in ("reasoning", "artifact") else row.role)
    return Kind(row.kind).name.lower()


def _bar(tokens: int, longest: int) -> str:
    """Return a bar of up to ten characters, in eighths."""
    eighths = round(8 * BAR * tokens / longest) if longest else 0
    return "█" * (eighths // 8) + (BARS[eighths % 8 - 1] if eighths % 8 else "")


def _title(ws: Workspace, shown: int, total: int) -> str:
    newest = f"{shown:,} of {total:,} commits" if shown < total else f"{total:,} commits"
    return f"{ws.db.name}  branch {ws.branch or '(detached)'}  {newest}"
