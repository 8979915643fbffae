"""What is documented is all there is, and all there is is documented."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import tract_nb
from tract_nb import Tract
from tract_nb.model.table import Table
from tract_nb.notebook.commands import COMMANDS, TAKES_BODY
from tract_nb.notebook.dispatch import arguments, help_text

README = Path(__file__).resolve().parents[2] / "README.md"
WORD = re.compile(r"[a-z_]+")

#: methods of a Tract that a person calls to change something, and the command that does the same
VERBS = {
    "user": "user",
    "system": "system",
    "assistant": "assistant",
    "edit": "edit",
    "annotate": "pin",
    "restore": "restore",
    "import_trace": "import",
    "branch": "branch",
    "switch": "switch",
    "undo": "undo",
    "redo": "redo",
    "reset": "reset",
    "checkout": "checkout",
    "tag": "tag",
    "record_usage": "usage",
    "compress": "compress",
    "gc": "gc",
    "forget": "forget",
    "optimize": "optimize",
    "chat": "chat",
    "generate": "generate",
    "llm_settings": "llm",
    "merge": "merge",
    "rebase": "rebase",
    "cherry_pick": "pick",
    "reorder": "reorder",
    "delete_branch": "branch",
    "rename_branch": "branch",
}
#: methods that write and need Python's own values, so that a line of text cannot say them
PYTHON_ONLY = {
    "commit",
    "reasoning",
    "artifact",
    "tool_call",
    "tool_result",
    "save_as",
    "batch",
    "register",
    "sync",
}
#: methods that write nothing to the history
READING = {
    *(
        "asking",
        "open",
        "on",
        "from_trace",
        "close",
        "refresh",
        "compile",
        "log",
        "graph",
        "dag",
        "show",
        "expand",
        "status",
    ),
    *("budget", "branches", "tracts", "tags", "operations", "pending", "find", "diff", "verify"),
    *("foresee", "provenance", "strip", "takers", "advice", "describe", "count", "proposed"),
    *("cancel", "record"),  # of a call that another thread, or other code, makes
}


def tables() -> Iterator[type[Table]]:
    """Every table of the library."""
    for module in walk_packages(tract_nb.__path__, "tract_nb."):
        if ".store.migrations" not in module.name:
            import_module(module.name)
    found = [Table]
    while found:
        table = found.pop()
        found += table.__subclasses__()
        if table.__module__.startswith("tract_nb") and table is not Table:
            yield table


TABLES = sorted(set(tables()), key=lambda table: table.__name__)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_does_in_one_sentence(name: str):
    first, _, rest = inspect.cleandoc(COMMANDS[name].__doc__ or "").partition("\n")
    assert first.endswith("."), first
    assert len(first) <= 100
    assert rest == "" or rest.startswith("\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_is_described_in_the_help(name: str):
    text = help_text(name)
    given = list(inspect.signature(COMMANDS[name]).parameters)[1:]
    described = list(arguments(name))
    assert len(described) == len(given)
    for argument in described:
        assert argument.about.endswith("."), (name, argument.names)
        assert argument.about in text
        assert argument.names in text


@pytest.mark.parametrize("name", COMMANDS)
def test_no_docstring_describes_what_is_not_there(name: str):
    doc = inspect.cleandoc(COMMANDS[name].__doc__ or "")
    _, _, section = doc.partition("Parameters\n----------\n")
    named = [line for line in section.splitlines() if line and not line.startswith(" ")]
    assert named == list(inspect.signature(COMMANDS[name]).parameters)[1:]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_a_narrow_window(name: str):
    _, *lines = help_text(name).splitlines()  # the first is the usage, which wraps
    assert max(map(len, lines)) <= 110


@pytest.mark.parametrize("name", sorted(TAKES_BODY))
def test_a_command_with_a_cell_says_so(name: str):
    assert f"%%tract {name}" in help_text(name)


@pytest.mark.parametrize("option", ["--out", "--again", "--expand"])
def test_the_options_of_the_magics_are_in_the_help(option: str):
    assert option in help_text(None) + help_text("user")


def test_the_readme_names_every_command():
    text = README.read_text() if README.exists() else ""
    if "%tract" not in text:
        pytest.skip("the README names no commands yet")
    words = set(re.findall(r"[a-z_-]+", text))
    assert [name for name in COMMANDS if name not in words] == []


@pytest.mark.parametrize("table", TABLES, ids=[table.__name__ for table in TABLES])
def test_every_column_says_what_it_holds(table: type[Table]):
    assert table.columns
    for column in table.columns:
        assert column.about.strip(), column.name
        assert WORD.fullmatch(column.name), column.name
        assert not hasattr(table, column.name) or column.name == "path"
    assert inspect.cleandoc(table.__doc__ or "").strip()
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)


def test_every_public_method_of_a_tract_is_sorted_into_verbs_and_readings():
    public = {
        name
        for name, value in inspect.getmembers(Tract)
        if not name.startswith("_") and callable(getattr(Tract, name))
    }
    methods = public - {"listener", "first"}
    assert methods - set(VERBS) - PYTHON_ONLY - READING == set(), (
        "a new method: give it a command or say why not"
    )


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_command(verb: str):
    assert callable(getattr(Tract, verb))
    assert VERBS[verb] in COMMANDS


def test_the_commands_that_were_promised_are_there():
    promised = [
        "open",
        "use",
        "import",
        "traces",
        "trace",
        "log",
        "show",
        "status",
        "budget",
        "compile",
        "branch",
        "switch",
        "pin",
        "skip",
        "unpin",
        "undo",
        "operations",
        "demo",
        "export",
        "user",
        "system",
        "assistant",
    ]
    assert set(promised) <= set(COMMANDS)
