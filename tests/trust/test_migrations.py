"""An older database is brought to the present schema once, whole or not at all, and a copy is kept."""

from __future__ import annotations

import sqlite3
import threading
import warnings
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.core.helpers import run_python, start_python
from tests.trust import old
from tests.trust.helpers import dump_file, texts
from tract_nb import Session, Tract, TractError, TractWarning
from tract_nb.cli import main
from tract_nb.store import schema

OLDER = range(1, schema.VERSION)


@pytest.fixture(params=OLDER)
def version(request: pytest.FixtureRequest) -> int:
    """Each schema there was."""
    return int(request.param)


@pytest.fixture
def path(version, tmp_path) -> Path:
    """A database of that schema."""
    return old.make(version, tmp_path / "work.db")


def upgraded(path: Path) -> str:
    """Open a database; return what was said about its upgrade."""
    with pytest.warns(TractWarning) as said:
        Tract.open(path).close()
    (one,) = said
    return str(one.message)


def copies(path: Path) -> list[Path]:
    """Return the copies beside a database."""
    assert list(path.parent.glob("*.part")) == []
    return sorted(path.parent.glob("*.backup"))


def schema_of(path: Path) -> int:
    """Return the number of a file's schema."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_there_is_a_database_and_a_migration_for_every_schema_there_was():
    assert [version for version in old.versions() if version < schema.VERSION] == list(OLDER)
    for version in OLDER:
        assert callable(import_module(f"tract_nb.store.migrations.to_{version + 1}").upgrade)


def test_an_upgraded_database_says_what_it_said_and_is_clean(path, version):
    upgraded(path)
    with Tract.open(path) as tract:
        assert tract.verify().rows == ()
    assert old.said(path) == old.said_by(version)
    with Tract.open(path) as tract:
        before = texts(tract)
        tract.user("goes on", key="new")
        tract.undo()
        tract.redo()
        assert texts(tract) == [*before, "goes on"]
        assert tract.verify().rows == ()


def test_an_upgraded_database_has_the_tables_of_a_new_one(path, tmp_path):
    upgraded(path)
    Tract.open(tmp_path / "new.db").close()
    assert old.shape_of(path) == old.shape_of(tmp_path / "new.db")


def test_the_file_as_it_was_lies_beside_it_and_the_user_is_told_where(path, version):
    before = dump_file(path)
    said = upgraded(path)
    (copy,) = copies(path)
    assert str(copy) in said
    assert f"from schema {version} to {schema.VERSION}" in said
    assert dump_file(copy) == before
    assert schema_of(copy) == version
    # put back in its place, it is upgraded again, and no copy is written over
    copy.rename(path)
    assert upgraded(path)
    path.write_bytes(old.make(version, path.with_name("again.db")).read_bytes())
    upgraded(path)
    assert len(copies(path)) == 2


def test_the_upgrade_is_told_once_and_by_the_session_s_first_tract(path):
    with Session(path) as session:
        with pytest.warns(TractWarning, match="upgraded"):
            session.tract()
        session.tract()
    Tract.open(path).close()


def test_a_terminal_is_told_and_takes_no_copy_for_a_second_database(path, monkeypatch, capsys):
    monkeypatch.chdir(path.parent)
    assert main(["status"]) == 0
    assert "upgraded" in capsys.readouterr().err
    assert main(["status"]) == 0
    assert capsys.readouterr().err == ""


def test_an_older_database_is_not_opened_read_only_and_stays_as_it_is(path):
    before = path.read_bytes()
    with pytest.raises(TractError, match="schema") as caught:
        Tract.open(path, read_only=True)
    assert "without read_only" in caught.value.hint
    assert path.read_bytes() == before
    assert copies(path) == []


def test_what_was_damaged_before_is_still_named_after_it(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute('UPDATE "commit" SET message = ? WHERE id = 2', ("not what was written",))
    upgraded(path)
    with Tract.open(path) as tract:
        assert tract.verify().rows


def test_a_schema_without_a_number_is_damage(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 0")
    with pytest.raises(TractError, match="damaged"):
        Tract.open(path)
    assert copies(path) == []


class Failing:
    """Lets one of the statements of an upgrade fail: those of alembic, of the migration and our own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = 0
        self.seen = 0
        real = sqlite3.connect

        def connect(*args: Any, **more: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = real(*args, **more)
            connection.set_authorizer(self.allow)
            return connection

        monkeypatch.setattr(sqlite3, "connect", connect)

    def allow(self, action: int, *_: object) -> int:
        self.seen += 1
        return sqlite3.SQLITE_DENY if self.seen == self.at else sqlite3.SQLITE_OK


def test_an_upgrade_that_fails_anywhere_leaves_the_old_database(path, version, monkeypatch):
    before, whole = dump_file(path), path.read_bytes()
    failing, failed, at = Failing(monkeypatch), 0, 0
    while failing.seen >= at:
        at += 1
        failing.at, failing.seen = at, 0
        for file in path.parent.iterdir():  # its log and the copies too
            file.unlink()
        path.write_bytes(whole)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                Tract.open(path).close()
        except TractError as error:
            assert error.hint  # noqa: PT017  which of them raise is what is found out
        said, failing.at = failing.seen, 0
        if schema_of(path) == version:
            failed += 1
            assert dump_file(path) == before, at
            assert copies(path) == [], at
        else:
            assert len(copies(path)) == 1
            assert old.said(path) == old.said_by(version), at
        failing.seen = said
    assert failed > 10


def test_an_ordinary_open_does_not_import_alembic(tmp_path):
    code = "import sys, tract_nb; tract_nb.Tract.open(sys.argv[1]).close(); print('alembic' in sys.modules)"
    assert run_python(code, tmp_path / "work.db").strip() == "False"
    assert run_python(code, tmp_path / "work.db").strip() == "False"


OPEN = """
import sys, warnings
warnings.simplefilter("ignore")
import alembic.operations
from tract_nb import Tract
with Tract.open(sys.argv[1], name=sys.argv[2]) as tract:
    tract.user("Hi")
    print(len(tract.verify().rows))
"""


def test_processes_that_open_at_once_upgrade_once(path, version):
    children = [start_python(OPEN, path, f"t{one}") for one in range(4)]
    said = [child.communicate(timeout=60) for child in children]
    assert [out.split() for out, _ in said] == [["0"]] * 4, said
    assert len(copies(path)) == 1
    assert schema_of(path) == schema.VERSION
    assert schema_of(copies(path)[0]) == version


def together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_that_open_at_once_upgrade_once(path):
    failed: list[BaseException] = []

    def opening() -> None:
        try:
            Tract.open(path).close()
        except TractError as error:
            failed.append(error)

    threads = [threading.Thread(target=opening) for _ in range(6)]
    with pytest.warns(TractWarning):
        together(threads)
    assert failed == []
    assert len(copies(path)) == 1
