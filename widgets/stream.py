"""A reply as it comes: shown while it grows, gone when it is there."""

from __future__ import annotations

import time
from typing import Any

import anywidget
import traitlets

EVERY_SECONDS = 0.1  # how often the page is told
SHOWN = 4_000  # characters: the end of a long reply is enough to follow it by

_ESM = """
function render({ model, el, signal }) {
  const place = document.createElement("div");
  place.style.whiteSpace = "pre-wrap";
  place.setAttribute("role", "log");
  place.setAttribute("aria-label", "the reply as it comes");
  const show = () => { place.textContent = model.get("text"); };
  model.on("change:text", show);
  signal?.addEventListener("abort", () => model.off("change:text", show));
  show();
  el.append(place);
}
export default { render };
"""


class StreamView(anywidget.AnyWidget):
    """A text that grows in a cell.

    It is closed when the reply is there, which is the cell's own result then: so a saved notebook holds
    the reply once, as what it is.
    """

    _esm = _ESM

    #: the end of what has come
    text = traitlets.Unicode("").tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""
        self._told = 0.0

    def add(self, piece: str) -> None:
        """Take a piece of text; the page is told ten times a second."""
        self._whole += piece
        now = time.monotonic()
        if now - self._told >= EVERY_SECONDS:
            self._told = now
            more = "…" if len(self._whole) > SHOWN else ""
            self.text = more + self._whole[-SHOWN:]

    def close(self) -> None:
        """Go, with the layout that ipywidgets made for it."""
        layout = self.layout
        super().close()
        layout.close()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[Any, Any], dict[Any, Any]] | None:
        """Return the live view; of what is left of it, nothing is to be seen."""
        found = super()._repr_mimebundle_(**options)
        if found is None:
            return None
        data, metadata = found
        return {**data, "text/plain": "", "text/html": ""}, metadata
