"""A notebook in this process for each test, and one kernel for each module that asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from tests.notebook.helpers import Kernel, Notebook
from tract_nb import Tract


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    """IPython's shell without history and colours of its own."""
    config = Config()
    config.HistoryManager.enabled = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        InteractiveShell.clear_instance()
        yield InteractiveShell.instance(config=config)
        InteractiveShell.clear_instance()


@pytest.fixture
def nb(shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    """A notebook with the extension loaded and no tract open, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Tract, "first", None)
    monkeypatch.setattr(Tract, "listener", None)
    mathjax = pd.options.display.html.use_mathjax
    before = dict(shell.user_ns)
    shell.run_line_magic("load_ext", "tract_nb")
    yield Notebook(shell)
    extensions = shell.extension_manager
    if extensions and "tract_nb" in extensions.loaded:
        shell.run_line_magic("unload_ext", "tract_nb")
    pd.options.display.html.use_mathjax = mathjax
    for name in set(shell.user_ns) - set(before):
        del shell.user_ns[name]


@pytest.fixture
def demo(nb: Notebook) -> Notebook:
    """A notebook on the sample session."""
    nb.value("t = %tract demo")
    return nb


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One kernel with the extension loaded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.chdir(tmp_path_factory.mktemp("kernel"))
        running = Kernel(Path.cwd())
        yield running
        running.stop()
