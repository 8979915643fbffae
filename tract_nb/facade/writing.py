"""Methods that write: units, texts, priorities, traces, usage."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel

from tract_nb import trace
from tract_nb.errors import TraceError
from tract_nb.facade.handle import Handle
from tract_nb.model.commit import Commit, Priority
from tract_nb.model.content import Artifact, Content, Dialogue, Instruction, Reasoning, ToolIO
from tract_nb.model.custom import CustomType
from tract_nb.model.event import Recording, Usage
from tract_nb.model.listing import Imported
from tract_nb.operations.annotate import annotate
from tract_nb.operations.batch import batch as batching
from tract_nb.operations.commit import commit
from tract_nb.operations.edit import edit
from tract_nb.operations.import_trace import import_trace
from tract_nb.operations.record_usage import record_usage
from tract_nb.operations.restore import restore


class Writing(Handle):
    """Committing, editing, annotating, importing."""

    def commit(
        self,
        content: Content | BaseModel | Mapping[str, Any] | str,
        *,
        message: str | None = None,
        generation_config: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        priority: Priority | None = None,
        key: str | None = None,
    ) -> Commit:
        """Append a unit to the context.

        Parameters
        ----------
        content : Content, BaseModel, dict or str
            A typed content, a value of a registered type, a dict with its ``content_type``, or what
            the user says.
        message : str, optional
            Why, as in git.
        generation_config, metadata : mapping, optional
            Any JSON: what the reply was generated with; whatever is worth keeping.
        priority : Priority, optional
            Else that of the content's type at birth.
        key : str, optional
            A name of one's own for this unit: the same key again, in the same history, writes
            nothing where the text is the same, and edits the unit in place where it is not.

        Returns
        -------
        Commit
            With ``hash``, ``tokens``, ``time`` ...

        Raises
        ------
        ContentError
            If the type is unknown or JSON cannot hold the value.
        HeadMovedError
            If another writer moved the branch since this handle last looked.
        BudgetError
            If the budget says ``reject`` and this is beyond it.
        """
        with self._verb():
            row = commit(
                self._ws,
                content,
                message=message,
                generation_config=generation_config,
                metadata=metadata,
                priority=priority,
                key=key,
            )
            return self._presented(row)

    def system(
        self,
        text: str,
        *,
        message: str | None = None,
        generation_config: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        priority: Priority | None = None,
        key: str | None = None,
    ) -> Commit:
        """Append an instruction (role system, pinned); the rest is as in :meth:`commit`."""
        return self.commit(
            Instruction(text=text),
            message=message,
            generation_config=generation_config,
            metadata=metadata,
            priority=priority,
            key=key,
        )

    def user(
        self,
        text: str,
        *,
        name: str | None = None,
        message: str | None = None,
        generation_config: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        priority: Priority | None = None,
        key: str | None = None,
    ) -> Commit:
        """Append what a user says, of a name where several speak; the rest is as in :meth:`commit`."""
        return self.commit(
            Dialogue(role="user", text=text, name=name),
            message=message,
            generation_config=generation_config,
            metadata=metadata,
            priority=priority,
            key=key,
        )

    def assistant(
        self,
        text: str,
        *,
        message: str | None = None,
        generation_config: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        priority: Priority | None = None,
        key: str | None = None,
    ) -> Commit:
        """Append what the assistant says; the rest is as in :meth:`commit`."""
        return self.commit(
            Dialogue(role="assistant", text=text),
            message=message,
            generation_config=generation_config,
            metadata=metadata,
            priority=priority,
            key=key,
        )

    def reasoning(
        self,
        text: str,
        *,
        message: str | None = None,
        generation_config: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        priority: Priority | None = None,
        key: str | None = None,
    ) -> Commit:
        """Append a model's thoughts (compiled only with ``include_reasoning``)."""
        return self.commit(
            Reasoning(text=text),
            message=message,
            generation_config=generation_config,
            metadata=metadata,
            priority=priority,
            key=key,
        )

    def artifact(
        self,
        content: str,
        *,
        kind: str = "text",
        language: str | None = None,
        message: str | None = None,
        generation_config: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        priority: Priority | None = None,
        key: str | None = None,
    ) -> Commit:
        """Append something made: a file, a snippet; the rest is as in :meth:`commit`."""
        return self.commit(
            Artifact(kind=kind, content=content, language=language),
            message=message,
            generation_config=generation_config,
            metadata=metadata,
            priority=priority,
            key=key,
        )

    def tool_call(
        self,
        name: str,
        arguments: dict[str, Any] | str | None = None,
        call_id: str | None = None,
        *,
        message: str | None = None,
        generation_config: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        priority: Priority | None = None,
        key: str | None = None,
    ) -> Commit:
        """Append a tool's call; ``.content.call_id`` is what its result names."""
        return self.commit(
            ToolIO(name=name, direction="call", call_id=call_id or "", arguments=arguments),
            message=message,
            generation_config=generation_config,
            metadata=metadata,
            priority=priority,
            key=key,
        )

    def tool_result(
        self,
        call_id: str,
        output: Any,
        status: str = "success",
        *,
        message: str | None = None,
        generation_config: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        priority: Priority | None = None,
        key: str | None = None,
    ) -> Commit:
        """Append the result of a call; ``status="error"`` says that it failed."""
        return self.commit(
            ToolIO(direction="result", call_id=call_id, output=output, status=status),
            message=message,
            generation_config=generation_config,
            metadata=metadata,
            priority=priority,
            key=key,
        )

    def edit(
        self, target: Any, content: Content | Mapping[str, Any] | str, *, message: str | None = None
    ) -> Commit:
        """Replace the text of one unit where it stands; its type, role and call id stay."""
        with self._verb():
            return self._presented(edit(self._ws, target, content, message=message))

    def annotate(
        self, target: Any, priority: Priority | int | str, reason: str | None = None
    ) -> Commit | None:
        """Set the priority of units from here on, in one operation.

        Parameters
        ----------
        target : str, Commit, list, pandas.Series or pandas.DataFrame
            What to set it for; of a frame, the ``commit`` column.
        priority : Priority, int or str
            SKIP, NORMAL, IMPORTANT or PINNED.
        reason : str, optional
            Why, for the operation log.

        Returns
        -------
        Commit or None
            The MARK; None where all have this priority already.
        """
        with self._verb():
            row = annotate(self._ws, target, priority, reason)
            return self._presented(row) if row else None

    def restore(self, target: Any, reason: str | None = None) -> Commit | None:
        """Take summaries and masks back, so that what they stand for is sent again, in one operation.

        A priority set later (:meth:`annotate`) lets them stand again.

        Parameters
        ----------
        target : str, Commit, list, pandas.Series or pandas.DataFrame
            The summaries, or masked units; of a frame, the ``commit`` column.
        reason : str, optional
            Why, for the operation log.

        Returns
        -------
        Commit or None
            The MARK, or the last EDIT; None where all are restored already.

        Raises
        ------
        RefError
            If one of them is no summary.
        BudgetError
            If the budget says ``reject`` and what comes back is beyond it.
        """
        with self._verb():
            row = restore(self._ws, target, reason)
            return self._presented(row) if row else None

    def import_trace(self, path: str | Path | Recording, *, redact: bool = True) -> Imported:
        """Turn an agent's trace into history; what is here already is passed over.

        Parameters
        ----------
        path : str, pathlib.Path or Trace
            A file or folder that :func:`tract_nb.trace.read` reads, or what it returned.
        redact : bool
            Replace likely secrets by typed placeholders; the result lists their kinds and places.
        """
        if isinstance(path, str | os.PathLike):
            recording: Recording = trace.read(path)
        elif hasattr(path, "events"):
            recording = path
        else:
            raise TraceError(f"{path!r} is no trace.", "Give a path, or what trace.read returned.")
        where = getattr(recording, "path", "")
        with self._verb():
            return import_trace(
                self._ws, recording, redact=trace.redact_value if redact else None, path=str(where)
            )

    def register(
        self,
        name: str,
        model: type[BaseModel],
        *,
        text: Callable[[Any], str],
        role: str | Callable[[Any], str] = "assistant",
        birth: Priority = Priority.NORMAL,
    ) -> None:
        """Register a content type of one's own with this handle.

        Parameters
        ----------
        name : str
            The ``content_type`` it is stored under.
        model : type of pydantic.BaseModel
            Its fields. Instances, and dicts with this content_type, can then be committed.
        text : callable
            What a value says when it is compiled; stored with it, so that any other process
            compiles it too.
        role : str or callable
            The role it compiles to.
        birth : Priority
            The priority of its units at birth.
        """
        self._ws.types[name] = CustomType(name, model, role, text, birth)

    @contextmanager
    def batch(self) -> Iterator[Self]:
        """Make all that is written inside one operation, or nothing at all.

        The database is locked for other writers from the start of the block to its end: call no model
        and wait for nobody inside. An error in one verb takes back that verb; one that leaves the
        block, an interrupt too, takes back all of it.
        """
        with self._verb(), batching(self._ws):
            yield self

    def record_usage(
        self, usage: Any, commit: Any = None, *, model: str | None = None, cost: float | None = None
    ) -> Usage:
        """Keep what a provider reported for a reply.

        Parameters
        ----------
        usage : Any
            The reply's ``usage`` as OpenAI, Anthropic or litellm give it, or the whole reply.
        commit : str or Commit, optional
            The reply; the newest one at HEAD without it.
        model : str, optional
            Who wrote it.
        cost : float, optional
            What it cost, in US dollars.

        Raises
        ------
        ContentError
            If it is no usage, or contradicts itself.
        """
        with self._verb():
            _, read = record_usage(self._ws, usage, commit, model=model, cost=cost)
            return read
