"""A notebook that is open in JupyterLab, as a test drives it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

#: everything that must be there before a cell is run; else runs hang or never render
READY = """async () => {
  const app = window.jupyterapp;
  await app.restored;
  const deadline = Date.now() + 30000;
  while (Date.now() < deadline) {
    const panel = app.shell.currentWidget;
    if (panel && panel.content && panel.sessionContext) {
      await panel.context.ready;
      await panel.sessionContext.ready;
      if (panel.sessionContext.session?.kernel?.status === 'idle') return true;
    }
    await new Promise(done => setTimeout(done, 50));
  }
  return false;
}"""
PANEL = "window.jupyterapp.shell.currentWidget"
#: the code cells that were started have run: each has a number, and the kernel waits
DONE = f"""(places) => {{
  const panel = {PANEL};
  const cells = panel.content.widgets.filter((cell, place) => cell.model.type === 'code'
    && cell.model.sharedModel.source && (places === null || places.includes(place)));
  return panel.sessionContext.session?.kernel?.status === 'idle'
    && cells.every(cell => cell.model.executionState !== 'running' && cell.model.executionCount !== null);
}}"""
OUTPUTS = f"(place) => {PANEL}.content.widgets[place].model.outputs.toJSON()"


class LabNotebook:
    """An open notebook.

    Parameters
    ----------
    page : playwright.sync_api.Page
        The page it is in.
    url : str
        Where Lab shows it, with the token.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url

    def open(self) -> None:
        """Load Lab and wait until the kernel is ready."""
        self.page.goto(self._url)
        self.page.wait_for_function("() => window.jupyterapp !== undefined")
        assert self.page.evaluate(READY), "the kernel did not get ready"

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Start a command of Lab, without waiting for its promise."""
        self.page.evaluate(
            "([name, given]) => { window.jupyterapp.commands.execute(name, given); }", [name, arguments or {}]
        )

    def run_all(self) -> None:
        """Run all cells, as from the menu, and wait until the last one is done."""
        self._forget_numbers()
        self.command("notebook:run-all-cells")
        self._wait_until_done()

    def run_cell(self, place: int) -> None:
        """Run one cell and wait until it is done."""
        self.start_cell(place)
        self.wait_for_cell(place)

    def start_cell(self, place: int) -> None:
        """Run one cell, without waiting for it."""
        self.page.evaluate(f"(place) => {{ {PANEL}.content.activeCellIndex = place; }}", place)
        self._forget_numbers(place)
        self.command("notebook:run-cell")

    def wait_for_cell(self, place: int) -> None:
        """Wait until a cell that was started is done."""
        self._wait_until_done(place)

    def restart(self) -> None:
        """Restart the kernel, as from the menu but without its question."""
        self.page.evaluate(f"async () => {{ await {PANEL}.sessionContext.restartKernel(); }}")
        assert self.page.evaluate(READY), "the kernel did not come back"

    def set_source(self, place: int, source: str) -> None:
        """Write another text into a cell, as a person does; the cell's id stays."""
        self.page.evaluate(
            f"([place, source]) => {{ {PANEL}.content.widgets[place].model.sharedModel.setSource(source); }}",
            [place, source],
        )

    def cell_id(self, place: int) -> str:
        """Return a cell's id."""
        return str(self.page.evaluate(f"(place) => {PANEL}.content.widgets[place].model.id", place))

    def outputs(self, place: int) -> list[dict[str, Any]]:
        """Return a cell's outputs as the notebook keeps them."""
        return list(self.page.evaluate(OUTPUTS, place))

    def shown(self, place: int) -> Locator:
        """Return a cell's outputs as the page shows them, scrolled to."""
        cell = self.page.locator(".jp-Notebook .jp-Cell").nth(place)
        cell.scroll_into_view_if_needed()
        return cell.locator(".jp-OutputArea")

    def text(self, place: int) -> str:
        """Return what a person reads below a cell, without the numbers at its side."""
        return "\n".join(self.shown(place).locator(".jp-OutputArea-output").all_inner_texts())

    def theme(self, name: str) -> None:
        """Switch to ``JupyterLab Light`` or ``JupyterLab Dark``."""
        self.command("apputils:change-theme", {"theme": name})
        light = "true" if "Light" in name else "false"
        body = f"body[data-jp-theme-light='{light}'][data-jp-theme-name='{name}']"
        self.page.wait_for_selector(body, state="attached")

    def screenshot(self, path: Path) -> None:
        """Take a picture of the whole notebook alone, without the panels at its sides."""
        self.page.evaluate("""() => {
          const app = window.jupyterapp;
          app.shell.collapseLeft();
          document.querySelector('.jp-NotebookPanel-notebook .jp-WindowedPanel-outer').scrollTop = 0;
        }""")
        height = self.page.evaluate("document.querySelector('.jp-WindowedPanel-inner').scrollHeight")
        before = self.page.viewport_size
        self.page.set_viewport_size(
            {"width": before["width"] if before else 1200, "height": int(height) + 200}
        )
        self.page.wait_for_timeout(300)  # until what came into view is drawn
        self.page.locator(".jp-NotebookPanel-notebook").first.screenshot(path=path)
        if before:
            self.page.set_viewport_size(before)

    def shut_down(self) -> None:
        """End the kernel."""
        self.page.evaluate(f"async () => {{ await {PANEL}?.sessionContext?.shutdown(); }}")

    def _forget_numbers(self, place: int | None = None) -> None:
        self.page.evaluate(
            f"""(place) => {PANEL}.content.widgets.forEach((cell, number) => {{
              const asked = cell.model.type === 'code' && (place === null || number === place);
              if (asked) cell.model.executionCount = null;
            }})""",
            place,
        )

    def _wait_until_done(self, place: int | None = None) -> None:
        self.page.wait_for_function(DONE, arg=None if place is None else [place])
