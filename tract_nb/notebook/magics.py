"""The magics: ``%tract`` and ``%%tract``."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from tract_nb.errors import CommandError
from tract_nb.notebook import completion, dispatch
from tract_nb.notebook.commands import TAKES_BODY
from tract_nb.notebook.desk import Desk
from tract_nb.tract import Tract

_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_STATE = "_tract_nb"  # where the shell keeps what unload takes away


@magics_class
class TractMagics(Magics):
    """``%tract COMMAND`` and ``%%tract user`` over one desk."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._variables: dict[str, Any] = shell.user_ns
        self.desk = Desk(in_notebook=True, namespace=shell.user_ns)
        self._ran: Counter[str] = Counter()  # how often each cell's source ran in this kernel

    @no_var_expand
    @line_cell_magic
    def tract(self, line: str, cell: str | None = None) -> Any:
        """Version-control the context of a model: ``%tract help`` lists the commands."""
        words = dispatch.split(line)
        words, out = _option(words, "--out")
        again, expand = _flag(words, "--again"), _flag(words, "--expand")
        words = [word for word in words if word not in ("--again", "--expand")]
        if cell is None and (again or expand):
            raise CommandError(
                "--again and --expand belong to a cell: %%tract user.",
                "A line is committed each time it runs.",
            )
        if cell is not None and (not words or words[0] not in TAKES_BODY) and "--help" not in words:
            name = words[0] if words else ""
            raise CommandError(
                f"%%tract {name} takes no text below it.",
                f"Cells with text: {', '.join(sorted(TAKES_BODY))}.",
            )
        if cell is not None:
            cell = cell.removesuffix("\n")
            self.desk.body = self._filled(cell) if expand else cell
            self.desk.key = None if again else self._key(words, cell)
        try:
            value = dispatch.run(self.desk, words)
        finally:
            self.desk.body = self.desk.key = None
        if out is not None:
            self._variables[out] = value
        return value

    def _key(self, words: list[str], cell: str) -> str:
        """Return what this cell's unit is known by.

        The front end's cell id; where it sends none, the hash of the source and how often that
        source ran in this kernel, so that a run from the top finds its own commits again.
        """
        kernel = getattr(self.shell, "kernel", None)
        if kernel is not None:
            parent = kernel.get_parent() or {}
            cell_id = parent.get("metadata", {}).get("cellId")
            if cell_id:
                return f"cell:{cell_id}:{words[0]}"
        source = hashlib.sha256("\n".join([*words, cell]).encode(errors="replace")).hexdigest()[:16]
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


def _option(words: list[str], flag: str) -> tuple[list[str], str | None]:
    """Return the words without ``flag NAME``, and the name; ``export`` has an --out of its own."""
    if flag not in words or words[:1] == ["export"]:
        return words, None
    place = words.index(flag)
    name = words[place + 1] if place + 1 < len(words) else ""
    if not name.isidentifier():
        raise CommandError(f"{flag} needs the name of a variable, not {name!r}.", f"Write {flag} answer.")
    return words[:place] + words[place + 2 :], name


def _flag(words: list[str], flag: str) -> bool:
    return flag in words


def load(shell: InteractiveShell) -> None:
    """Register the magics and what goes with them; a second time changes nothing."""
    if getattr(shell, _STATE, None) is not None:
        return
    import pandas as pd  # heavy: only where a notebook is open

    magics = TractMagics(shell)
    shell.register_magics(magics)
    configurables: list[Any] = shell.configurables  # what %config lists
    configurables.append(magics)
    completer = completion.matcher(magics.desk)
    shell.Completer.custom_matchers.append(completer)
    # "$5 and $10" in a table is money, not mathematics
    mathjax = pd.options.display.html.use_mathjax
    pd.options.display.html.use_mathjax = False
    Tract.listener = print
    setattr(shell, _STATE, (magics, completer, mathjax))


def unload(shell: InteractiveShell) -> None:
    """Take the magics away, and set back what they set."""
    state = getattr(shell, _STATE, None)
    if state is None:
        return
    import pandas as pd

    magics, completer, mathjax = state
    pd.options.display.html.use_mathjax = mathjax
    shell.Completer.custom_matchers.remove(completer)
    shell.configurables.remove(magics)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("tract", None)
    Tract.listener = None
    setattr(shell, _STATE, None)
