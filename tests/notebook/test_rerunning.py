"""Running cells again, in a real kernel: the first thing that a user of a notebook does."""

from __future__ import annotations

import json

import pytest

from tests.notebook.helpers import Kernel
from tract_nb import samples

STORY = {
    "c0": "t = %tract open story.db",
    "c1": "%%tract system\nYou are a {careful} harbour master.",
    "c2": "%%tract user\nWhen is high water?",
    "c3": "%%tract assistant\nAt noon.",
    "c4": "%tract branch side",
    "c5": "%%tract user\nWhen is high water?",
    "c6": f"%tract import {samples.path()}",
}


@pytest.fixture
def fresh(kernel: Kernel) -> Kernel:
    """The kernel, on a new file."""
    assert kernel.run("t = %tract open story.db --new").error is None
    return kernel


def run_all(kernel: Kernel, cells: dict[str, str], *, ids: bool = True) -> str:
    """Run all cells from the top; return what they printed."""
    said = ""
    for cell_id, source in cells.items():
        reply = kernel.run(source, cell_id if ids else None)
        assert reply.error is None, reply.error
        said += reply.printed
    return said


def state(kernel: Kernel) -> str:
    """Everything that a person can tell a history by, as text."""
    return kernel.run("print(t.status(), t.operations().rows, t.branches().rows, t.compile().head)").printed


def texts(kernel: Kernel) -> list[str]:
    said = kernel.run("import json; print(json.dumps([m.text for m in t.compile().messages]))").printed
    return list(json.loads(said.splitlines()[-1]))


def kinds(kernel: Kernel) -> list[str]:
    return kernel.run("print(*reversed(t.log().to_frame().kind))").printed.split()


def test_run_all_twice_in_one_kernel_changes_nothing(fresh: Kernel):
    run_all(fresh, STORY)
    first = state(fresh)
    assert "branch main" in first
    said = run_all(fresh, STORY)
    assert state(fresh) == first
    assert said.count("unchanged") == 4  # one line for each cell with text


@pytest.mark.parametrize("ids", [True, False], ids=["with cell ids", "without cell ids"])
def test_run_all_after_a_restart_changes_nothing(fresh: Kernel, *, ids: bool):
    run_all(fresh, STORY, ids=ids)
    first = state(fresh)
    fresh.restart()
    run_all(fresh, STORY, ids=ids)
    assert state(fresh) == first


def test_run_all_of_a_demo_twice_shows_the_same(kernel: Kernel):
    cells = {"d0": "t = %tract demo", "d1": "%%tract user\nAnd now?", "d2": "%tract pin HEAD"}
    run_all(kernel, cells)
    first = kernel.run("print(len(t.log()), len(t.compile()))").printed
    run_all(kernel, cells)
    assert kernel.run("print(len(t.log()), len(t.compile()))").printed == first


def test_the_same_text_in_two_cells_is_two_messages(fresh: Kernel):
    for ids in (True, False):
        cells = {
            "t": "t = %tract open story.db --new",
            "a": "%%tract user\ngo on",
            "b": "%%tract user\ngo on",
        }
        run_all(fresh, cells, ids=ids)
        assert texts(fresh) == ["go on", "go on"]


def test_a_changed_cell_is_an_edit_in_place(fresh: Kernel):
    run_all(fresh, STORY)
    reply = fresh.run("%%tract user\nWhen is low water?", "c2")
    assert "in place" in reply.printed
    assert texts(fresh)[1:3] == ["When is low water?", "At noon."]
    assert kinds(fresh)[-1] == "edit"
    again = fresh.run("%%tract user\nWhen is low water?", "c2")
    assert "unchanged" in again.printed
    assert kinds(fresh).count("edit") == 1


def test_a_changed_cell_is_an_edit_after_a_restart_too(fresh: Kernel):
    run_all(fresh, STORY)
    fresh.restart()
    fresh.run(STORY["c0"])
    fresh.run("%%tract user\nWhen is low water?", "c2")
    assert texts(fresh)[1] == "When is low water?"
    assert kinds(fresh).count("edit") == 1


