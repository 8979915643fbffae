"""What the tests of the notebook face share: a notebook in this process, a kernel, hostile text, HTML."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from jupyter_client.manager import KernelManager

ANSI = re.compile(r"\x1b\[[0-9;]*m")
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b|\bobject at\b")
ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 60  # seconds that a cell of these tests may take at the very most

#: what a web page, a trace or a tool's output may hold, by what it tries
HOSTILE = {
    "script": "<script>window.__hacked = 1</script>",
    "image": '<img src=x onerror="window.__hacked = 2">',
    "closing": "</td></tr></table></pre></samp><svg onload='window.__hacked = 3'>",
    "attribute": "\" onmouseover=\"window.__hacked = 4\" x='' id='main' style='position:fixed'",
    "link": "<a href='javascript:window.__hacked = 5'>here</a><iframe src='//evil.example'></iframe>",
    "entity": "&lt;b&gt; &amp;amp; &#60;script&#62;",
    "maths": "it costs $5 and $10, and $$x^2$$",
    "bidi": "left \u202eright\u202c and \u2066isolated\u2069",
    "zero width": "a\u200bb\u200cc\u200dd\ufeffe",
    "markdown": "**bold** [link](javascript:alert(1)) ![x](//evil.example/x.png)",
    "braces": "{name} {{name}} {0} %s %(name)s",
}
#: elements that a value's own HTML is made of
OUR_ELEMENTS = {"table", "thead", "tbody", "tr", "th", "td", "b", "samp", "span", "p", "pre", "br", "div"}
OUR_STYLES = {
    "text-align: right;",
    "text-align:left",
    "white-space:pre;overflow-x:auto",
    "white-space:pre-wrap",
}
OUR_ATTRIBUTES = {"border", "scope", "class", "colspan"}


@dataclass
class Ran:
    """What came of a cell: its value, what it printed, what it raised, and how that looked."""

    value: Any
    printed: str
    error: BaseException | None

    @property
    def lines(self) -> list[str]:
        """What was printed, line by line, without colours."""
        return ANSI.sub("", self.printed).splitlines()


class Notebook:
    """Cells run in the shell of this process.

    Parameters
    ----------
    shell : InteractiveShell
        With the extension loaded.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell

    def run(self, source: str) -> Ran:
        """Run a cell, whether it fails or not."""
        with capture_output() as said:
            result = self.shell.run_cell(source)
        return Ran(result.result, said.stdout + said.stderr, result.error_in_exec or result.error_before_exec)

    def value(self, source: str) -> Any:
        """Run a cell that is expected to succeed and return its value."""
        ran = self.run(source)
        assert ran.error is None, f"{source!r} raised {ran.error!r}"
        return ran.value

    def error(self, source: str) -> list[str]:
        """Run a cell that is expected to fail for a reason a person can act on; return what is shown."""
        ran = self.run(source)
        assert ran.error is not None, f"{source!r} passed and gave {ran.value!r}"
        assert hasattr(ran.error, "_render_traceback_"), f"{source!r} raised a bare {ran.error!r}"
        return ran.lines

    def __getitem__(self, name: str) -> Any:
        return self.shell.user_ns[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.shell.user_ns[name] = value


@dataclass
class Reply:
    """What a kernel sent for one cell: printed text, data by MIME type, and the error output."""

    printed: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """The value as text."""
        return str(self.data.get("text/plain", ""))


class Kernel:
    """A real kernel, which takes cells as a front end sends them.

    Parameters
    ----------
    folder : Path
        Where it runs.
    """

    def __init__(self, folder: Path) -> None:
        self.manager = KernelManager(kernel_name="python3")
        # cells of these tests import what the tests share
        self.manager.start_kernel(cwd=str(folder), env={**os.environ, "PYTHONPATH": str(ROOT)})
        self._connect()

    def _connect(self) -> None:
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT)
        assert self.run("%load_ext tract_nb").error is None

    def restart(self) -> None:
        """Start afresh, as a user does from the menu."""
        self.client.stop_channels()
        self.manager.restart_kernel(now=True)
        self._connect()

    def run(self, source: str, cell_id: str | None = None, *, numbered: bool = True) -> Reply:
        """Run a cell with the id that a front end gives it; without one as nbclient does."""
        request = self.client.session.msg(
            "execute_request",
            {
                "code": source,
                "silent": False,
                "store_history": numbered,
                "allow_stdin": False,
                "stop_on_error": False,
            },
            metadata={} if cell_id is None else {"cellId": cell_id},
        )
        self.client.shell_channel.send(request)
        reply = Reply()
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            message = self.client.get_iopub_msg(timeout=TIMEOUT)
            if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                reply.printed += content["text"]
            elif kind in ("execute_result", "display_data"):
                reply.data |= content["data"]
            elif kind == "error":
                reply.error = content
            elif kind == "status" and content["execution_state"] == "idle":
                return reply
        raise TimeoutError(source)

    def complete(self, source: str) -> list[str]:
        """Return what Tab offers at the end of a source."""
        asked = self.client.complete(source, len(source))
        while True:
            reply = self.client.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == asked:
                return list(reply["content"]["matches"])

    def stop(self) -> None:
        """End it."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@dataclass
class Page:
    """A piece of HTML as a browser would understand it."""

    elements: list[str]
    attributes: list[tuple[str, str | None]]
    text: str


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page([], [], "")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.elements.append(tag)
        self.page.attributes += attrs

    def handle_comment(self, data: str) -> None:
        self.page.elements.append("!--")

    def handle_data(self, data: str) -> None:
        self.page.text += data


def page(html: str) -> Page:
    """Read HTML."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page
