"""Lanes: whatever the history, no two lanes share a cell and none breaks off."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.stories import merge
from tract_nb.engine.lanes import LaneRow, Node, layout, text_cells


@st.composite
def drawings(draw: st.DrawFn, most: int = 16) -> list[Node]:
    """Return commits newest first; some parents are not drawn."""
    nodes = [Node(1, ())]
    for number in range(2, draw(st.integers(2, most))):
        parents = draw(
            st.lists(st.integers(max(1, number - 6), number - 1), max_size=2, unique=True)
            | st.just([number - 1])
            | st.lists(st.integers(100, 102), max_size=1)
        )
        nodes.append(Node(number, tuple(parents)))
    return nodes[::-1]


def walk(nodes: list[Node], rows: list[LaneRow]) -> set[tuple[int, int]]:
    """Follow every lane from row to row; return which child is seen to lead to which parent.

    A lane is known by the children whose lines run in it; it may break off or double nowhere.
    """
    running: dict[int, set[int]] = {}  # by column, the children whose lines go down in it
    seen: set[tuple[int, int]] = set()
    for node, row in zip(nodes, rows, strict=True):
        touched = [row.column, *row.joins]
        assert len(set(touched)) == len(touched), "a lane joins twice"
        assert not set(row.through) & set(touched), "a lane passes through the commit's cell"
        arriving = {column for column in touched if column in running}
        assert set(row.joins) <= set(running), "a join from nowhere"
        assert set(running) == set(row.through) | arriving, "a lane breaks off or comes from nowhere"
        for column in arriving:
            seen.update((child, node.id) for child in running.pop(column))
        if not row.ends:
            assert row.column not in running
            running[row.column] = {node.id}
        for column in row.opens:
            if column == row.column:
                continue
            assert column in running or column not in row.through
            running.setdefault(column, set()).add(node.id)
    assert not running, "a lane goes on below the last commit"
    return seen


@settings(max_examples=250)
@given(drawings())
def test_every_lane_leads_from_a_child_to_its_parent_and_no_two_share_a_cell(nodes):
    drawn = {node.id for node in nodes}
    edges = {(node.id, parent) for node in nodes for parent in node.parents if parent in drawn}
    assert walk(nodes, layout(nodes)) == edges


@settings(max_examples=150)
@given(drawings())
def test_the_text_draws_each_row_in_full(nodes):
    for row in layout(nodes):
        cells = text_cells(row, "●")
        assert cells.count("●") == 1
        assert cells[2 * row.column] == "●"
        assert all(cells[2 * column] != " " for column in (*row.through, *row.joins, *row.opens))
        assert len(cells) % 2 == 0
        assert set(cells) <= set(" ●│─┼├┤┬┴┌┐└┘")


def test_a_line_has_one_lane():
    rows = layout([Node(number, (number - 1,) if number > 1 else ()) for number in range(50, 0, -1)])
    assert {row.column for row in rows} == {0}
    assert [row.ends for row in rows] == [False] * 49 + [True]


def test_a_fan_has_a_lane_for_each_child_and_joins_them_at_the_parent():
    rows = layout([*(Node(number, (1,)) for number in range(9, 1, -1)), Node(1, ())])
    assert [row.column for row in rows] == [*range(8), 0]
    assert rows[-1].joins == tuple(range(1, 8))


def test_roots_side_by_side_keep_their_siblings_lanes():
    rows = layout([Node(5, (3,)), Node(4, ()), Node(3, (1,)), Node(2, ()), Node(1, ())])
    assert [row.column for row in rows] == [0, 1, 0, 1, 0]
    assert [row.through for row in rows] == [(), (0,), (), (0,), ()]


def test_a_second_parent_that_has_a_lane_gets_no_second_one():
    rows = layout([Node(4, (2,)), Node(3, (1, 2)), Node(2, (1,)), Node(1, ())])
    assert rows[1].opens == (0,)
    assert max(row.column for row in rows) == 1


def test_a_long_history_is_laid_out_in_time():
    nodes = [
        Node(number, tuple(parent for parent in (number - 1, number - 7) if parent > 0))
        for number in range(20_000, 0, -1)
    ]
    assert len(layout(nodes)) == 20_000


def test_the_graph_lists_every_branch(t):
    t.user("root")
    t.branch("side")
    t.user("on main")
    t.switch("side")
    t.user("on the side")
    t.switch("main")
    merge(t, "side")
    drawn = repr(t.graph())
    assert t.graph().lines[0].startswith("◎")
    for text in ("[main]", "[side]", "[HEAD]", "root", "on main", "on the side"):
        assert text in drawn
    assert drawn == repr(t.graph())


@pytest.mark.parametrize("limit", [0, 1, 2, 50])
def test_the_graph_can_be_cut_anywhere(t, limit):
    for number in range(3):
        t.user(f"turn {number}")
        t.branch(f"b{number}")
    assert len(t.graph(limit).lines) == min(limit, 3)
