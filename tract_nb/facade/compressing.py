"""Methods that let less stand for a part of the context."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from re import Pattern
from typing import Any

from tract_nb.facade.deciding import Deciding
from tract_nb.model.commit import Commit
from tract_nb.model.compression import Compression
from tract_nb.model.provenance import Provenance
from tract_nb.operations.compress import compress
from tract_nb.operations.provenance import provenance


class Compressing(Deciding):
    """Compressing, and what stands behind it."""

    def compress(
        self,
        start: str | Commit | None = None,
        end: str | Commit | None = None,
        *,
        commits: Any = None,
        content: str | Sequence[str] | None = None,
        strategy: str | None = None,
        mode: str | None = None,
        target_tokens: int | None = None,
        keep_last: int = 10,
        preserve: str | Pattern[str] | Iterable[str | Pattern[str]] = (),
        instructions: str | None = None,
        model: str | None = None,
        dry_run: bool = False,
    ) -> Compression:
        """Let less stand for a part of the context; nothing is rewritten, and all of it can come back.

        What is pinned is never touched, and splits what is compressed into runs; a call goes with its
        results or not at all. ``undo`` takes the whole back, :meth:`restore` one summary or mask,
        :meth:`expand` lists what a summary stands for.

        Parameters
        ----------
        start, end : str or Commit, optional
            A range along what compiles, both ends in; without one it goes to the beginning, or the end.
        commits : str, list, Series or DataFrame, optional
            The units instead; each run of them becomes a group of its own.
        content : str or list of str, optional
            Your own text: one for all of it, or one for each run.
        strategy : {"mask", "structural", "summarize"}, optional
            ``mask``: one line stands for each old output of a tool, and for a long text of the model's; what
            people said stays. ``structural``: what was asked and decided, which files, commands and
            failures there were. ``summarize``: a model writes it. Without one: summarize where a model is
            set, else mask.
        mode : {"manual", "collaborative", "autonomous"}, optional
            ``manual`` takes your own text; ``collaborative`` proposes, and waits for
            :meth:`~tract_nb.Compression.approve`; ``autonomous`` proposes and applies. Without one what a
            model writes is only proposed, all else is applied.
        target_tokens : int, optional
            What the whole context should come to; its room is split over the groups by their weight. The
            result says by how much it was missed (``.missed``).
        keep_last : int
            Without a range: all since the last summary but this many units.
        preserve : str, pattern or list of them
            Regular expressions: what they match must stand in the summary word by word.
        instructions : str, optional
            For the model; kept with the summary.
        model : str, optional
            Who writes; the tract's without one.
        dry_run : bool
            Return what would be done, and change nothing.

        Returns
        -------
        Compression
            ``.groups``, ``.lost`` (identifiers that no longer stand there), ``.saved``, ``to_frame()``;
            a pending one is decided by ``.edit()``, ``.ask()``, ``.pin()``, ``.approve()``, ``.reject()``.

        Raises
        ------
        ContentError
            If nothing of a given range can be compressed, a text lacks what must be preserved, or the target
            is below what is not compressed; the history is as before.
        RefError
            If an end is not in this history, or does not show.
        ReviewError
            If a review of something else is pending on this branch, and this would be another.
        """
        with self._verb():
            done = compress(
                self._ws,
                start,
                end,
                commits=commits,
                content=content,
                strategy=strategy,
                mode=mode,
                target_tokens=target_tokens,
                keep_last=keep_last,
                preserve=preserve,
                instructions=instructions,
                model=model,
                dry_run=dry_run,
            )
            return self._compression(done)

    def provenance(self, ref: str | Commit) -> Provenance:
        """Return what stands behind a unit: of a summary what it covers, of any other its texts in turn."""
        with self._reading():
            return provenance(self._ws, ref)
