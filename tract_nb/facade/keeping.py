"""Methods on what the database keeps: taking away what nothing leads to, forgetting, making it small."""

from __future__ import annotations

from typing import Any

from tract_nb.facade.handle import Handle
from tract_nb.model.collection import Collected, Forgotten, Room
from tract_nb.operations import forget, gc


class Keeping(Handle):
    """Collecting, forgetting, optimizing."""

    def gc(
        self,
        *,
        keep_days: float = 7,
        archive_days: float = 30,
        branch: str | None = None,
        dry_run: bool = False,
        vacuum: bool = False,
    ) -> Collected:
        """Take away what nothing leads to any more; it cannot be undone, so look at a dry run first.

        Kept is all that a branch or a tag of any tract leads to, what operations of the last days moved a
        branch from or to (unless a later hard reset dropped it), and what was recorded within a day. Of a
        text that a summary has stood for everywhere for long, only the text goes: its commit stays, with
        hash and size, and shows ``[collected on DATE]`` where somebody looks at it.

        Parameters
        ----------
        keep_days : float
            How old an operation must be before what it moved a branch from may go.
        archive_days : float
            How long ago a summary must have been recorded before the texts that it covers go.
        branch : str, optional
            Only what this branch of this tract left behind, and what is covered on it.
        dry_run : bool
            Return what would go, and change nothing.
        vacuum : bool
            Write the file anew, so that it becomes smaller; else the room is used by what comes next.

        Returns
        -------
        Collected
            A row for each commit or text; ``to_frame()``, ``.size``, ``.commits``, ``.texts``.
        """
        with self._verb():
            return gc.gc(
                self._ws,
                keep_days=keep_days,
                archive_days=archive_days,
                branch=branch,
                dry_run=dry_run,
                vacuum=vacuum,
            )

    def forget(self, target: Any, reason: str) -> Forgotten:
        """Take one text away for good, wherever it is used: a secret that got in. It cannot be undone.

        Every commit with this text keeps its hash and shows ``[forgotten on DATE]``. The file is written
        anew, its log emptied, and the text taken out of the backups that upgrades left beside it; copies
        made with :meth:`save_as` are your own. A review that has it in an answer asks again.

        Parameters
        ----------
        target : str or Commit
            The commit that holds the text: of an edited unit each EDIT is one of its own.
        reason : str
            Why; it stays in the operation log.

        Returns
        -------
        Forgotten
            The commits and reviews that had it, and others that hold a word of it which looks like a secret.

        Raises
        ------
        RefError
            If it names no commit, or one without a text.
        """
        with self._verb():
            return forget.forget(self._ws, target, reason)

    def optimize(self) -> Room:
        """Write the file anew, as small as it can be; return what it took and what it takes.

        What :meth:`gc` and :meth:`forget` freed is given back to the disk. Others can read meanwhile, and
        write after it.
        """
        with self._verb():
            return forget.optimize(self._ws)
