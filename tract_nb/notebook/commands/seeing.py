"""Commands that show: widgets in a notebook, the same as text in a terminal."""

from __future__ import annotations

from typing import Any

from tract_nb.notebook.desk import Desk
from tract_nb.notebook.words import Text
from tract_nb.view.strip_text import as_text


def context(desk: Desk) -> Any:
    """Show what the model sees: the context as a strip, what takes the room, what an action would change."""
    tract = desk.tract
    if not desk.in_notebook:
        return Text(as_text(tract.strip(), tract.takers()))
    from tract_nb.widgets.context import ContextWidget  # noqa: PLC0415  loads anywidget

    return ContextWidget(tract)
