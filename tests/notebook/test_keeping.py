"""gc and forget ask before they do what cannot be undone."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from tests.core.helpers import NINE
from tests.notebook.helpers import Notebook
from tract_nb import Tract
from tract_nb.cli import main


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file with a commit that nothing leads to any more."""
    path = tmp_path / "work.db"
    with Tract.open(path, clock=lambda: NINE) as t:
        t.user("stays")
        t.user("left")
        t.reset("HEAD~1", "hard")
        t.user("goes on")
    return path


def commits(path: Path) -> int:
    with Tract.open(path) as t:
        found = t.database.one('SELECT count(*) FROM "commit"')
    assert found is not None
    return int(found[0])


def test_gc_lists_what_would_go_and_takes_it_when_told(nb: Notebook, old: Path):
    nb.value(f"%tract open {old}")
    ran = nb.run("found = %tract gc")
    assert "would collect 1 commit" in ran.lines[-1]
    assert "gc --yes" in ran.lines[-1]
    assert nb["found"].what.tolist() == ["commit"]
    assert commits(old) == 3
    ran = nb.run("%tract gc --yes --vacuum")
    assert "collected 1 commit" in ran.lines[0]
    assert commits(old) == 2
    assert "nothing to collect" in nb.run("%tract gc --yes").lines[0]


def test_forget_wants_a_yes_and_a_reason(nb: Notebook, old: Path):
    nb.value(f"%tract open {old}")
    ran = nb.run("%tract forget HEAD --reason secret")
    assert "goes on" in str(ran.error)
    assert "--yes" in str(ran.error)
    assert "--reason" in str(nb.run("%tract forget HEAD --yes").error).lower()
    assert nb.value("%tract compile").messages[-1].text == "goes on"
    nb.value("%tract forget HEAD --reason secret --yes")
    assert nb.value("%tract compile").messages[-1].text.startswith("[forgotten on")
    assert "1 text" in nb.run("%tract verify").lines[0]


class Sitting(io.StringIO):
    """Somebody who types at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "left"), [("y\n", 2), ("n\n", 3), ("\n", 3), ("", 3)])
def test_a_terminal_asks(old: Path, monkeypatch, capsys, typed: str, left: int):
    monkeypatch.setattr(sys, "stdin", Sitting(typed))
    assert main(["gc", "--db", str(old)]) == 0
    assert "Take it away for good?" in capsys.readouterr().err
    assert commits(old) == left


def test_nobody_is_asked_where_nobody_sits(old: Path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["gc", "--db", str(old)]) == 0
    assert commits(old) == 3
    assert main(["forget", "HEAD", "--reason", "secret", "--db", str(old)]) == 1
    assert "--yes" in capsys.readouterr().err
    assert main(["gc", "--yes", "--db", str(old)]) == 0
    assert commits(old) == 2
