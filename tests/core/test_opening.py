"""Opening: the same path is the same context, and what is no tract is refused untouched."""

from __future__ import annotations

import os
import shutil
import sqlite3
import warnings
from pathlib import Path

import pytest

from tests.core.helpers import run_python, texts
from tract_nb import RefError, Session, StoreError, TokenBudget, Tract, TractError, TractWarning
from tract_nb.store import schema


def test_the_same_path_opens_the_same_context(tmp_path, opened):
    first = opened(tmp_path / "work.db")
    first.system("Be brief.")
    first.user("Hello")
    first.close()
    again = opened(tmp_path / "work.db")
    assert texts(again) == ["Be brief.", "Hello"]
    assert again.branch_name == "main"


def test_a_path_as_text_and_as_url_mean_the_same_file(tmp_path, opened):
    opened(tmp_path / "work.db").user("Hello")
    assert texts(opened(str(tmp_path / "work.db"))) == ["Hello"]
    assert texts(opened(f"sqlite:///{tmp_path / 'work.db'}")) == ["Hello"]


def test_nothing_and_the_memory_urls_leave_no_file(tmp_path, opened, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for url in (None, ":memory:", "sqlite://", "sqlite:///:memory:"):
        tract = opened(url)
        tract.user("Hello")
        assert tract.path is None
    assert list(tmp_path.iterdir()) == []


def test_two_tracts_in_memory_have_nothing_in_common(opened):
    one, other = opened(), opened()
    one.user("Hello")
    assert texts(other) == []


def test_a_tract_in_memory_is_kept_by_save_as(tmp_path, opened):
    tract = opened()
    tract.user("Hello")
    tract.branch("try")
    path = tract.save_as(tmp_path / "kept.db")
    tract.user("later")
    kept = opened(path)
    assert texts(kept) == ["Hello"]
    assert {row[0] for row in kept.branches()} == {"main", "try"}
    kept.user("on top")
    assert texts(tract) == ["Hello", "later"]


def test_save_as_overwrites_nothing(tmp_path, opened):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match="there already"):
        opened().save_as(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_save_as_into_a_missing_folder_names_that_folder(tmp_path, t):
    with pytest.raises(StoreError) as caught:
        t.save_as(tmp_path / "missing" / "kept.db")
    assert "missing" in str(caught.value)


def test_read_only_reads_and_refuses_to_write(tmp_path, opened):
    path = tmp_path / "work.db"
    opened(path).user("Hello")
    reader = opened(path, read_only=True)
    assert texts(reader) == ["Hello"]
    for verb in (
        lambda: reader.user("more"),
        lambda: reader.annotate("HEAD", "SKIP"),
        lambda: reader.edit("HEAD", "x"),
        lambda: reader.branch("try"),
    ):
        with pytest.raises(StoreError, match="read-only"):
            verb()
    assert texts(reader) == ["Hello"]


def test_read_only_sees_what_another_handle_writes(tmp_path, opened):
    writer = opened(tmp_path / "work.db")
    reader = opened(tmp_path / "work.db", read_only=True)
    writer.user("Hello")
    assert texts(reader) == ["Hello"]


def test_read_only_can_stand_on_another_branch(tmp_path, opened):
    writer = opened(tmp_path / "work.db")
    writer.user("Hello")
    writer.branch("try")
    reader = opened(tmp_path / "work.db", read_only=True)
    reader.switch("try")
    assert reader.branch_name == "try"
    assert opened(tmp_path / "work.db").branch_name == "main"


def test_read_only_makes_no_file(tmp_path, opened):
    with pytest.raises(StoreError):
        opened(tmp_path / "new.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_read_only_makes_no_tract(tmp_path, opened):
    opened(tmp_path / "work.db")
    with pytest.raises(TractError, match="no tract 'other'"):
        opened(tmp_path / "work.db", name="other", read_only=True)


def test_a_foreign_database_is_refused_and_left_alone(tmp_path, opened):
    path = tmp_path / "contacts.db"
    for pragma in ("", "PRAGMA user_version = 7", "PRAGMA application_id = 99"):
        path.unlink(missing_ok=True)
        foreign = sqlite3.connect(path)
        foreign.execute("CREATE TABLE people (name)")
        foreign.execute(pragma or "SELECT 1")
        foreign.commit()
        foreign.close()
        before = path.read_bytes()
        with pytest.raises(StoreError, match="not of tract_nb") as caught:
            opened(path)
        assert caught.value.hint
        assert path.read_bytes() == before


@pytest.mark.parametrize("data", [b"hello", b"once upon a time\n" * 500, b"SQLite format 3\0" + b"\1" * 4000])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path, opened, data):
    path = tmp_path / "notes.txt"
    path.write_bytes(data)
    with pytest.raises(StoreError):
        opened(path)
    assert path.read_bytes() == data


def test_a_newer_database_is_refused_and_left_alone(tmp_path, opened):
    path = tmp_path / "work.db"
    tract = opened(path)
    tract.user("Hello")
    tract.close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA journal_mode = DELETE")
    newer.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer tract_nb") as caught:
        opened(path)
    assert "Upgrade" in caught.value.hint
    assert path.read_bytes() == before


def test_a_missing_folder_and_a_folder_are_no_database(tmp_path, opened):
    for path in (tmp_path / "missing" / "work.db", tmp_path):
        with pytest.raises(StoreError, match="cannot be opened"):
            opened(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_an_error_with_a_hint(tmp_path, opened):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError) as caught:
            opened(tmp_path / "work.db")
        assert caught.value.hint
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("url", ["postgresql://localhost/x", "://", "mysql+pymysql://x/y"])
def test_a_url_of_another_database_is_refused(opened, url):
    with pytest.raises(StoreError):
        opened(url)


def test_one_database_holds_many_tracts(tmp_path, opened):
    path = tmp_path / "work.db"
    opened(path).user("in the default")
    opened(path, name="second").user("in the second")
    assert texts(opened(path)) == ["in the default"]
    assert texts(opened(path, name="second")) == ["in the second"]
    assert [row[0] for row in opened(path).tracts()] == ["default", "second"]


def test_a_session_hands_out_tracts_of_one_connection(tmp_path):
    session = Session(tmp_path / "work.db")
    session.tract("a").user("one")
    session.tract("b").user("two")
    assert [row[0] for row in session.tracts()] == ["a", "b"]
    assert texts(session.tract("a")) == ["one"]
    assert Session.of(session.tract("b")).tract("a").compile().messages[0].text == "one"
    session.close()


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 201, "\ud800"])
def test_a_name_that_no_tract_can_have_is_refused(opened, name):
    with pytest.raises(TractError, match="cannot name a tract"):
        opened(name=name)


