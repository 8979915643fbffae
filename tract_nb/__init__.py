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
    )
    from tract_nb.errors import (
        CallCancelledError as CallCancelledError,
    )
    from tract_nb.errors import (
        CommandError as CommandError,
    )
    from tract_nb.errors import (
        ContentError as ContentError,
    )
    from tract_nb.errors import (
        HeadMovedError as HeadMovedError,
    )
    from tract_nb.errors import (
        ModelError as ModelError,
    )
    from tract_nb.errors import (
        PromptError as PromptError,
    )
    from tract_nb.errors import (
        RefError as RefError,
    )
    from tract_nb.errors import (
        ReplayError as ReplayError,
    )
    from tract_nb.errors import (
        ReviewError as ReviewError,
    )
    from tract_nb.errors import (
        StoreError as StoreError,
    )
    from tract_nb.errors import (
        TraceError as TraceError,
    )
    from tract_nb.errors import (
        TractError as TractError,
    )
    from tract_nb.errors import (
        TractWarning as TractWarning,
    )
    from tract_nb.errors import (
        TrainingDataLoadError as TrainingDataLoadError,
    )
    from tract_nb.llm.replay import Replay as Replay
    from tract_nb.model.budget import TokenBudget as TokenBudget
    from tract_nb.model.commit import Commit as Commit
    from tract_nb.model.commit import Kind as Kind
    from tract_nb.model.commit import Priority as Priority
    from tract_nb.model.compression import Compression as Compression
    from tract_nb.model.conflict import Conflict as Conflict
    from tract_nb.model.conflict import Decision as Decision
    from tract_nb.model.content import (
        Artifact as Artifact,
    )
    from tract_nb.model.content import (
        Dialogue as Dialogue,
    )
    from tract_nb.model.content import (
        Freeform as Freeform,
    )
    from tract_nb.model.content import (
        Instruction as Instruction,
    )
    from tract_nb.model.content import (
        Output as Output,
    )
    from tract_nb.model.content import (
        Reasoning as Reasoning,
    )
    from tract_nb.model.content import (
        SessionNote as SessionNote,
    )
    from tract_nb.model.content import (
        ToolIO as ToolIO,
    )
    from tract_nb.model.reply import Answer as Answer
    from tract_nb.model.reply import Cancel as Cancel
    from tract_nb.model.reply import Reply as Reply
    from tract_nb.model.review import Review as Review
    from tract_nb.session import Session as Session
    from tract_nb.tract import Tract as Tract

__version__ = "0.1.0"

_ERRORS = (
    "BudgetError",
    "CallCancelledError",
    "CommandError",
    "ContentError",
    "HeadMovedError",
    "ModelError",
    "PromptError",
    "RefError",
    "ReplayError",
    "ReviewError",
    "StoreError",
    "TraceError",
    "TractError",
    "TractWarning",
    "TrainingDataLoadError",
)
_CONTENTS = (
    "Artifact",
    "Dialogue",
    "Freeform",
    "Instruction",
    "Output",
    "Reasoning",
    "SessionNote",
    "ToolIO",
)

#: where each public name lives; it is imported when it is first asked for, so that importing the
#: package costs next to nothing
_HOMES = {
    "Tract": "tract_nb.tract",
    "Session": "tract_nb.session",
    "CompiledContext": "tract_nb.engine.context",
    **dict.fromkeys(("Answer", "Cancel", "Reply"), "tract_nb.model.reply"),
    "Replay": "tract_nb.llm.replay",
    "TokenBudget": "tract_nb.model.budget",
    "Commit": "tract_nb.model.commit",
    "Kind": "tract_nb.model.commit",
    "Priority": "tract_nb.model.commit",
    "Conflict": "tract_nb.model.conflict",
    "Decision": "tract_nb.model.conflict",
    "Compression": "tract_nb.model.compression",
    "Review": "tract_nb.model.review",
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
