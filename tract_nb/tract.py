"""Tract: one version-controlled context; the facade, one short method a verb."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from tract_nb.engine.tokens import TokenCounter
from tract_nb.facade.branching import Branching
from tract_nb.facade.compressing import Compressing
from tract_nb.facade.keeping import Keeping
from tract_nb.facade.reading import Reading
from tract_nb.facade.rewriting import Rewriting
from tract_nb.facade.seeing import Seeing
from tract_nb.facade.talking import Talking
from tract_nb.facade.writing import Writing
from tract_nb.llm.prices import price
from tract_nb.llm.settings import Layers
from tract_nb.model.budget import TokenBudget, as_budget
from tract_nb.model.message import Compiler
from tract_nb.model.reply import LLM
from tract_nb.operations.opening import DEFAULT, open_workspace
from tract_nb.operations.workspace import Clock
from tract_nb.store.database import Database


class Tract(Writing, Branching, Rewriting, Compressing, Keeping, Reading, Seeing, Talking):
    """A version-controlled context: branches over commits, and an operation log.

    Open one with :meth:`open`. Every method that changes something is one verb: it happens whole or
    not at all, is one entry of :meth:`operations`, and can be taken back with :meth:`undo`.
    """

    #: the first tract that was opened, for magics that name none
    first: ClassVar[Tract | None] = None

    @classmethod
    def open(
        cls,
        url: str | Path | None = None,
        *,
        name: str = DEFAULT,
        branch: str | None = None,
        model: str | None = None,
        llm: LLM | None = None,
        llm_settings: Mapping[str, Any] | None = None,
        operation_llm: Mapping[str, Mapping[str, Any]] | None = None,
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
        llm : LLM, optional
            What calls models: a :class:`~tract_nb.Replay`, or anything with its ``complete``; litellm
            without one.
        llm_settings : mapping, optional
            What models are called with: temperature, timeout, api_base ... Not kept with the tract,
            since keys are among them. See :meth:`llm_settings`.
        operation_llm : mapping, optional
            The same by operation, which comes first: ``{"merge": {"model": "gpt-4o"}}``.
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
        limit = as_budget(token_budget)
        Layers.made(llm_settings, operation_llm)  # before a database is made for them
        db = Database(url, durability=durability, read_only=read_only)
        return cls.on(
            db,
            name=name,
            branch=branch,
            model=model,
            llm=llm,
            llm_settings=llm_settings,
            operation_llm=operation_llm,
            token_budget=limit,
            verify_cache=verify_cache,
            clock=clock,
            token_counter=token_counter,
            compiler=compiler,
            actor=actor,
        )

    @classmethod
    def on(
        cls,
        db: Database,
        *,
        llm: LLM | None = None,
        llm_settings: Mapping[str, Any] | None = None,
        operation_llm: Mapping[str, Mapping[str, Any]] | None = None,
        **options: Any,
    ) -> Self:
        """Return a handle on a tract of a database that is open; takes the options of :meth:`open`."""
        layers = Layers.made(llm_settings, operation_llm)
        tract = cls(open_workspace(db, prices=price, **options), llm, layers)
        tract._tell()
        Tract.first = Tract.first or tract
        return tract

    @classmethod
    def from_trace(
        cls,
        path: str | Path,
        url: str | Path | None = None,
        *,
        name: str = DEFAULT,
        model: str | None = None,
        token_budget: TokenBudget | int | None = None,
        redact: bool = True,
    ) -> Self:
        """Open a tract and import a trace into it; see :meth:`open` and :meth:`import_trace`."""
        tract = cls.open(url, name=name, model=model, token_budget=token_budget)
        tract.import_trace(path, redact=redact)
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

    def save_as(self, path: str | Path) -> Path:
        """Copy the whole database to a new file, and return its path."""
        with self._verb():
            return self._ws.db.copy_to(Path(path))

    def close(self) -> None:
        """Close the database; a tract in memory is gone."""
        if Tract.first is self:
            Tract.first = None
        self._ws.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
