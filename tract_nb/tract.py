"""Tract: one version-controlled context; the facade, one short method a verb."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel

from tract_nb import trace
from tract_nb.engine.context import CompiledContext
from tract_nb.engine.tokens import TokenCounter
from tract_nb.errors import TractWarning
from tract_nb.llm.prices import price
from tract_nb.model.budget import TokenBudget
from tract_nb.model.commit import Commit, Kind, Priority, Row
from tract_nb.model.content import Artifact, Content, Dialogue, Instruction, Reasoning, ToolIO
from tract_nb.model.custom import CustomType
from tract_nb.model.difference import Diff
from tract_nb.model.event import Recording, Usage
from tract_nb.model.listing import Branches, BudgetTable, Imported, Log, Operations, Status, Tracts
from tract_nb.model.message import Compiler
from tract_nb.operations import branches, budget, compiling, history, moving, present, status
from tract_nb.operations import undo as undoing
from tract_nb.operations.annotate import annotate
from tract_nb.operations.batch import batch as batching
from tract_nb.operations.commit import commit
from tract_nb.operations.diff import diff
from tract_nb.operations.edit import edit
from tract_nb.operations.find import find
from tract_nb.operations.graph import Graph, graph
from tract_nb.operations.import_trace import import_trace
from tract_nb.operations.opening import DEFAULT, open_workspace
from tract_nb.operations.record_usage import record_usage
from tract_nb.operations.workspace import Clock, Workspace
from tract_nb.store.database import Database
from tract_nb.store.refs import TAGS

CALLER = 6  # frames from a warning up to the line that called the verb


class Tract:
    """A version-controlled context: branches over commits, and an operation log.

    Open one with :meth:`open`. Every method that changes something is one verb: it happens whole or
    not at all, is one entry of :meth:`operations`, and can be taken back with :meth:`undo`.
    """

    #: the first tract that was opened, for magics that name none
    first: ClassVar[Tract | None] = None

    #: who is told what a verb notices (the magics print it); without one, only warnings are given
    listener: ClassVar[Callable[[str], None] | None] = None

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws

    @classmethod
    def open(
        cls,
        url: str | Path | None = None,
        *,
        name: str = DEFAULT,
        branch: str | None = None,
        model: str | None = None,
        token_budget: TokenBudget | int | None = None,
        durability: str = "normal",
        read_only: bool = False,
        verify_cache: bool = False,
        clock: Clock | None = None,
        token_counter: TokenCounter | None = None,
        compiler: Compiler | None = None,
        actor: str = "user",
    ) -> Self:
        """Open a tract; the same path opens the same context.

        Parameters
        ----------
        url : str or pathlib.Path, optional
            A path, an SQLAlchemy URL of SQLite, or nothing: in memory (:meth:`save_as` keeps it).
        name : str
            One database can hold many tracts; each has a name.
        branch : str, optional
            Where to stand; else where the tract was left.
        model : str, optional
            Whose tokens are counted and whose prices are meant; kept with the tract.
        token_budget : TokenBudget or int, optional
            The most tokens a context may have; kept with the tract. A number warns beyond it.
        durability : {"normal", "full"}
            ``normal`` survives a crash of the program, ``full`` a power cut too.
        read_only : bool
            Write nothing.
        verify_cache : bool
            Hold each cached history against one resolved anew; slow, for tests.
        clock : callable, optional
            Returns the present time; the system's without one.
        token_counter : TokenCounter, optional
            Counts tokens instead of tiktoken.
        compiler : callable, optional
            Takes the messages that would be sent, returns those to send instead.
        actor : str
            Who acts, for the operation log; ``undo`` takes back one's own.

        Raises
        ------
        StoreError
            If the file is no tract database, was written by a newer tract_nb, or cannot be opened.
        """
        limit = TokenBudget(token_budget) if isinstance(token_budget, int) else token_budget
        db = Database(url, durability=durability, read_only=read_only)
        return cls.on(
            db,
            name=name,
            branch=branch,
            model=model,
            token_budget=limit,
            verify_cache=verify_cache,
            clock=clock,
            token_counter=token_counter,
            compiler=compiler,
            actor=actor,
        )

    @classmethod
    def on(cls, db: Database, **options: Any) -> Self:
        """Return a handle on a tract of a database that is open; takes the options of :meth:`open`."""
        tract = cls(open_workspace(db, prices=price, **options))
        tract._tell()
        Tract.first = Tract.first or tract
        return tract

    @classmethod
    def from_trace(cls, path: str | Path, url: str | Path | None = None, **options: Any) -> Self:
        """Open a tract and import a trace into it; takes the options of :meth:`open`."""
        tract = cls.open(url, **options)
        tract.import_trace(path)
        return tract

    @property
    def database(self) -> Database:
        """The open database, for a :class:`~tract_nb.session.Session` on it."""
        return self._ws.db

    # -- what it is -------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The tract's name in its database."""
        return self._ws.name

    @property
    def path(self) -> Path | None:
        """The database's file; None in memory."""
        return self._ws.db.path

    @property
    def branch_name(self) -> str | None:
        """The branch that HEAD is on; None where it stands on a commit."""
        return self._ws.branch

    @property
    def token_budget(self) -> TokenBudget | None:
        """The most tokens a context may have."""
        return self._ws.budget

    def refresh(self) -> Status:
        """Look at the branch as it is now, so that the next write goes on top of it."""
        return self.status()

    def save_as(self, path: str | Path) -> Path:
        """Copy the whole database to a new file, and return its path."""
        with self._writing():
            return self._ws.db.copy_to(Path(path))

    def close(self) -> None:
        """Close the database; a tract in memory is gone."""
        if Tract.first is self:
            Tract.first = None
        self._ws.db.close()

    # -- writing ----------------------------------------------------------------------------------

    def commit(
        self,
        content: Content | Mapping[str, Any] | str,
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
        content : Content, dict or str
            A typed content, a dict with its ``content_type``, or what the user says.
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
        with self._writing():
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

    def system(self, text: str, **options: Any) -> Commit:
        """Append an instruction (role system, pinned); takes the options of :meth:`commit`."""
        return self.commit(Instruction(text=text), **options)

    def user(self, text: str, *, name: str | None = None, **options: Any) -> Commit:
        """Append what a user says; takes the options of :meth:`commit`."""
        return self.commit(Dialogue(role="user", text=text, name=name), **options)

    def assistant(self, text: str, **options: Any) -> Commit:
        """Append what the assistant says; takes the options of :meth:`commit`."""
        return self.commit(Dialogue(role="assistant", text=text), **options)

    def reasoning(self, text: str, **options: Any) -> Commit:
        """Append a model's thoughts (compiled only with ``include_reasoning``)."""
        return self.commit(Reasoning(text=text), **options)

    def artifact(
        self, content: str, *, kind: str = "text", language: str | None = None, **options: Any
    ) -> Commit:
        """Append something made: a file, a snippet; takes the options of :meth:`commit`."""
        return self.commit(Artifact(kind=kind, content=content, language=language), **options)

    def tool_call(
        self,
        name: str,
        arguments: dict[str, Any] | str | None = None,
        call_id: str | None = None,
        **options: Any,
    ) -> Commit:
        """Append a tool's call; ``.content.call_id`` is what its result names."""
        content = ToolIO(name=name, direction="call", call_id=call_id or "", arguments=arguments)
        return self.commit(content, **options)

    def tool_result(self, call_id: str, output: Any, status: str = "success", **options: Any) -> Commit:
        """Append the result of a call; ``status="error"`` says that it failed."""
        return self.commit(
            ToolIO(direction="result", call_id=call_id, output=output, status=status), **options
        )

    def edit(
        self, target: Any, content: Content | Mapping[str, Any] | str, *, message: str | None = None
    ) -> Commit:
        """Replace the text of one unit where it stands; its type, role and call id stay."""
        with self._writing():
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
        with self._writing():
            row = annotate(self._ws, target, priority, reason)
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
        recording = trace.read(path) if isinstance(path, str | Path) else path
        where = str(path) if isinstance(path, str | Path) else ""
        with self._telling():
            return import_trace(
                self._ws, recording, redact=trace.redact_value if redact else None, path=where
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
        with self._writing(), batching(self._ws):
            yield self

    # -- branches ---------------------------------------------------------------------------------

    def branch(self, name: str, at: str | Commit | None = None) -> Commit | None:
        """Create a branch at a commit, at HEAD without one; HEAD stays where it is."""
        with self._writing():
            row = branches.branch(self._ws, name, at)
            return self._presented(row) if row else None

    def switch(self, name: str) -> Status:
        """Stand on a branch; ``-`` is the one before."""
        with self._writing():
            branches.switch(self._ws, name)
            return status.status(self._ws)

    def branches(self) -> Branches:
        """Return the branches: name, tip, tokens, time."""
        with self._reading():
            return status.branches(self._ws)

    def tracts(self) -> Tracts:
        """Return the tracts of this database; an imported agent is one."""
        with self._reading():
            return status.all_tracts(self._ws.db)

    def checkout(self, target: str | Commit) -> Status:
        """Stand on a branch, or on any commit: detached, to read; writing there needs a branch."""
        with self._writing():
            moving.checkout(self._ws, target)
            return status.status(self._ws)

    def reset(self, target: str | Commit, mode: str = "soft") -> Status:
        """Move the branch to a commit; what came after it is not on it any more.

        Parameters
        ----------
        target : str
            Any name of a commit of this tract.
        mode : {"soft", "hard"}
            ``soft`` keeps what was dropped as long as the operation is kept, ``hard`` leaves it to
            the next gc. Until then both can be undone.
        """
        with self._writing():
            moving.reset(self._ws, target, mode)
            return status.status(self._ws)

    def tag(self, target: Any, name: str) -> Commit:
        """Name a commit; the name is good wherever a commit is asked for."""
        with self._writing():
            return self._presented(moving.tag(self._ws, target, name))

    def tags(self) -> Branches:
        """Return the tags: name, commit, tokens, time."""
        with self._reading():
            return status.branches(self._ws, TAGS)

    def undo(self) -> Operations:
        """Take back this actor's newest operation that moved a ref; return the operation that did."""
        with self._writing():
            undoing.undo(self._ws)
            return status.operations(self._ws, 1)

    def redo(self) -> Operations:
        """Take back this actor's newest undo; return the operation that did."""
        with self._writing():
            undoing.redo(self._ws)
            return status.operations(self._ws, 1)

    def operations(self, limit: int | None = None) -> Operations:
        """Return what was done to this tract, newest first."""
        with self._reading():
            return status.operations(self._ws, limit)

    # -- reading ----------------------------------------------------------------------------------

    def compile(
        self,
        at: str | Commit | None = None,
        *,
        at_time: datetime | None = None,
        order: Iterable[Any] | None = None,
        include_reasoning: bool = False,
    ) -> CompiledContext:
        """Return what a model is sent.

        Parameters
        ----------
        at : str, optional
            Any name of a commit; HEAD without one.
        at_time : datetime.datetime, optional
            As the branch was at that time (UTC where it has no zone).
        order : iterable, optional
            The units in an order of one's own: each that compiles, once.
        include_reasoning : bool
            Send the model's own thoughts too.
        """
        with self._reading():
            return compiling.compile_context(
                self._ws, at, at_time=at_time, order=order, include_reasoning=include_reasoning
            )

    def diff(self, a: str | Commit, b: str | Commit = "HEAD") -> Diff:
        """Return what changed from one commit's context to another's, unit by unit."""
        with self._reading():
            return diff(self._ws, a, b)

    def find(
        self,
        text: str | None = None,
        *,
        config: Mapping[str, Any] | None = None,
        role: str | None = None,
    ) -> Log:
        """Return the units of all branches that fit every condition, newest first.

        Parameters
        ----------
        text : str, optional
            What the effective text holds; upper and lower case are alike.
        config : mapping, optional
            Conditions on the generation config: a value, ``(">", 0.8)``, ``("in", [...])``,
            ``("missing",)``.
        role : str, optional
            system, user, assistant or tool.
        """
        with self._reading():
            return find(self._ws, text, config=config, role=role)

    def record_usage(
        self, usage: Any, commit: Any = None, *, model: str | None = None, cost: float | None = None
    ) -> Usage:
        """Keep what a provider reported for a reply.

        Parameters
        ----------
        usage : Any
            The reply's ``usage`` as OpenAI, Anthropic or litellm give it, or the whole reply.
        commit : str or Commit, optional
            The reply; the newest unit at HEAD without one.
        model : str, optional
            Who wrote it.
        cost : float, optional
            What it cost, in US dollars.

        Raises
        ------
        ContentError
            If it is no usage, or contradicts itself.
        """
        with self._writing():
            _, read = record_usage(self._ws, usage, commit, model=model, cost=cost)
            return read

    def log(
        self,
        limit: int | None = None,
        *,
        branch: str | None = None,
        kind: Kind | str | None = None,
        content_type: str | None = None,
        role: str | None = None,
        since: datetime | None = None,
        all: bool = False,
    ) -> Log:
        """Return commits, newest first.

        Parameters
        ----------
        limit : int, optional
            The most rows.
        branch : str, optional
            Whose history, or that of any other name of a commit; HEAD's without one.
        kind, content_type, role : str, optional
            Only commits of that kind, type or role.
        since : datetime.datetime, optional
            Only commits with an author time from then on.
        all : bool
            MARKs too, and what summaries cover.
        """
        with self._reading():
            return history.log(
                self._ws,
                limit,
                branch=branch,
                kind=kind,
                content_type=content_type,
                role=role,
                since=since,
                all=all,
            )

    def graph(self, limit: int = 50, *, role: str | None = None) -> Graph:
        """Return the newest commits of all branches with the lanes they are drawn in.

        With a ``role``, only its units, and what holds the lanes together: tips, forks, summaries.
        """
        with self._reading():
            return graph(self._ws, limit, role)

    def show(self, ref: str | Commit = "HEAD") -> Commit:
        """Return one commit, whole."""
        with self._reading():
            return history.show(self._ws, ref)

    def expand(self, ref: Any) -> Log:
        """Return the commits that a summary stands for, oldest first."""
        with self._reading():
            return history.expand(self._ws, ref)

    def status(self) -> Status:
        """Return where this handle stands: branch, head, tokens, budget, last commits."""
        with self._reading():
            return status.status(self._ws)

    def budget(self, largest: int = 10) -> BudgetTable:
        """Return what takes the room: by role, type and priority, and the largest units."""
        with self._reading():
            return budget.budget_table(self._ws, largest)

    # -- how --------------------------------------------------------------------------------------

    def _presented(self, row: Row) -> Commit:
        return present.commits(self._ws, [row])[0]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._telling(), self._ws.db.read():
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._telling(), self._ws.db.lock:
            yield

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._ws.notices.clear()  # a verb that failed has nothing to say but its error
            raise
        self._tell()

    def _tell(self) -> None:
        """Say what a verb noticed, once."""
        notices, self._ws.notices[:] = list(self._ws.notices), []
        for notice in notices:
            if Tract.listener is not None:
                Tract.listener(notice.text)
            elif notice.is_warning:
                warnings.warn(notice.text, TractWarning, stacklevel=CALLER)

    def __repr__(self) -> str:
        return repr(self.status())

    def _repr_html_(self) -> str:
        return self.status()._repr_html_()
