"""A real JupyterLab in Chromium; tests that need them skip where there is no browser.

One Lab serves a whole run. Each module has its own browser, each test its own page and notebook.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import nbformat
import pytest

from tests.browser.chromium import browser, chromium, page
from tests.browser.lab import LabNotebook

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["browser", "chromium", "page"]

BOOT = 60  # seconds that Lab may take to answer at the very most
#: Lab asks a new user about news; nobody is there to answer
QUIET = {"@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here, and keep it in one process, so that one Lab serves all."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that runs.

    Parameters
    ----------
    url : str
        Where it answers.
    token : str
        What it asks for.
    folder : Path
        What it serves.
    """

    url: str
    token: str
    folder: Path

    def write(self, name: str, *sources: str) -> Path:
        """Write a notebook with code cells, each with an id of its own."""
        cells = [
            nbformat.v4.new_code_cell(source, id=f"cell-{place}") for place, source in enumerate(sources)
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        made = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        path = self.folder / name
        nbformat.write(made, path)
        return path


@pytest.fixture(scope="session")
def lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab on an empty folder, with settings of its own."""
    pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("lab")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = Lab(f"http://127.0.0.1:{port}", "test-token", folder)
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTERLAB_SETTINGS_DIR", "IPYTHONDIR")
    own = {name: str(home / name.lower()) for name in places}
    for name, values in QUIET.items():
        file = home / "jupyterlab_settings_dir" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values))
    command = [
        *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--expose-app-in-browser"),
        *(f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={running.token}"),
        *(f"--ServerApp.root_dir={folder}", "--LabApp.extension_manager=readonly"),
    ]
    with (home / "lab.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env={**os.environ, **own}, stdout=log, stderr=log)
    try:
        wait_for(running, server, home / "lab.log")
        yield running
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()


def wait_for(lab: Lab, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + BOOT
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urlopen(f"{lab.url}/api/status?token={lab.token}", timeout=1) as answer:  # noqa: S310
                if json.load(answer).get("started"):
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture
def open_notebook(
    lab: Lab, page: Page, request: pytest.FixtureRequest
) -> Iterator[Callable[..., LabNotebook]]:
    """Open a notebook with some cells in Lab; its kernel is shut down at the end."""
    opened: list[LabNotebook] = []

    def make(*sources: str) -> LabNotebook:
        path = lab.write(f"{request.node.originalname}-{len(list(lab.folder.iterdir()))}.ipynb", *sources)
        notebook = LabNotebook(page, f"{lab.url}/lab/tree/{path.name}?token={lab.token}&reset")
        notebook.open()
        opened.append(notebook)
        return notebook

    yield make
    for notebook in opened:
        notebook.shut_down()
