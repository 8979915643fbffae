"""Session: many tracts in one database, parents and the agents they spawned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tract_nb.model.budget import TokenBudget, as_budget
from tract_nb.model.listing import Tracts
from tract_nb.model.reply import LLM
from tract_nb.operations import status
from tract_nb.operations.opening import DEFAULT
from tract_nb.store.database import Database
from tract_nb.tract import Tract


class Session:
    """A database with all its tracts.

    Parameters
    ----------
    url : str or pathlib.Path, optional
        As in :meth:`Tract.open`.
    durability, read_only
        As in :meth:`Tract.open`.
    """

    def __init__(
        self, url: str | Path | None = None, *, durability: str = "normal", read_only: bool = False
    ) -> None:
        self._db = Database(url, durability=durability, read_only=read_only)
        self._calls: Mapping[str, Any] = {}  # how the tracts of this session call models

    @classmethod
    def of(cls, tract: Tract) -> Self:
        """Return the session of a tract that is open; it shares the tract's connection."""
        session = super().__new__(cls)
        session._db = tract.database
        session._calls = tract.calls
        return session

    def tract(
        self,
        name: str = DEFAULT,
        *,
        branch: str | None = None,
        model: str | None = None,
        llm: LLM | None = None,
        llm_settings: Mapping[str, Any] | None = None,
        operation_llm: Mapping[str, Mapping[str, Any]] | None = None,
        token_budget: TokenBudget | int | None = None,
        actor: str = "user",
    ) -> Tract:
        """Return a handle on one tract; a new name makes one. See :meth:`Tract.open`.

        In the session of an open tract, models are called as that one calls them unless told.
        """
        limit = as_budget(token_budget)
        given = {"llm": llm, "llm_settings": llm_settings, "operation_llm": operation_llm}
        calls = {**self._calls, **{name: value for name, value in given.items() if value is not None}}
        return Tract.on(
            self._db, name=name, branch=branch, model=model, token_budget=limit, actor=actor, **calls
        )

    def tracts(self) -> Tracts:
        """Return all tracts: name, branch, tokens, and the call that started each agent's."""
        with self._db.read():
            return status.all_tracts(self._db)

    def close(self) -> None:
        """Close the database and all tracts of it."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Session on {self._db.name}, {len(self.tracts())} tracts>"
