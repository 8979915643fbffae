"""A bare page with a widget on it: the real Python object behind a shim of its model, no kernel, no Lab.

What the page sends goes through the widget's own handling of messages, what the widget sends comes
back as the page would get it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

    from tract_nb.widgets.base import TractWidget

ORIGIN = "http://bench.test"
#: the colours of the hosts, by what sets them
HOSTS = {
    "light": {"--jp-layout-color1": "#fff", "--jp-ui-font-color0": "#000"},
    "dark": {"--jp-layout-color1": "#111", "--jp-ui-font-color0": "#fff"},
    "vscode-light": {"--vscode-editor-background": "#fff", "--vscode-editor-foreground": "#3b3b3b"},
    "vscode-dark": {"--vscode-editor-background": "#1f1f1f", "--vscode-editor-foreground": "#ccc"},
    "colab-dark": {"--colab-primary-surface-color": "#383838", "--colab-primary-text-color": "#e3e3e3"},
    "plain": {},
}
HTML = """<!doctype html><html lang="en"><meta charset="utf-8"><title>bench</title>
<style>:root { %s } body { margin: 16px; background: %s } .out { width: %s; margin-bottom: 16px }</style>
<main><h1 style="display:none">bench</h1></main>
<script type="module">
class Model {
  constructor(id, state) { this.id = id; this.state = state; this.heard = {}; this.dirty = {}; }
  get(name) { return this.state[name]; }
  set(name, value) { this.state[name] = value; this.dirty[name] = value; this.trigger(`change:${name}`); }
  save_changes() { const state = this.dirty; this.dirty = {}; this.post({ method: "update", state }); }
  send(content) { this.post({ method: "custom", content }); }
  on(event, callback) { (this.heard[event] ??= new Set()).add(callback); }
  off(event, callback) { this.heard[event]?.delete(callback); }
  trigger(event, ...given) { for (const callback of [...(this.heard[event] ?? [])]) callback(...given); }
  async post(data) { take(JSON.parse(await window.toPython(this.id, data))); }
}
window.models = {};
const take = (messages) => { for (const [id, data] of messages) models[id]?.take(data); };
Model.prototype.take = function (data) {
  if (data.method === "custom") return this.trigger("msg:custom", data.content, []);
  Object.assign(this.state, data.state);
  for (const name of Object.keys(data.state)) this.trigger(`change:${name}`);
};
window.take = (messages) => take(JSON.parse(messages));
window.show = async (id, bundle, state) => {
  const module = await import(`/${bundle}.js`);
  const el = Object.assign(document.createElement("div"), { className: "out" });
  document.querySelector("main").append(el);
  models[id] ??= new Model(id, JSON.parse(state));
  module.default.render({ model: models[id], el });
};
window.ready = true;
</script></html>"""


class FakeComm:
    """A comm whose other end is the page."""

    def __init__(self, outbox: list[tuple[str, Any]], **_: Any) -> None:
        self.comm_id = f"comm-{len(outbox)}-{id(self)}"
        self._outbox = outbox

    def send(self, data: Any = None, **_: Any) -> None:
        if data["method"] in ("update", "custom"):
            # as it would cross the wire: what no JSON holds fails here
            self._outbox.append((self.comm_id, json.loads(json.dumps(data))))

    def on_msg(self, _: Any) -> None:
        """Take no callback: the bench calls the widget itself."""

    def on_close(self, _: Any) -> None:
        """Take no callback: a bench is never closed."""

    def close(self, **_: Any) -> None:
        """Close nothing."""


class Bench:
    """A page with widgets.

    Parameters
    ----------
    page : playwright.sync_api.Page
        Where they are drawn.
    outbox : list
        What the widgets' comms have sent.
    """

    def __init__(self, page: Page, outbox: list[tuple[str, Any]]) -> None:
        self.page = page
        self.errors: list[str] = []
        self._outbox = outbox
        self._widgets: dict[str, TractWidget] = {}
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)

    def open(self, *, host: str = "light", width: str = "900px", static: Path | None = None) -> None:
        """Load the empty page, in the colours of a host."""
        from tract_nb.widgets.base import STATIC

        colours = HOSTS[host]
        ground = next(iter(colours.values()), "Canvas")
        variables = "; ".join(f"{name}: {value}" for name, value in colours.items())
        html = HTML % (variables, ground, width)

        def serve(route: Route) -> None:
            name = route.request.url.removeprefix(ORIGIN).strip("/")
            if not name:
                route.fulfill(body=html, content_type="text/html")
            elif name.endswith(".js"):
                route.fulfill(path=(static or STATIC) / name, content_type="text/javascript")
            else:
                route.fulfill(status=204)

        self.page.route(f"{ORIGIN}/**", serve)
        self.page.expose_function("toPython", self._from_page)
        self.page.goto(ORIGIN)
        self.page.wait_for_function("() => window.ready")

    def show(self, widget: TractWidget) -> Locator:
        """Draw a widget at the end of the page; drawn twice, it has two views."""
        comm: Any = widget.comm
        self._widgets[comm.comm_id] = widget
        state = json.dumps(widget.get_state())  # as one text: Playwright takes long for a long list
        self._outbox.clear()
        self.page.evaluate(
            "([id, bundle, state]) => window.show(id, bundle, state)", [comm.comm_id, widget.bundle, state]
        )
        return self.page.locator(".out").last

    def flush(self) -> None:
        """Let the page hear what widgets sent since; a request of its own brings it all the same."""
        sent = self._drain()
        if sent:
            self.page.evaluate("(sent) => window.take(sent)", json.dumps(sent))

    def _from_page(self, comm_id: str, data: Any) -> str:
        self._widgets[comm_id]._handle_msg({"content": {"data": data}, "buffers": []})
        return json.dumps(self._drain())

    def _drain(self) -> list[tuple[str, Any]]:
        sent = list(self._outbox)
        del self._outbox[: len(sent)]
        return sent