def test_a_cell_that_is_changed_back_says_its_first_text_again(fresh: Kernel):
    for text in ("one", "two", "one"):
        fresh.run(f"%%tract user\n{text}", "cell")
        assert texts(fresh) == [text]
    assert kinds(fresh) == ["append", "edit", "edit"]


def test_a_later_edit_survives_run_all(fresh: Kernel):
    run_all(fresh, STORY)
    fresh.run("c = t.log().to_frame(); t.edit(c[c.role == 'system'].commit.iloc[-1], 'You are kind.')")
    first = state(fresh)
    run_all(fresh, STORY)
    assert texts(fresh)[0] == "You are kind."
    assert state(fresh) == first


def test_again_appends(fresh: Kernel):
    for _ in range(2):
        fresh.run("%%tract user --again\ngo on", "cell")
    assert texts(fresh) == ["go on", "go on"]


def test_a_line_appends_each_time(fresh: Kernel):
    for _ in range(2):
        fresh.run("%tract user go on", "cell")
    assert texts(fresh) == ["go on", "go on"]


def test_a_filled_in_text_that_changed_is_an_edit(fresh: Kernel):
    for name in ("Mara", "Jon"):
        fresh.run(f"name = {name!r}")
        fresh.run("%%tract user --expand\nI am {{name}}", "cell")
    assert texts(fresh) == ["I am Jon"]
    assert kinds(fresh) == ["append", "edit"]


def test_cells_of_another_branch_are_written_there(fresh: Kernel):
    fresh.run("%%tract user\none", "a")
    fresh.run("%tract branch side")
    fresh.run("%%tract user\ntwo", "b")
    fresh.run("%tract switch side")
    fresh.run("%%tract user\ntwo", "b")
    assert texts(fresh) == ["one", "two"]
    assert fresh.run("print(len(t.log()))").printed.strip() == "2"


def test_a_cell_that_was_undone_writes_again(fresh: Kernel):
    fresh.run("%%tract user\none", "a")
    fresh.run("%tract undo")
    fresh.run("%%tract user\none", "a")
    assert texts(fresh) == ["one"]


def test_magics_called_in_a_loop_keep_every_message(fresh: Kernel):
    loop = "for text in ('one', 'two', 'three'):\n    get_ipython().run_cell_magic('tract', 'user', text)"
    fresh.run(loop, "cell")
    assert texts(fresh) == ["one", "two", "three"]
    fresh.run(loop, "cell")
    assert texts(fresh) == ["one", "two", "three"]


def test_a_front_end_that_numbers_no_cells_adds_nothing_twice(fresh: Kernel):
    for _ in range(3):
        fresh.run("%%tract user\ngo on", "cell", numbered=False)
    assert texts(fresh) == ["go on"]


def test_a_cell_without_a_word_writes_nothing(fresh: Kernel):
    reply = fresh.run("%%tract user\n   \n", "cell")
    assert reply.error is not None
    assert texts(fresh) == []


def test_a_branch_of_an_existing_name_says_where_it_stands(fresh: Kernel):
    fresh.run("%%tract user\none", "a")
    fresh.run("%tract branch side", "b")
    before = state(fresh)
    reply = fresh.run("%tract branch side", "b")
    tip = fresh.run("print(t.branches().to_frame().commit[0])").printed.strip()
    assert reply.error is None
    assert tip in reply.printed
    assert state(fresh) == before


def test_importing_again_adds_nothing_after_a_restart(fresh: Kernel):
    source = f"%tract import {samples.path()}"
    first = fresh.run(source)
    before = state(fresh)
    fresh.restart()
    fresh.run("t = %tract open story.db")
    again = fresh.run(source)
    assert "0 commits" in again.text
    assert first.text != again.text
    assert state(fresh) == before
