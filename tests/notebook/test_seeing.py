"""Commands that show: a widget in a notebook, the same as text in a terminal."""

from __future__ import annotations

from tract_nb import Tract
from tract_nb.cli import main


def test_dag_is_a_widget_in_a_notebook(demo):
    widget = demo.value("%tract dag role:user is:covered")
    assert type(widget).__name__ == "DagWidget"
    assert widget.filter == "role:user is:covered"
    assert repr(widget).startswith("memory  main  HEAD ")


def test_dag_is_text_in_a_terminal(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Tract, "first", None)
    with Tract.open(tmp_path / "work.db") as tract:
        tract.user("hello there")
        tract.assistant("what is it?")
    assert main(["--db", str(tmp_path / "work.db"), "dag", "role:user", "hello there"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("work.db  main  HEAD ")
    assert "hello there" in said
    assert "what is it?" not in said


def test_context_is_a_widget_in_a_notebook(demo):
    widget = demo.value("%tract context")
    assert type(widget).__name__ == "ContextWidget"
    assert repr(widget).startswith("memory, branch main, HEAD ")


def test_context_is_text_in_a_terminal(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Tract, "first", None)
    with Tract.open(tmp_path / "work.db", token_budget=1000) as tract:
        tract.user("hello " * 30)
    assert main(["--db", str(tmp_path / "work.db"), "context"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("work.db, branch main, HEAD ")
    assert "│ budget" in said
    assert "hello hello" in said
    assert "What compressing would save" in said
    assert "summarize (estimate)" in said
