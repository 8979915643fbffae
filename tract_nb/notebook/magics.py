"""The magics: ``%tract`` and ``%%tract``."""

from __future__ import annotations

import hashlib
import keyword
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.display import display
from traitlets import Bool

from tract_nb.errors import CommandError
from tract_nb.notebook import completion, dispatch
from tract_nb.notebook.commands import COMMANDS, TAKES_BODY
from tract_nb.notebook.desk import Desk
from tract_nb.notebook.words import Word, split
from tract_nb.tract import Tract

_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_STATE = "_tract_nb"  # where the shell keeps what unload takes away


@magics_class
class TractMagics(Magics):
    """``%tract COMMAND`` and ``%%tract user`` over one desk."""

    quiet = Bool(False, help="Say nothing about what a command did; errors are shown all the same.").tag(
        config=True
    )

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._variables: dict[str, Any] = shell.user_ns
        self.desk = Desk(in_notebook=True, namespace=shell.user_ns, say=self.say)
        if getattr(shell, "kernel", None) is not None:  # a page, which can show a reply as it comes
            self.desk.stream = streamed
        self._ran: Counter[str] = Counter()  # how often each source ran in this kernel
        self._in_run = ""  # one run of a cell,
        self._calls = 0  # and how often the magic was called in it

    def say(self, text: str) -> None:
        """Print what a verb noticed."""
        if not self.quiet:
            print(text)  # noqa: T201  what a person reads below the cell

    @no_var_expand
    @line_cell_magic
    def tract(self, line: str, cell: str | None = None) -> Any:
        """Version-control the context of a model: ``%tract help`` lists the commands."""
        words, flags, out = _around(split(line))
        if cell is not None:
            self._take_body(words, flags, cell.removesuffix("\n"))
        elif flags:
            raise CommandError(
                f"{' and '.join(sorted(flags))} belongs to a cell: %%tract user.",
                "What a line says is committed each time it runs.",
            )
        try:
            value = dispatch.run(self.desk, words)
        finally:
            self.desk.body = self.desk.key = None
        if out is not None:
            self._variables[out] = value
        return value

    def _take_body(self, words: list[Word], flags: set[str], body: str) -> None:
        """Lay a cell's text on the desk for the command that takes it."""
        command, *_ = [*dispatch.tract_option(list(words))[0], ""]
        known = command in COMMANDS or not command  # another one is for dispatch to tell
        if known and command not in TAKES_BODY and not {"--help", "-h"}.intersection(words):
            raise CommandError(
                f"%%tract {command} takes no text below it.",
                f"Cells with text: {', '.join(sorted(TAKES_BODY))}.",
            )
        self.desk.body = self._filled(body) if "--expand" in flags else body
        self.desk.key = None if "--again" in flags else self._key(command, body)

    def _key(self, command: str, body: str) -> str:
        """Return what this cell's unit is known by.

        The front end's cell id, and which call of the magic in the cell it is; where it sends none,
        the hash of the source and how often that source ran in this kernel, so that a run from the
        top finds its own commits again.
        """
        kernel = getattr(self.shell, "kernel", None)
        request = (kernel.get_parent() or {}) if kernel else {}
        cell_id = request.get("metadata", {}).get("cellId")
        if cell_id:
            this_run = request.get("header", {}).get("msg_id", "")
            self._calls = self._calls + 1 if this_run == self._in_run else 1
            self._in_run = this_run
            return f"cell:{cell_id}:{command}:{self._calls}"
        source = hashlib.sha256(f"{command}\n{body}".encode(errors="replace")).hexdigest()[:16]
        self._ran[source] += 1
        return f"source:{source}:{self._ran[source]}"

    def _filled(self, cell: str) -> str:
        """Return the text with ``{{name}}`` replaced by the user's variables."""
        missing = sorted({name for name in _PLACE.findall(cell) if name not in self._variables})
        if missing:
            raise CommandError(
                f"There is no variable {', '.join(missing)}.", "Run the cell that makes it first."
            )
        return _PLACE.sub(lambda found: str(self._variables[found[1]]), cell)


@contextmanager
def streamed() -> Iterator[Callable[[str], None]]:
    """Show a text in the cell as it grows; what it leaves is empty, since the reply is the cell's result."""
    from tract_nb.widgets.stream import StreamView  # noqa: PLC0415  heavy: it loads ipywidgets

    view = StreamView()
    display(view)
    try:
        yield view.add
    finally:
        view.close()


def _around(words: list[Word]) -> tuple[list[Word], set[str], str | None]:
    """Return a line without what the magic itself takes, its flags, and the variable of ``--out``."""
    command, *_ = [*dispatch.tract_option(list(words))[0], ""]
    flags = {str(word) for word in words if word in ("--again", "--expand") and not word.is_text}
    words = [word for word in words if word.is_text or word not in flags]
    place = next((place for place, word in enumerate(words) if word == "--out" and not word.is_text), None)
    if place is None or command == "export":  # which has an --out of its own, a file
        return words, flags, None
    name = str(words[place + 1]) if place + 1 < len(words) else ""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise CommandError(f"--out needs the name of a variable, not {name!r}.", "Write --out answer.")
    return words[:place] + words[place + 2 :], flags, name


def load(shell: InteractiveShell) -> None:
    """Register the magics and what goes with them; a second time changes nothing."""
    if getattr(shell, _STATE, None) is not None:
        return
    import pandas as pd  # heavy: only where a notebook is open

    magics = TractMagics(shell)
    shell.register_magics(magics)
    completer = completion.matcher(magics.desk)
    shell.Completer.custom_matchers.append(completer)
    # "$5 and $10" in a table is money, not mathematics
    mathjax = pd.options.display.html.use_mathjax
    pd.options.display.html.use_mathjax = False
    before = Tract.listener
    Tract.listener = magics.say
    setattr(shell, _STATE, (magics, completer, mathjax, before))


def unload(shell: InteractiveShell) -> None:
    """Take the magics away, and set back what they set."""
    state = getattr(shell, _STATE, None)
    if state is None:
        return
    import pandas as pd

    magics, completer, mathjax, before = state
    pd.options.display.html.use_mathjax = mathjax
    shell.Completer.custom_matchers.remove(completer)
    shell.configurables.remove(magics)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("tract", None)
    shell.magics_manager.registry.pop(type(magics).__name__, None)
    Tract.listener = before
    setattr(shell, _STATE, None)
