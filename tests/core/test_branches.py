"""Branches: listed with how far they went apart, renamed, deleted, and brought back."""

from __future__ import annotations

import pytest

from tests.core.helpers import texts
from tract_nb import SKIP, RefError, Tract


def apart(t: Tract) -> dict[str, tuple[int, int]]:
    return {row.branch: (row.ahead, row.behind) for row in t.branches()}


def test_branches_say_how_far_they_are_from_head(t):
    t.user("a")
    t.branch("try")
    t.branch("same")
    t.user("b")
    t.annotate("HEAD", SKIP)
    t.switch("try")
    t.user("c")
    t.user("d")
    assert apart(t) == {"main": (1, 2), "same": (0, 2), "try": (0, 0)}
    t.merge("main")
    assert apart(t) == {"main": (0, 3), "same": (0, 4), "try": (0, 0)}
    frame = t.branches().to_frame()
    assert list(frame.columns[4:8]) == ["ahead", "behind", "time", "active"]
    assert frame.active.notna().all()


def test_a_branch_without_a_commit_and_one_of_another_root_are_apart_by_all(t):
    t.branch("empty")
    t.user("a")
    for _ in range(3):
        t.user("more")
    t.switch("empty")
    t.user("another root")
    assert apart(t) == {"empty": (0, 0), "main": (4, 1)}


def test_an_unmerged_branch_is_deleted_by_force_alone_and_comes_back(t):
    t.user("a")
    t.branch("try")
    t.switch("try")
    t.user("b")
    t.switch("main")
    with pytest.raises(RefError, match="no other branch has"):
        t.delete_branch("try")
    t.delete_branch("try", force=True)
    assert list(apart(t)) == ["main"]
    t.undo()
    assert texts(t, "try") == ["a", "b"]
    t.merge("try")
    assert t.delete_branch("try").hash == t.show("HEAD").hash


@pytest.mark.parametrize("name", ["main", "none"])
def test_ones_own_branch_and_one_that_is_not_there_are_not_deleted(t, name):
    t.user("a")
    t.branch("try")
    with pytest.raises(RefError):
        t.delete_branch(name, force=True)


def test_the_last_branch_is_not_deleted(t):
    t.user("a")
    t.checkout("HEAD~0")
    t._ws.branch = None
    with pytest.raises(RefError, match="last branch"):
        t.delete_branch("main", force=True)


def test_a_renamed_branch_is_stood_on_still_and_opens_again(tmp_path):
    with Tract.open(tmp_path / "work.db") as t:
        t.user("a")
        t.rename_branch("main", "trunk")
        assert t.branch_name == "trunk"
        t.user("b")
        with pytest.raises(RefError):
            t.rename_branch("trunk", "no good..")
        t.branch("try")
        with pytest.raises(RefError, match="there already"):
            t.rename_branch("trunk", "try")
    with Tract.open(tmp_path / "work.db") as t:
        assert (t.branch_name, texts(t)) == ("trunk", ["a", "b"])
        t.delete_branch("try")
        t.undo()
        t.undo()
        t.undo()
        t.undo()
        assert t.branch_name == "main"
        assert t.verify().rows == ()


def test_a_batch_in_which_nothing_is_written_leaves_the_handle_where_it_stood(tmp_path):
    with Tract.open(tmp_path / "work.db") as t, Tract.open(t.path, actor="other") as other:
        t.user("a")
        other.refresh()
        t.rename_branch("main", "a-while")
        with other.batch():
            pass
        t.rename_branch("a-while", "main")
        assert other.user("goes on").text == "goes on"
        assert texts(other, "main") == ["a", "goes on"]


def test_what_was_worked_out_once_is_never_of_another_commit(tmp_path):
    # numbers are given again after a rollback: what a handle keeps by number must go with it
    t = Tract.open(tmp_path / "work.db")
    t.user("root")
    t.branch("side")

    def dropped():
        with t.batch():
            t.user("one")
            t.branch("gone")
            t.user("two")
            t.branches()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        dropped()
    t.switch("side")
    t.user("other")
    t.switch("main")
    t.user("another")
    assert t.branches() == Tract.open(tmp_path / "work.db").branches()
    assert [row[:1] + row[4:6] for row in t.branches().rows] == [("main", 0, 0), ("side", 1, 1)]
