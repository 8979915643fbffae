"""Errors for the person: what is wrong, with which value, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class TractError(Exception):
    """Something the caller can understand and act on.

    Parameters
    ----------
    message : str
        What is wrong, with the value in question.
    hint : str, optional
        What to do about it, one sentence.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.reply: Any = None  # what a model answered, where it could not be kept

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def _render_traceback_(self) -> list[str]:
        """Two short lines in a notebook, and still a failure for every runner (IPython calls this)."""
        red, plain = "\x1b[31m", "\x1b[0m"
        lines = [f"{red}{type(self).__name__}{plain}: {self.message}"]
        return [*lines, self.hint] if self.hint else lines


class RefError(TractError):
    """A name that means no commit, or more than one."""


class ContentError(TractError):
    """A content that no tract can hold: unknown type, unknown field, a value JSON has no word for."""


class StoreError(TractError):
    """The database cannot be opened, read or written."""


class HeadMovedError(TractError):
    """Another writer moved the branch since this handle last looked; nothing was written."""


class BudgetError(TractError):
    """The token budget forbids what was asked; nothing was written."""


class ReviewError(TractError):
    """Something that cannot be merged, moved or decided as asked; the history is as before."""


class CommandError(TractError):
    """A command line that names no command, or one whose arguments do not fit."""


class ModelError(TractError):
    """A model gave no reply that can be used; nothing was written.

    Parameters
    ----------
    message, hint : str
        As in :class:`TractError`.
    model, provider : str, optional
        Who was called.
    status : int, optional
        The provider's HTTP status.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        model: str | None = None,
        provider: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.model = model
        self.provider = provider
        self.status = status


class CallCancelledError(ModelError):
    """Somebody cancelled the call from another thread; nothing was written."""


class ReplayError(ModelError):
    """A replay has no answer for a request."""


class PromptError(TractError):
    """A prompt file that cannot be read, or inputs that do not fit it."""


class TraceError(TractError):
    """A trace that cannot be read.

    Parameters
    ----------
    message, hint : str
        As in :class:`TractError`.
    path : pathlib.Path, optional
        The file.
    line : int, optional
        The line in it, counted from 1.
    """

    def __init__(
        self, message: str, hint: str = "", *, path: Path | None = None, line: int | None = None
    ) -> None:
        where = "" if path is None else str(path) if line is None else f"{path}, line {line}"
        super().__init__(f"{where}: {message}" if where else message, hint)
        self.path = path
        self.line = line


class UnknownFormatError(TraceError):
    """A file that is no trace of a known format."""


class TrainingDataLoadError(TraceError):
    """A training sample that cannot be loaded; what is wrong with its summary is the cause.

    ``batch`` are the samples that were loaded, where others of their folder were not.
    """

    batch: Any = None


class TractWarning(UserWarning):
    """Something a verb noticed and went on."""
