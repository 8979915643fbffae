"""Tab: commands, options and branches in a line, nothing in the prose of a cell."""

from __future__ import annotations

import pytest

from tests.notebook.helpers import Kernel
from tract_nb.notebook.commands import COMMANDS


@pytest.fixture(scope="module")
def tab(kernel: Kernel) -> Kernel:
    """A kernel on a tract with two branches and Python names that prose must not be offered."""
    kernel.run("t = %tract open\none = t.user('one')\nt.branch('side-line')\nlocal_variable = 1")
    return kernel


def test_commands(tab: Kernel):
    assert set(tab.complete("%tract ")) == {*COMMANDS, "help"}
    assert tab.complete("%tract compi") == ["compile"]
    assert set(tab.complete("%tract s")) == {"system", "scan", "skip", "show", "status", "switch", "settle"}


@pytest.mark.parametrize(
    "start", ["log = %tract bran", "  %tract bran", "a, b = %tract bran", "x = 1\n%tract bran"]
)
def test_commands_wherever_the_line_stands(tab: Kernel, start: str):
    assert tab.complete(start) == ["branch", "branches"]


def test_commands_of_a_cell(tab: Kernel):
    assert "user" in tab.complete("%%tract us")


def test_options(tab: Kernel):
    assert set(tab.complete("%tract log --")) >= {
        "--limit",
        "--branch",
        "--kind",
        "--type",
        "--all",
        "--graph",
        "--help",
    }
    assert tab.complete("%tract log --li") == ["--limit"]
    assert tab.complete("%tract log -n 3 --gr") == ["--graph"]


def test_branches(tab: Kernel):
    assert set(tab.complete("%tract switch ")) >= {"main", "side-line"}
    assert tab.complete("%tract switch si") == ["side-line"]
    assert tab.complete("%tract show si") == ["side-line"]


def test_commits(tab: Kernel):
    short = tab.run("print(one.short)").printed.strip()
    assert short in tab.complete(f"%tract show {short[:3]}")
    assert "HEAD" in tab.complete("%tract pin H")


@pytest.mark.parametrize("option", ["log --branch", "branch new --at"])
def test_branches_as_the_value_of_an_option(tab: Kernel, option: str):
    assert "side-line" in tab.complete(f"%tract {option} si")


def test_choices_as_the_value_of_an_option(tab: Kernel):
    assert tab.complete("%tract log --kind su") == ["summary"]


def test_help_of_a_command(tab: Kernel):
    assert tab.complete("%tract help compi") == ["compile"]


def offered(tab: Kernel, source: str) -> set[str]:
    """What Tab offers besides what is written already."""
    return {match for match in tab.complete(source) if not source.endswith(match)}


@pytest.mark.parametrize(
    "prose", ["loc", "Please, imp", "%lo", "/", "t.", "print(loc", "first line\nloc", "so "]
)
def test_nothing_in_prose(tab: Kernel, prose: str):
    for role in ("user", "system", "assistant", "edit HEAD"):
        assert offered(tab, f"%%tract {role}\n{prose}") == set()


def test_nothing_in_prose_below_an_empty_line(tab: Kernel):
    assert offered(tab, "\n%%tract user\nloc") == set()


def test_pythons_own_elsewhere(tab: Kernel):
    assert "local_variable" in tab.complete("local_")


def test_no_tract_is_no_error(tab: Kernel):
    tab.run("from tract_nb import Tract")
    tab.run("desk = get_ipython().magics_manager.registry['TractMagics'].desk")
    tab.run("desk.current, first, Tract.first = None, Tract.first, None")
    offered_now = tab.complete("%tract switch ")
    tab.run("desk.current = Tract.first = first")
    assert not {"main", "side-line", "local_variable"}.intersection(offered_now)
