"""The drawn history as text and as a table: for a terminal, a saved notebook, a page without script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tract_nb.engine.lanes import LaneRow, text_cells
from tract_nb.errors import ContentError
from tract_nb.model.commit import HASH_SHOWN, Kind, from_us, preview
from tract_nb.model.listing import counted
from tract_nb.model.table import cell_html, shown
from tract_nb.operations.workspace import Workspace
from tract_nb.view import figures
from tract_nb.view.cells import Cell
from tract_nb.view.collect import Collected
from tract_nb.view.dag import Dag, Drawn, Totals
from tract_nb.view.plain import EIGHTHS, Grid

NODES = {"append": "●", "edit": "◇", "summary": "▣", "merge": "◎", "more": "⊕"}
AGENT_NODE = "○"
BAR = 10  # characters of the longest bar
LANES = 6  # columns of lanes that are drawn at the most
TEXT, WHO, MARK = 52, 12, 9  # characters
TABLE_ROWS = 24  # of the table that stands in for the widget
TABLE_TEXT = 60
LEGEND = (
    "● commit, ◎ merge, ◇ edit, ▣ summary (its commits are folded), ○ commit of an agent, "
    "⊕ more of them, ░ not sent."
)


class Graph:
    """The newest commits of all branches, newest first, as text with lanes.

    Parameters
    ----------
    title : str
        What it is of, in one line.
    lines : tuple of str
        One line a commit: lanes, hash, who, labels and text, mark, tokens, a bar.
    lanes : tuple of LaneRow
        The lanes of each line.
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
        return f'<pre style="white-space:pre;overflow-x:auto">{cell_html(repr(self))}</pre>'


def graph(ws: Workspace, limit: int, role: str | None = None) -> Graph:
    """Return the newest commits behind every branch; what no branch's log lists is stepped over.

    With a ``role``, only its units are drawn, and what holds the lanes together.
    """
    if limit < 0:
        raise ContentError(f"limit={limit} draws nothing.", "Give 0 or more.")
    dag = Dag(ws)
    dag.look()
    total = len(dag)
    if role is not None:
        dag.draw_only(_of_role(role, dag.found))
    rows = dag.rows(0, limit)
    title = _title(dag.totals(), len(rows), total)
    return Graph(title, tuple(lines(rows)), tuple(row.lanes for row in rows))


def _of_role(role: str, found: Collected) -> set[int]:
    """Return what is drawn of one role: its units, the tips, the forks, and all that is no APPEND."""
    drawn = [row for row in found.rows if row.id not in found.covers]
    tips = (*found.stand.heads.values(), found.stand.tip)
    holding = found.holding | {found.listed.get(number, 0) for number in tips}
    children = Counter(found.listed.get(row.parent1 or 0, 0) for row in drawn)
    return {
        row.id
        for row in drawn
        if row.role == role or row.kind != Kind.APPEND or children[row.id] > 1 or row.id in holding
    }


def lines(rows: Sequence[Drawn]) -> Iterable[str]:
    """Yield a line of text a row: lanes, hash, who, text, mark, tokens, bar."""
    longest = max((row.cell.tokens for row in rows), default=0)
    cells = [graph_cells(row) for row in rows]
    width = min(2 * LANES, max(map(len, cells), default=2))
    for row, lanes in zip(rows, cells, strict=True):
        cell = row.cell
        yield (
            f"{lanes[:width]:<{width}} {cell.commit[:HASH_SHOWN]:<{HASH_SHOWN}}  {_who(cell):<{WHO}.{WHO}} "
            f"{preview(says(cell), TEXT):<{TEXT}} {_mark(cell):<{MARK}} {_tokens(cell):>6} "
            f"{bar(cell, longest)}"
        ).rstrip()


def graph_cells(row: Drawn) -> str:
    """Return a row's lanes as text."""
    node = AGENT_NODE if row.cell.agent and row.cell.kind != "more" else NODES[row.cell.kind]
    return text_cells(row.lanes, node)


def says(cell: Cell) -> str:
    """Return what a row says: its labels, what it stands for, its text."""
    said = [_label(label.kind, label.name) for label in cell.labels]
    fold = cell.fold
    if fold is not None and fold.kind == "agent":
        said.append(f"{{{fold.title}, {fold.commits:,} commits, {figures.tokens(fold.size)}}}")
    if fold is not None and fold.kind == "summary":
        size = f"{figures.tokens(fold.size)} → {figures.tokens(cell.tokens)}"
        said.append(f"▸ {fold.commits:,} commits {size}:")
    if fold is not None and fold.kind == "masks" and not fold.is_open:
        said.append(
            f"▸ {fold.title} {figures.tokens(fold.size)} → {figures.tokens(cell.tokens)}: {cell.text}"
        )
    elif cell.kind == "edit":
        change = f"{cell.before} → {cell.after}" if cell.before or cell.after else ""
        said.append(f"of {cell.text}: {change}".rstrip(": "))
    elif cell.text:
        said.append(cell.text)
    return " ".join(said)


