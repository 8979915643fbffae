"""Lanes: whatever the history, no two lanes share a cell, none breaks off, and each keeps its colour."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.stories import merge
from tract_nb.engine.lanes import AGENT, Lane, LaneRow, Node, layout, text_cells


@st.composite
def drawings(draw: st.DrawFn, most: int = 16) -> list[Node]:
    """Return commits newest first, of some branches and agents; some parents are not drawn."""
    owners = st.sampled_from([0, 0, 0, 1, 2, AGENT])
    nodes = [Node(1, (), draw(owners))]
    for number in range(2, draw(st.integers(2, most))):
        parents = draw(
            st.lists(st.integers(max(1, number - 6), number - 1), max_size=4, unique=True)
            | st.just([number - 1])
            | st.lists(st.integers(100, 102), max_size=1)
        )
        nodes.append(Node(number, tuple(parents), draw(owners)))
    return nodes[::-1]


def columns(lanes: tuple[Lane, ...]) -> set[int]:
    return {lane.column for lane in lanes}


def walk(nodes: list[Node], rows: list[LaneRow]) -> set[tuple[int, int]]:
    """Follow every lane from row to row; return which child is seen to lead to which parent.

    A lane is known by the children whose lines run in it; it may break off, double or change its
    colour nowhere.
    """
    running: dict[int, tuple[set[int], int]] = {}  # by column: whose lines go down in it, and its colour
    seen: set[tuple[int, int]] = set()
    for node, row in zip(nodes, rows, strict=True):
        assert row.owner == node.owner
        joins, through = columns(row.joins), columns(row.through)
        assert len(joins) == len(row.joins), "a lane joins twice"
        assert not through & {row.column, *joins}, "a lane passes through a cell that is taken"
        arriving = joins | ({row.column} if row.above is not None else set())
        assert set(running) == through | arriving, "a lane breaks off or comes from nowhere"
        for lane in (*row.through, *row.joins):
            assert running[lane.column][1] == lane.owner, "a lane changes its colour"
        if row.above is not None:
            assert running[row.column][1] == row.above
        for column in arriving:
            seen.update((child, node.id) for child in running.pop(column)[0])
        if row.below is not None:
            assert row.column not in running
            running[row.column] = ({node.id}, row.below)
        for column, owner in row.opens:
            if column in running:
                running[column][0].add(node.id)
            else:
                assert column not in through
                running[column] = ({node.id}, owner)
        assert columns(row.under) == set(running)
    assert not running, "a lane goes on below the last commit"
    return seen


@settings(max_examples=250)
@given(drawings(), st.integers(0, 16))
def test_every_lane_leads_from_a_child_to_its_parent_and_no_two_share_a_cell(nodes, home):
    drawn = {node.id for node in nodes}
    edges = {(node.id, parent) for node in nodes for parent in node.parents if parent in drawn}
    rows = layout(nodes, home)
    assert walk(nodes, rows) == edges
    assert all(row.column == 0 for node, row in zip(nodes, rows, strict=True) if node.id == home)


@settings(max_examples=150)
@given(drawings())
def test_the_text_draws_each_row_in_full(nodes):
    for row in layout(nodes):
        cells = text_cells(row, "●")
        assert cells.count("●") == 1
        assert cells[2 * row.column] == "●"
        assert all(cells[2 * lane.column] != " " for lane in (*row.through, *row.joins, *row.opens))
        assert len(cells) % 2 == 0
        assert set(cells) <= set(" ●│┆─╌┼├┤┬┴┌┐└┘")


def test_a_line_has_one_lane():
    rows = layout([Node(number, (number - 1,) if number > 1 else ()) for number in range(50, 0, -1)])
    assert {row.column for row in rows} == {0}
    assert [row.ends for row in rows] == [False] * 49 + [True]


def test_a_fan_has_a_lane_for_each_child_and_joins_them_at_the_parent():
    rows = layout([*(Node(number, (1,), number) for number in range(9, 1, -1)), Node(1, ())])
    assert [row.column for row in rows] == [*range(8), 0]
    assert rows[-1].joins == tuple(Lane(column, 9 - column) for column in range(1, 8))


def test_roots_side_by_side_keep_their_siblings_lanes():
    rows = layout([Node(5, (3,)), Node(4, ()), Node(3, (1,)), Node(2, ()), Node(1, ())])
    assert [row.column for row in rows] == [0, 1, 0, 1, 0]
    assert [columns(row.through) for row in rows] == [set(), {0}, set(), {0}, set()]


def test_a_second_parent_that_has_a_lane_gets_no_second_one():
    rows = layout([Node(4, (2,)), Node(3, (1, 2)), Node(2, (1,)), Node(1, ())])
    assert columns(rows[1].opens) == {0}
    assert max(row.column for row in rows) == 1


def test_a_branch_has_its_own_colour_wherever_it_stands():
    # main: 5 merges docs (4, 3), which forked at 1; 2 is on main
    rows = layout([Node(5, (2, 4)), Node(4, (3,), 1), Node(3, (1,), 1), Node(2, (1,)), Node(1, ())])
    assert rows[0].opens == (Lane(1, 1),)
    assert [row.above for row in rows[1:3]] == [1, 1]
    assert rows[-1].joins == (Lane(1, 1),)
    assert rows[-1].above == 0


def test_the_commit_a_person_is_on_stands_first_though_another_branch_is_newer():
    rows = layout([Node(4, (1,), 1), Node(3, (2,)), Node(2, (1,)), Node(1, ())], 3)
    assert [row.column for row in rows] == [1, 0, 0, 0]
    assert [text_cells(row, "●") for row in rows] == ["  ● ", "● │ ", "● │ ", "●─┘ "]


def test_an_agents_lane_leaves_at_its_call_and_comes_home_at_the_result_dashed():
    rows = layout([Node(4, (1, 3)), Node(3, (2,), AGENT), Node(2, (1,), AGENT), Node(1, ())])
    assert [text_cells(row, "●" if row.owner >= 0 else "○") for row in rows] == [
        "●╌┐ ",
        "│ ○ ",
        "│ ○ ",
        "●╌┘ ",
    ]


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