def test_a_tract_is_opened_where_it_was_left(tmp_path, opened):
    tract = opened(tmp_path / "work.db")
    tract.user("Hello")
    tract.branch("try")
    tract.switch("try")
    tract.user("on try")
    tract.close()
    again = opened(tmp_path / "work.db")
    assert again.branch_name == "try"
    assert texts(opened(tmp_path / "work.db", branch="main")) == ["Hello"]


def test_a_branch_that_is_not_there_cannot_be_opened(tmp_path, opened):
    opened(tmp_path / "work.db").user("Hello")
    with pytest.raises(RefError, match="nope"):
        opened(tmp_path / "work.db", branch="nope")


def test_a_new_tract_takes_no_branch_name_that_git_refuses(opened):
    with pytest.raises(RefError):
        opened(branch="a b")


def test_model_and_budget_are_kept_with_the_tract(tmp_path, opened):
    path = tmp_path / "work.db"
    opened(path, model="gpt-4", token_budget=TokenBudget(50, "reject")).user("Hello")
    again = opened(path)
    assert again.token_budget == TokenBudget(50, "reject")
    assert again._ws.counter.name == "cl100k_base"
    with pytest.raises(TractError, match="budget"):
        again.user("word " * 60)


def test_a_number_is_a_budget_that_warns(opened):
    tract = opened(token_budget=10)
    assert tract.token_budget == TokenBudget(10, "warn")
    with pytest.warns(TractWarning, match="over the budget of 10"):
        tract.user("word " * 60)
    assert len(texts(tract)) == 1


def test_a_tract_keeps_the_encoding_it_began_with_and_says_so(tmp_path, opened):
    opened(tmp_path / "work.db", model="gpt-4").user("Hello")
    with pytest.warns(TractWarning, match="cl100k_base"):
        again = opened(tmp_path / "work.db", model="gpt-4o")
    again.user("more")
    assert again.status().tokens == again.compile().token_count


@pytest.mark.parametrize("wrong", [{"durability": "maybe"}, {"token_budget": 0}, {"token_budget": -3}])
def test_a_wrong_option_is_an_error_with_a_hint(opened, wrong):
    with pytest.raises(TractError) as caught:
        opened(**wrong)
    assert caught.value.hint


def test_another_process_sees_it(tmp_path, opened):
    tract = opened(tmp_path / "work.db")
    tract.user("Hello")
    seen = run_python(
        "import sys; from tract_nb import Tract; t = Tract.open(sys.argv[1]);"
        "print(t.compile().messages[0].text); t.assistant('from the other process')",
        tmp_path / "work.db",
    )
    assert seen.strip() == "Hello"
    assert texts(tract) == ["Hello", "from the other process"]


def test_a_closed_file_can_be_copied_and_moved(tmp_path, opened):
    tract = opened(tmp_path / "work.db")
    tract.user("Hello")
    tract.close()
    shutil.move(tmp_path / "work.db", tmp_path / "moved.db")
    assert texts(opened(tmp_path / "moved.db")) == ["Hello"]
    assert not (tmp_path / "work.db-wal").exists()


def test_the_first_tract_that_is_opened_is_the_current_one(opened):
    first = opened()
    opened()
    first.user("Hello")
    assert [texts(current) for current in [Tract.first] if current] == [["Hello"]]
    first.close()
    assert Tract.first is None


def test_opening_warns_of_nothing(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Tract.open(Path(tmp_path / "work.db")).close()
