"""A merge from the terminal: what is asked is listed, answered and applied by one command each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tract_nb import Tract, cli

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run the command with some words; return its exit code and what it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Tract, "first", None)
    monkeypatch.setattr(Tract, "listener", None)

    def run(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = cli.main(["--db", "work.db", *words])
        if Tract.first is not None:  # as at the end of a process
            Tract.first.close()
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture
def at_odds(say: Say) -> None:
    """Let main and ``try`` change the same text."""
    for line in (
        "user hello",
        "branch try",
        "edit HEAD ours",
        "switch try",
        "edit HEAD theirs",
        "switch main",
    ):
        code, said = say(*line.split())
        assert code == 0, said


@pytest.mark.usefixtures("at_odds")
def test_a_conflict_is_listed_chosen_and_applied(say):
    said = say("merge", "try")[1]
    assert "1 of 1 conflict unresolved" in said
    assert "`choose 0 ours`" in said
    assert "try" in say("pending")[1]
    said = say("review")[1]
    assert all(text in said for text in ("hello", "ours", "theirs", "Both sides changed this text."))
    code, said = say("approve")
    assert (code, "nobody has decided" in said) == (1, True)
    assert "0 of 1 conflict unresolved" in say("choose", "0", "theirs")[1]
    assert "→ of my own" in say("settle", "0", "of", "my", "own")[1]
    assert "applied" in say("approve")[1]
    assert "of my own" in say("compile")[1] + say("export")[1]
    code, said = say("approve")
    assert (code, "No review is pending on main." in said) == (1, True)


@pytest.mark.usefixtures("at_odds")
def test_a_review_is_rejected_and_a_branch_renamed_and_deleted(say):
    say("merge", "try")
    assert "rejected" in say("reject")[1]
    assert "applied" in say("rebase", "try", "--strategy", "ours")[1]
    assert "try is called tried now" in say("branch", "try", "--rename", "tried")[1]
    assert "tried is deleted" in say("branch", "tried", "--delete")[1]
    assert "nothing to do" in say("pick", "HEAD")[1]
