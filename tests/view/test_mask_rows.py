"""Masks that one operation made stand in one row of the drawn history, which opens."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.helpers import frozen
from tract_nb import Tract
from tract_nb.view.dag import Dag
from tract_nb.view.graph import as_html, as_text
from tract_nb.view.wire import row_to_wire


def read(tract: Tract, count: int) -> list[str]:
    """Read some files; return the commits of the outputs."""
    found = []
    for number in range(count):
        call = tract.tool_call("Read", {"path": f"file_{number}.py"})
        result = tract.tool_result(call.content.call_id, f"def function_{number}(): pass\n" * 25)
        found.append(result.short)
    return found


@pytest.fixture
def outputs(t):
    t.user("Read them.")
    return read(t, 5)


def drawn(dag: Dag) -> list[str]:
    return [row.cell.who if not row.cell.fold else f"{row.cell.who} +" for row in dag.rows(0, 99)]


def looked(dag: Dag) -> Dag:
    dag.look()
    return dag


def test_a_run_is_one_row_that_says_how_many_and_what_they_save(t, outputs):
    t.compress(commits=outputs, strategy="mask")
    dag = t.dag()
    assert (len(dag), dag.totals().commits, dag.totals().folded) == (12, 16, 4)
    (row,) = (row for row in dag.rows(0, 1))
    fold = row.cell.fold
    assert (fold.kind, fold.title, fold.commits, fold.is_open) == ("masks", "5 outputs masked", 5, False)
    masks = [t.show(one.commit) for one in t.log(kind="edit")]
    assert row.cell.tokens == sum(mask.tokens for mask in masks)
    assert fold.size == sum(mask.metadata["mask"]["tokens"] for mask in masks)
    assert (row.cell.text, row.cell.marks) == ("Read 5", ("masked",))


def test_text_table_and_page_say_the_same(t, outputs):
    t.compress(commits=outputs, strategy="mask")
    dag = t.dag()
    cell = dag.rows(0, 1)[0].cell
    sizes = f"{cell.fold.size} → {cell.tokens}"
    line = as_text(dag).splitlines()[1]
    assert line.startswith("◇")
    assert f"▸ 5 outputs masked {sizes}: Read 5" in line
    table = as_html(dag).replace("&nbsp;", " ").replace("\u00a0", " ")
    assert f"5 outputs masked {sizes}" in table
    wire = row_to_wire(dag.rows(0, 1)[0])["fold"]
    assert (wire["title"], wire["kind"]) == ("5 outputs masked", "masks")


def test_it_opens_to_the_edits_and_closes_again(t, outputs):
    t.compress(commits=outputs, strategy="mask")
    dag = t.dag()
    name = dag.rows(0, 1)[0].cell.fold.name
    dag.open(name, is_open=True)
    assert drawn(dag)[:6] == ["edit +", "edit", "edit", "edit", "edit", "Read"]
    assert dag.rows(0, 1)[0].cell.text == outputs[-1][:8]
    assert dag.rows(0, 1)[0].cell.fold.is_open
    dag.open(name, is_open=False)
    assert drawn(dag)[:2] == ["mask +", "Read"]


def test_each_operation_has_a_row_of_its_own(t, outputs):
    t.compress(commits=outputs[:2], strategy="mask")
    t.compress(commits=outputs[2:4], strategy="mask")
    t.compress(commits=outputs[4:], strategy="mask")
    dag = t.dag()
    assert drawn(dag)[:4] == ["edit", "mask +", "mask +", "Read"], "one mask alone is an edit"
    assert [row.cell.fold.commits for row in dag.rows(1, 2)] == [2, 2]


def test_it_grows_while_it_is_looked_at(t, outputs):
    dag = t.dag()
    t.compress(commits=outputs, strategy="mask")
    assert drawn(looked(dag))[0] == "mask +"
    t.user("Go on.")
    assert drawn(looked(dag))[:2] == ["user", "mask +"]
    t.undo()
    t.undo()
    assert drawn(looked(dag))[0] == "Read"


def test_what_has_a_name_or_a_branch_in_it_is_not_folded_away(t, outputs):
    t.compress(commits=outputs, strategy="mask")
    middle = t.log(kind="edit")[2].commit
    t.branch("from-here", middle)
    dag = t.dag()
    rows = dag.rows(0, 99)
    assert [row.cell.fold.commits for row in rows if row.cell.fold] == [2, 3]
    named = next(row.cell for row in rows if any(label.name == "from-here" for label in row.cell.labels))
    assert named.commit == middle


def test_a_commit_within_is_found_by_opening_it(t, outputs):
    t.compress(commits=outputs, strategy="mask")
    dag = t.dag()
    inside = t.log(kind="edit")[3].commit
    assert dag.place(inside) is None
    assert dag.reveal(inside) == 3
    assert dag.commits(3, 3) == [inside]


def test_an_action_on_the_row_is_about_all_of_it_and_on_an_open_one_about_one(t, outputs):
    t.compress(commits=outputs, strategy="mask")
    dag = t.dag()
    cell = dag.rows(0, 1)[0].cell
    every = [row.commit for row in t.log(kind="edit")][::-1]
    assert dag.meant([cell.commit, outputs[0]]) == [*every, outputs[0]]
    detail = dag.detail(cell.commit)
    assert (detail.title, detail.tokens) == ("5 masks", cell.tokens)
    assert detail.text.splitlines() == [t.show(mask).text for mask in every]
    assert dag.named("parent", cell.commit) == t.log()[5].commit
    dag.open(cell.fold.name, is_open=True)
    assert dag.meant([cell.commit]) == [cell.commit]
    assert dag.detail(cell.commit).title == "edit"


def test_once_they_are_taken_back_the_row_is_not_marked(t, outputs):
    t.compress(commits=outputs, strategy="mask")
    t.restore(outputs)
    dag = t.dag()
    folded = next(row.cell for row in dag.rows(0, 99) if row.cell.fold)
    assert folded.marks == ()


def test_a_filter_finds_each(t, outputs):
    t.compress(commits=outputs, strategy="mask")
    dag = t.dag()
    dag.show_only("is:masked")
    assert [row.cell.commit for row in dag.rows(0, 99)] == outputs[::-1]
    dag.show_only("kind:edit")
    assert sum(row.cell.kind == "edit" for row in dag.rows(0, 99)) == 5
    assert not any(row.cell.fold for row in dag.rows(0, 99))
    first = dag.rows(0, 1)[0].cell.commit
    assert dag.meant([first]) == [first]


def test_an_edit_of_an_output_is_an_edit(t, outputs):
    t.edit(outputs[0], "nothing of interest")
    cell = t.dag().rows(0, 1)[0].cell
    assert (cell.kind, cell.who, cell.direction, cell.text) == ("edit", "edit", "", outputs[0][:8])
    assert "nothing of interest" in cell.after


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["read", "mask", "mask", "user", "edit", "undo", "branch"]), max_size=14))
def test_grown_is_as_made_from_nothing(steps: list[str]):
    with Tract.open(clock=frozen) as tract:
        outputs = read(tract, 4)
        dag = tract.dag()
        for number, step in enumerate(steps):
            if step == "read":
                outputs += read(tract, 2)
            elif step == "mask":
                tract.compress(commits=outputs[number % 3 :: 2], strategy="mask")
            elif step == "user":
                tract.user(f"turn {number}")
            elif step == "edit":
                tract.edit(outputs[0], f"text {number}")
            elif step == "undo" and len(tract.log()) > 9:
                tract.undo()
            elif step == "branch":
                tract.branch(f"branch-{number}", f"HEAD~{number % 4}")
            outputs = [one for one in outputs if any(row.commit == one for row in tract.log())]
            dag.look()
            anew = tract.dag()
            assert [row_to_wire(row) for row in dag.rows(0, 99)] == [
                row_to_wire(row) for row in anew.rows(0, 99)
            ]
            assert dag.curve() == anew.curve()
