"""``%load_ext`` and ``%unload_ext``: what they set, and that nothing is left behind."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tests.notebook.helpers import Notebook
from tract_nb import Tract


def traces_of(nb: Notebook) -> tuple[Any, ...]:
    """Everything that loading touches."""
    manager = nb.shell.magics_manager.magics
    return (
        "tract" in manager["line"],
        "tract" in manager["cell"],
        len(nb.shell.Completer.custom_matchers),
        len(nb.shell.configurables),
        pd.options.display.html.use_mathjax,
        Tract.listener is not None,
    )


def test_unloading_leaves_nothing_behind(nb: Notebook):
    loaded = traces_of(nb)
    nb.value("%unload_ext tract_nb")
    unloaded = traces_of(nb)
    assert unloaded == (False, False, loaded[2] - 1, loaded[3] - 1, True, False)
    nb.value("%load_ext tract_nb")
    assert traces_of(nb) == loaded
    nb.value("%unload_ext tract_nb")
    assert traces_of(nb) == unloaded


def test_loading_twice_registers_nothing_twice(nb: Notebook):
    loaded = traces_of(nb)
    nb.value("%load_ext tract_nb")
    nb.value("import tract_nb; tract_nb.load_ipython_extension(get_ipython())")
    assert traces_of(nb) == loaded


def test_unloading_twice_is_no_error(nb: Notebook):
    nb.value("%unload_ext tract_nb")
    nb.value("import tract_nb; tract_nb.unload_ipython_extension(get_ipython())")


def test_reloading_keeps_one_of_each_and_the_tract(nb: Notebook):
    nb.value("t = %tract open")
    loaded = traces_of(nb)
    nb.value("%reload_ext tract_nb")
    assert traces_of(nb) == loaded
    nb.value("%tract user hello")
    assert len(nb["t"].log()) == 1


def test_unloading_restores_the_users_own_choice(nb: Notebook):
    nb.value("%unload_ext tract_nb")
    pd.options.display.html.use_mathjax = False
    told: list[str] = []
    Tract.listener = told.append
    nb.value("%load_ext tract_nb")
    nb.value("%unload_ext tract_nb")
    assert pd.options.display.html.use_mathjax is False
    assert Tract.listener == told.append


def test_after_unloading_the_magic_is_gone(nb: Notebook):
    nb.value("%unload_ext tract_nb")
    assert "not found" in nb.run("%tract help").printed


def test_config_knows_the_magics(nb: Notebook):
    assert "TractMagics" in nb.run("%config").printed
    assert nb.run("%config TractMagics").error is None


def test_money_in_a_table_is_not_mathematics(nb: Notebook):
    nb.value("%tract user it costs $5 and $10")
    html = nb.value("%tract log")._repr_html_()
    assert "$5 and $10" in html
    assert "tex2jax_ignore" in html
    assert "mathjax_ignore" in html


def test_the_magic_has_a_docstring(nb: Notebook):
    assert "%tract help" in nb.run("%tract?").printed