def _label(kind: str, name: str) -> str:
    return {"tag": f"<{name}>", "agent": f"{{{name}}}"}.get(kind, f"[{name}]")


def _who(cell: Cell) -> str:
    return f"{cell.direction} {cell.who}".strip()


def _mark(cell: Cell) -> str:
    """Return the one state that matters most, in a word."""
    return next(
        (
            word
            for word in (
                "failed" if cell.failed else "",
                *(mark for mark in cell.marks if mark != "edited"),
                "covered" if cell.covered else "",
                *cell.marks,
            )
            if word
        ),
        "",
    )


def _tokens(cell: Cell) -> str:
    return figures.tokens(cell.tokens) if cell.tokens or cell.kind != "merge" else ""


def bar(cell: Cell, longest: int) -> str:
    """Return a bar of up to ten characters, in eighths; of what is not sent, a shaded one."""
    eighths = round(8 * BAR * cell.tokens / longest) if longest else 0
    if cell.covered or "skipped" in cell.marks:
        return "░" * ((eighths + 4) // 8)
    return "█" * (eighths // 8) + (EIGHTHS[eighths % 8 - 1] if eighths % 8 else "")


def _title(totals: Totals, count: int, total: int) -> str:
    newest = f"{count:,} of {total:,} commits" if count < total else f"{total:,} commits"
    return f"{totals.database}  branch {totals.branch or '(detached)'}  {newest}"


# -- in place of the widget -----------------------------------------------------------------------


def as_text(dag: Dag, count: int = TABLE_ROWS) -> str:
    """Return the newest rows as plain text: what a terminal shows for the widget."""
    totals = dag.totals()
    if not totals.commits:
        return f"{totals.database}  nothing is committed yet"
    where = f"{_where(totals)}  {_matching(dag)}" if dag.filter else _where(totals)
    return "\n".join((where, *lines(dag.rows(0, count)), *_rest(dag, count)))


def _matching(dag: Dag) -> str:
    """Return how many commits fit the filter."""
    commits = counted(dag.totals().commits, "commit")
    return f"{len(dag):,} of {commits} match “{preview(dag.filter, TEXT)}”"


def _rest(dag: Dag, count: int) -> Iterable[str]:
    if len(dag) > count:
        yield f"newest {count:,} of {len(dag):,} rows"


def _where(totals: Totals) -> str:
    room = figures.tokens(totals.tokens)
    of = f" of {figures.rounded(totals.most)}" if totals.most else ""
    head = f"{totals.branch or 'detached'}  HEAD {totals.head[:HASH_SHOWN]}"
    return f"{totals.database}  {head}  {room}{of} tokens"


def as_html(dag: Dag, count: int = TABLE_ROWS) -> str:
    """Return the newest rows as a table that means the same without style, script, SVG or id."""
    totals = dag.totals()
    if not totals.commits:
        return (
            "<p><b>Nothing is committed yet.</b> Add a message with <samp>t.user(&quot;…&quot;)</samp> "
            "or load a session with <samp>%tract import --last</samp>.</p>"
        )
    rows = dag.rows(0, count)
    longest = max((row.cell.tokens for row in rows), default=0)
    grid = Grid(
        ("graph", "commit", "what", "text", "mark", ">tokens", "", "time"),
        tuple(
            (
                graph_cells(row)[: 2 * LANES],
                row.cell.commit[:HASH_SHOWN],
                _who(row.cell)[:WHO],
                preview(says(row.cell), TABLE_TEXT),
                _mark(row.cell),
                _tokens(row.cell),
                bar(row.cell, longest),
                f"{from_us(round(row.cell.time * 1e6)):%H:%M}",
            )
            for row in rows
        ),
    )
    return (
        f"{_heading(dag, totals, len(rows))}{grid.html() if rows else ''}"
        f"<p>{LEGEND} Run <samp>%tract dag</samp> to work with it.</p>"
    )


def _heading(dag: Dag, totals: Totals, count: int) -> str:
    branch = f"branch <b>{cell_html(shown(totals.branch))}</b>" if totals.branch else "detached"
    room = f"<b>{figures.tokens(totals.tokens)}</b>"
    if totals.most:
        share = totals.tokens / totals.most
        full = min(20, round(20 * share))
        meter = f"<samp>{'█' * full}{'░' * (20 - full)}</samp>"
        room += f" of {figures.rounded(totals.most)} tokens {meter} {100 * share:.0f} %"
    else:
        room += " tokens"
    commits = counted(totals.commits, "commit")
    newest = f"Newest {count:,} of {commits}" if count < totals.commits else commits
    if dag.filter:
        newest = cell_html(shown(_matching(dag))) + (f", newest {count:,} here" if count < len(dag) else "")
    return (
        f"<p><b>{cell_html(shown(totals.database))}</b>, {branch}, "
        f"HEAD <samp>{totals.head[:HASH_SHOWN]}</samp>: {room}. {newest}.</p>"
    )
