"""Methods that read: what is there, and what a model is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tract_nb.engine.context import CompiledContext
from tract_nb.facade.handle import Handle
from tract_nb.model.commit import Commit, Kind
from tract_nb.model.difference import Diff
from tract_nb.model.listing import BudgetTable, Log, Problems, Status
from tract_nb.operations import budget, compiling, history, status
from tract_nb.operations.diff import diff
from tract_nb.operations.find import find
from tract_nb.operations.verify import verify
from tract_nb.store import oplog
from tract_nb.view.graph import Graph, graph


class Reading(Handle):
    """Looking at a history, compiling it."""

    def compile(
        self,
        at: str | Commit | None = None,
        *,
        at_time: datetime | str | None = None,
        order: Iterable[Any] | None = None,
        include_reasoning: bool = False,
    ) -> CompiledContext:
        """Return what a model is sent.

        Parameters
        ----------
        at : str, optional
            Any name of a commit; HEAD without one.
        at_time : datetime.datetime or str, optional
            As the branch was at that time (UTC where it has no zone).
        order : iterable, optional
            The units in an order of one's own: each that compiles, once.
        include_reasoning : bool
            Send the model's own thoughts too.
        """
        with self._reading(tip=at is None and at_time is None):
            context = compiling.compile_context(
                self._ws, at, at_time=at_time, order=order, include_reasoning=include_reasoning
            )
        # a compiler of the user's runs outside of the lock
        return compiling.custom(self._ws, context)

    def diff(self, a: str | Commit, b: str | Commit = "HEAD") -> Diff:
        """Return what changed from one commit's context to another's, unit by unit."""
        with self._reading(tip=b == "HEAD"):
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

    def log(
        self,
        limit: int | None = None,
        *,
        branch: str | None = None,
        kind: Kind | str | None = None,
        content_type: str | None = None,
        role: str | None = None,
        since: datetime | str | None = None,
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
        since : datetime.datetime or str, optional
            Only commits with an author time from then on.
        all : bool
            MARKs too, and what summaries cover.
        """
        with self._reading(tip=branch is None):
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
        with self._reading(tip=True):
            return graph(self._ws, limit, role)

    def show(self, ref: str | Commit = "HEAD") -> Commit:
        """Return one commit, whole."""
        with self._reading(tip=ref == "HEAD"):
            return history.show(self._ws, ref)

    def expand(self, ref: Any) -> Log:
        """Return the commits that a summary stands for, oldest first."""
        with self._reading():
            return history.expand(self._ws, ref)

    def status(self) -> Status:
        """Return where this handle stands: branch, head, tokens, budget, last commits."""
        with self._reading(tip=True):
            return status.status(self._ws)

    def budget(self, largest: int = 10, *, structural: bool = False) -> BudgetTable:
        """Return what takes the room: by role, type and priority, what could be saved, and the largest units.

        Parameters
        ----------
        largest : int
            How many of the largest units.
        structural : bool
            Say what a summary without a model would save, too. It is drafted for that, which takes some 0.1 s
            of 5,000 units, once for a commit; ``%tract budget`` asks for it.
        """
        with self._reading(tip=True):
            return budget.budget_table(self._ws, largest, structural=structural)

    def verify(self) -> Problems:
        """Hold everything in the database against its hashes, its counts and its log.

        Returns
        -------
        Problems
            One row a problem; empty where all is well. It reads and counts every text anew.
        """
        with self._reading():
            return verify(self._ws)

    @property
    def revision(self) -> tuple[int, str | None, int]:
        """A value that differs after anything that a view of this tract shows may have changed."""
        with self._reading():
            return oplog.last_id(self._ws.db), self._ws.branch, self._ws.detached

    def count(self, text: str) -> int:
        """Return the tokens of a text as this tract counts them, without what a message adds."""
        return self._ws.count(text)

    def refresh(self) -> Status:
        """Look at the branch as it is now, so that the next write goes on top of it."""
        return self.status()

    def __repr__(self) -> str:
        return repr(self.status())

    def _repr_html_(self) -> str:
        return self.status()._repr_html_()
