"""DataFrames: the documented columns and dtypes, also when there is nothing in them."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.notebook.helpers import Notebook
from tract_nb import samples
from tract_nb.engine.context import ContextTable
from tract_nb.model.listing import Branches, BudgetTable, Log, Operations, Tracts
from tract_nb.model.table import Table
from tract_nb.trace import Sessions
from tract_nb.trace.tables import AgentTable, CallTable, CommandTable, FailureTable, FileTable, UsageTable

FRAMES = {
    "log": Log,
    "log --all": Log,
    "branches": Branches,
    "operations": Operations,
    "tracts": Tracts,
    "budget": BudgetTable,
    "traces .": Sessions,
}
OF_A_TRACE = {
    "calls": CallTable,
    "files": FileTable,
    "commands": CommandTable,
    "failures": FailureTable,
    "agents_df": AgentTable,
    "usage": UsageTable,
}


def assert_as_declared(frame: pd.DataFrame, table: type[Table]) -> None:
    assert type(frame) is pd.DataFrame
    assert [(name, str(dtype)) for name, dtype in frame.dtypes.items()] == [
        (column.name, column.dtype) for column in table.columns
    ]
    assert frame.index.equals(pd.RangeIndex(len(frame)))


@pytest.mark.parametrize("line", FRAMES)
def test_a_table_of_an_empty_tract_is_typed(nb: Notebook, line: str):
    assert_as_declared(nb.value(f"%tract {line}"), FRAMES[line])


@pytest.mark.parametrize("line", FRAMES)
def test_a_table_of_one_message_is_typed(nb: Notebook, line: str):
    nb.value("%tract user hello")
    assert_as_declared(nb.value(f"%tract {line}"), FRAMES[line])


@pytest.mark.parametrize("line", FRAMES)
def test_a_table_of_the_sample_is_typed(demo: Notebook, line: str):
    if line == "traces .":
        line = f"traces {samples.path().parent}"
        assert_as_declared(demo.value(f"%tract {line}"), Sessions)
        return
    demo.value("%tract pin HEAD")
    frame = demo.value(f"%tract {line}")
    assert len(frame)
    assert_as_declared(frame, FRAMES[line])


def test_expand_and_undo_are_typed(demo: Notebook):
    demo["summary"] = demo["t"].log(kind="summary")[0][0]
    assert_as_declared(demo.value("%tract expand $summary"), Log)
    assert_as_declared(demo.value("%tract undo"), Operations)


@pytest.mark.parametrize("name", OF_A_TRACE)
def test_a_table_of_a_trace_is_typed(nb: Notebook, name: str):
    nb["path"] = str(samples.path())
    frame = nb.value(f"tr = %tract trace $path\ntr.{name}")
    assert len(frame)
    assert_as_declared(frame, OF_A_TRACE[name])


def test_a_compiled_context_is_a_frame_too(demo: Notebook):
    assert_as_declared(demo["t"].compile().to_frame(), ContextTable)
    demo.value("empty = %tract open")
    assert_as_declared(demo["empty"].compile().to_frame(), ContextTable)


def test_previews_are_one_line_of_at_most_eighty_characters(demo: Notebook):
    demo.value("%%tract user\none\ntwo\r\nthree\u2028four\x0bfive\x85six " + "x" * 5000)
    for line in ("log", "branches", "budget"):
        preview = demo.value(f"%tract {line}").preview.dropna()
        assert preview.str.len().max() <= 80
        assert all(len(text.splitlines()) <= 1 for text in preview)


def test_the_shares_of_a_budget_add_up(demo: Notebook):
    table = demo.value("%tract budget")
    total = table[table.by == "total"].tokens.item()
    role = table[table.by == "role"]
    assert role.share.sum() == pytest.approx(100, abs=0.5)
    assert total - role.tokens.sum() in range(4)  # what the chat format adds to the whole is no unit's
    units = role[role.units > 0].tokens.sum()
    for by in ("type", "priority"):
        assert table[table.by == by].tokens.sum() == pytest.approx(units, abs=4)
