"""``$name``: select in pandas, act on the selection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.notebook.helpers import Notebook
from tract_nb import samples


@pytest.fixture
def words(nb: Notebook) -> Notebook:
    nb.value("t = %tract open\nfor word in ('one', 'two', 'three', 'four'):\n    t.user(word)")
    nb.value("log = %tract log")
    return nb


def shown(nb: Notebook) -> list[str]:
    return [message.text for message in nb["t"].compile().messages]


SELECTIONS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "a frame": lambda log: log[log.preview.isin(["two", "four"])],
    "a column": lambda log: log[log.preview.isin(["two", "four"])].commit,
    "a list": lambda log: log[log.preview.isin(["two", "four"])].commit.tolist(),
    "a tuple": lambda log: tuple(log[log.preview.isin(["two", "four"])].commit),
    "an array": lambda log: log[log.preview.isin(["two", "four"])].commit.to_numpy(),
    "an index": lambda log: pd.Index(log[log.preview.isin(["two", "four"])].commit),
}


@pytest.mark.parametrize("select", SELECTIONS.values(), ids=SELECTIONS.keys())
def test_a_selection_is_skipped_in_one_operation(words: Notebook, select: Callable[[pd.DataFrame], Any]):
    words["some"] = select(words["log"])
    before = len(words["t"].operations())
    words.value("%tract skip $some")
    assert shown(words) == ["one", "three"]
    assert len(words["t"].operations()) == before + 1


def test_one_hash_is_a_selection(words: Notebook):
    words["one"] = words["log"].commit.iloc[-1]
    words.value("%tract skip $one")
    assert shown(words) == ["two", "three", "four"]


def test_what_a_verb_returned_is_a_selection(words: Notebook):
    words.value("last = %tract show HEAD")
    words.value("%tract skip $last")
    assert shown(words) == ["one", "two", "three"]


def test_selections_and_names_go_together(words: Notebook):
    words["some"] = words["log"].tail(1)
    words.value("%tract skip $some HEAD")
    assert shown(words) == ["two", "three"]


def test_a_selection_acts_on_another_tract_for_once(words: Notebook):
    words["some"] = words["log"].head(1)
    words.value("other = %tract open")
    words.value("%tract skip $some -t t")
    assert shown(words) == ["one", "two", "three"]


def test_an_empty_selection_changes_nothing(words: Notebook):
    words["none"] = words["log"].head(0)
    before = words["t"].operations()
    assert words.value("%tract skip $none") is None
    assert words["t"].operations() == before


def test_a_frame_without_commits_is_an_error(words: Notebook):
    words["some"] = words["log"].drop(columns="commit")
    lines = words.error("%tract skip $some")
    assert len(lines) == 2
    assert "commit" in lines[0]


def test_a_name_that_is_no_variable_is_an_error(words: Notebook):
    lines = words.error("%tract skip $nowhere")
    assert len(lines) == 2
    assert "nowhere" in lines[0]
    assert shown(words) == ["one", "two", "three", "four"]


def test_only_a_whole_argument_is_a_variable(words: Notebook):
    words["HOME"] = "expanded"
    commit = words.value("%tract user costs $5, in$HOME and ${HOME} $$")
    assert commit.text == "costs $5, in$HOME and ${HOME} $$"


def test_a_variable_that_holds_a_text_is_committed_whole(words: Notebook):
    words["text"] = 'two lines\nand "quotes", it\'s; {braces} $log'
    assert words.value("%tract user $text").text == words["text"]


@pytest.mark.parametrize("text", ["\x00", "\x000", "\x00abc"])
def test_a_text_with_a_nul_in_front_is_committed_too(words: Notebook, text: str):
    words["text"] = text
    assert words.value("%tract user $text").text == text


def test_a_number_from_pandas_is_a_number(words: Notebook):
    words["n"] = np.int64(2)
    assert len(words.value("%tract log -n $n")) == 2
    words["n"] = 3
    assert len(words.value("%tract log -n $n")) == 3


def test_a_path_is_a_path(nb: Notebook):
    nb["file"], nb["sample"] = Path("work.db"), samples.path()
    assert nb.value("%tract open $file").path.samefile("work.db")
    assert nb.value("%tract import $sample").commits > 100
    assert nb.value("%tract trace $sample").session_id == samples.SESSION


@pytest.mark.parametrize(
    "line",
    [
        "show $some",
        "branch $some",
        "switch $some",
        "user $some",
        "compile $some",
        "edit $some x",
        "open $some",
    ],
)
def test_a_selection_where_one_name_is_meant_is_an_error_in_two_lines(words: Notebook, line: str):
    words["some"] = words["log"]
    assert len(words.error(f"%tract {line}")) == 2
