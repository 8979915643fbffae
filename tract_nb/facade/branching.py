"""Methods that move: branches, tags, where one stands, and back again."""

from __future__ import annotations

from tract_nb.facade.handle import Handle
from tract_nb.model.commit import Commit
from tract_nb.model.listing import Branches, Operations, Status, Tags, Tracts
from tract_nb.operations import branches, moving, status
from tract_nb.operations import undo as undoing


class Branching(Handle):
    """Branches, tags, operations."""

    def branch(self, name: str, at: str | Commit | None = None) -> Commit | None:
        """Create a branch at a commit, at HEAD without one; HEAD stays where it is."""
        with self._moving():
            return branches.branch(self._ws, name, at)

    def switch(self, name: str) -> Status:
        """Stand on a branch; ``-`` is the one before."""
        with self._moving():
            return branches.switch(self._ws, name)

    def delete_branch(self, name: str, *, force: bool = False) -> Commit | None:
        """Take a branch away; one with commits of its own only with ``force``.

        Returns
        -------
        Commit or None
            What it stood on; ``undo`` brings the branch back there.
        """
        with self._moving():
            return branches.delete(self._ws, name, force=force)

    def rename_branch(self, name: str, new: str) -> Commit | None:
        """Give a branch another name; a pending review goes with it."""
        with self._moving():
            return branches.rename(self._ws, name, new)

    def branches(self) -> Branches:
        """Return the branches: name, tip, tokens, how far ahead of HEAD and behind, times."""
        with self._reading(tip=True):
            return status.branches(self._ws)

    def tracts(self) -> Tracts:
        """Return the tracts of this database; an imported agent is one."""
        with self._reading():
            return status.all_tracts(self._ws.db)

    def checkout(self, target: str | Commit) -> Status:
        """Stand on a branch, or on any commit: detached, to read; writing there needs a branch."""
        with self._moving():
            return moving.checkout(self._ws, target)

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
        with self._moving():
            return moving.reset(self._ws, target, mode)

    def tag(self, target: str | Commit, name: str) -> Commit:
        """Name a commit; the name is good wherever a commit is asked for."""
        with self._moving():
            return moving.tag(self._ws, target, name)

    def tags(self) -> Tags:
        """Return the tags: name, commit, tokens, time."""
        with self._reading():
            return status.tags(self._ws)

    def undo(self) -> Operations:
        """Take back this actor's newest operation that moved a ref; return the operation that did."""
        with self._moving():
            return undoing.undo(self._ws)

    def redo(self) -> Operations:
        """Take back this actor's newest undo; return the operation that did."""
        with self._moving():
            return undoing.redo(self._ws)

    def operations(self, limit: int | None = None) -> Operations:
        """Return what was done to this tract, newest first."""
        with self._reading():
            return status.operations(self._ws, limit)
