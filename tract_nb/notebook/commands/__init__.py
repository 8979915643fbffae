"""The command table: each command once, as a typed function.

``%tract``, the ``tract`` command of a terminal and the list in the README are readings of it. The
first parameter is what a command works on: a :class:`~tract_nb.tract.Tract`, or the
:class:`~tract_nb.notebook.desk.Desk` that it lies on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tract_nb.notebook.commands import (
    compressing,
    history,
    joining,
    keeping,
    reading,
    seeing,
    talking,
    traces,
    tracts,
    writing,
)

#: every command by the name it is called with, in the groups and the order of the help
GROUPS: dict[str, dict[str, Callable[..., Any]]] = {
    "Tracts": {
        "open": tracts.open_tract,
        "use": tracts.use,
        "demo": tracts.demo,
        "tracts": tracts.tracts,
        "verify": tracts.verify,
        "rescue": tracts.rescue,
    },
    "Traces": {
        "traces": traces.traces,
        "trace": traces.read_trace,
        "scan": traces.scan,
        "train-data": traces.train_data,
        "import": traces.import_trace,
    },
    "Write": {
        "user": writing.user,
        "system": writing.system,
        "assistant": writing.assistant,
        "edit": writing.edit,
        "usage": writing.usage,
    },
    "Model": {"chat": talking.chat, "generate": talking.generate, "llm": talking.llm},
    "Priorities": {
        "pin": writing.pin,
        "skip": writing.skip,
        "unpin": writing.unpin,
        "restore": writing.restore,
    },
    "Read": {
        "log": reading.log,
        "show": reading.show,
        "expand": reading.expand,
        "diff": reading.diff,
        "find": reading.find,
        "status": reading.status,
        "budget": reading.budget,
        "dag": seeing.dag,
        "context": seeing.context,
        "compile": reading.compile_context,
        "export": reading.export,
    },
    "History": {
        "branch": history.branch,
        "branches": history.branches,
        "switch": history.switch,
        "checkout": history.checkout,
        "reset": history.reset,
        "tag": history.tag,
        "tags": history.tags,
        "undo": history.undo,
        "redo": history.redo,
        "operations": history.operations,
    },
    "Join": {
        "merge": joining.merge,
        "rebase": joining.rebase,
        "pick": joining.pick,
        "reorder": joining.reorder,
        "pending": joining.pending,
        "review": joining.review,
        "choose": joining.choose,
        "settle": joining.settle,
        "ask": joining.ask,
        "approve": joining.approve,
        "reject": joining.reject,
    },
    "Compress": {"compress": compressing.compress, "provenance": compressing.provenance},
    "Keep": {"gc": keeping.gc, "forget": keeping.forget, "optimize": keeping.optimize},
}
COMMANDS = {name: function for group in GROUPS.values() for name, function in group.items()}
#: commands that take the text of a ``%%tract`` cell
TAKES_BODY = frozenset({"user", "system", "assistant", "edit", "chat", "compress", "settle", "ask"})
