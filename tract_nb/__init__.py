"""Git for LLM context, native to Jupyter.

``%load_ext tract_nb`` in a notebook, ``from tract_nb import Tract`` in a program.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from tract_nb.engine.context import CompiledContext as CompiledContext
    from tract_nb.errors import (
        BudgetError as BudgetError,
        CommandError as CommandError,
        ContentError as ContentError,
        HeadMovedError as HeadMovedError,
        RefError as RefError,
        StoreError as StoreError,
        TraceError as TraceError,
        TractError as TractError,
        TractWarning as TractWarning,
    )
    from tract_nb.model.budget import TokenBudget as TokenBudget
    from tract_nb.model.commit import Commit as Commit, Kind as Kind, Priority as Priority
    from tract_nb.model.content import (
        Artifact as Artifact,
        Dialogue as Dialogue,
        Freeform as Freeform,
        Instruction as Instruction,
        Output as Output,
        Reasoning as Reasoning,
        SessionNote as SessionNote,
        ToolIO as ToolIO,
    )
    from tract_nb.session import Session as Session
    from tract_nb.tract import Tract as Tract

__version__ = "0.1.0"

_ERRORS = (
    "BudgetError",
    "CommandError",
    "ContentError",
    "HeadMovedError",
    "RefError",
    "StoreError",
    "TraceError",
    "TractError",
    "TractWarning",
)
_CONTENTS = ("Artifact", "Dialogue", "Freeform", "Instruction", "Output", "Reasoning", "SessionNote", "ToolIO")

#: where each public name lives; it is imported when it is first asked for, so that importing the
#: package costs next to nothing
_HOMES = {
    "Tract": "tract_nb.tract",
    "Session": "tract_nb.session",
    "CompiledContext": "tract_nb.engine.context",
    "TokenBudget": "tract_nb.model.budget",
    "Commit": "tract_nb.model.commit",
    "Kind": "tract_nb.model.commit",
    "Priority": "tract_nb.model.commit",
    **dict.fromkeys(_ERRORS, "tract_nb.errors"),
    **dict.fromkeys(_CONTENTS, "tract_nb.model.content"),
}
_PRIORITIES = ("SKIP", "NORMAL", "IMPORTANT", "PINNED")

__all__ = [*_HOMES, *_PRIORITIES, "trace"]  # noqa: PLE0604  all are texts


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _PRIORITIES:
        return import_module("tract_nb.model.commit").Priority[name]
    if name == "trace":
        return import_module("tract_nb.trace")
    raise AttributeError(f"module 'tract_nb' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register ``%tract`` and ``%%tract``; what ``%load_ext tract_nb`` calls."""
    import_module("tract_nb.notebook.magics").load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the magics away again."""
    import_module("tract_nb.notebook.magics").unload(shell)
