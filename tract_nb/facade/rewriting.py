"""Methods that bring histories together: merge, rebase, cherry-pick, reorder, and what they ask."""

from __future__ import annotations

from typing import Any

from tract_nb.facade.deciding import Deciding
from tract_nb.model.commit import Commit
from tract_nb.model.conflict import Proposer, Resolver
from tract_nb.model.review import Review
from tract_nb.operations import names, reviewing
from tract_nb.operations.cherry_pick import cherry_pick
from tract_nb.operations.deciding import Deciding as Decide
from tract_nb.operations.merge import Merge
from tract_nb.operations.rebase import Rebase
from tract_nb.operations.reorder import reorder


class Rewriting(Deciding):
    """Merging, rebasing, picking, reordering, and reviews of them."""

    def merge(
        self,
        branch: str | Commit,
        *,
        strategy: str = "auto",
        resolver: Resolver | None = None,
        instructions: str | None = None,
        mode: str | None = None,
        model: str | None = None,
        no_ff: bool = False,
    ) -> Review:
        """Bring another branch's work into this one.

        Parameters
        ----------
        branch : str or Commit
            What to merge: a branch, or any other name of a commit.
        strategy : {"auto", "ours", "theirs", "semantic"}
            How conflicts are settled: not at all, as this branch or the other one has it, or by a
            model.
        resolver : callable, optional
            Takes a :class:`~tract_nb.Conflict`, returns ``ours``, ``theirs``, ``both``, ``base``, a
            text, or None to leave it open.
        instructions : str, optional
            What the model should heed.
        mode : {"manual", "collaborative", "autonomous"}, optional
            A person gives the answers; a rule or model proposes and a person approves; or all is
            applied at once. Without it a rule or resolver is applied, a model only proposes.
        model : str, optional
            Which model proposes.
        no_ff : bool
            Write a MERGE also where the branch could just be moved ahead.

        Returns
        -------
        Review
            Applied, or pending where there is something to decide.

        Raises
        ------
        ReviewError
            If another review is pending here, a resolver fails, or nobody is there to decide.
        """
        deciding = self._deciding(strategy, resolver, instructions, mode, model)
        with self._verb():
            verb = Merge(names.one_name(branch), no_ff=no_ff)
            return self._review(reviewing.start(self._ws, verb, deciding))

    def rebase(
        self,
        onto: str | Commit,
        *,
        strategy: str = "auto",
        resolver: Resolver | None = None,
        instructions: str | None = None,
        mode: str | None = None,
        model: str | None = None,
    ) -> Review:
        """Put this branch's own commits on top of another branch.

        It asks what merging this branch into the other would ask, and compiles to what that would
        give; ``ours`` is this branch. Copies keep time, config, metadata, usage and origin. The
        parameters are those of :meth:`merge`.
        """
        deciding = self._deciding(strategy, resolver, instructions, mode, model)
        with self._verb():
            return self._review(reviewing.start(self._ws, Rebase(names.one_name(onto)), deciding))

    def cherry_pick(self, *refs: Any, again: bool = False) -> Review:
        """Copy single commits onto this branch, in the order of their history.

        What is picked wins here; the review's warnings say what it overrode and what was left behind.

        Parameters
        ----------
        *refs : str, Commit, list, pandas.Series or pandas.DataFrame
            What to copy.
        again : bool
            Make a new commit, with a time of its own, also of what is here already.
        """
        with self._verb():
            return self._review(cherry_pick(self._ws, refs, again=again))

    def reorder(self, order: Any) -> Review:
        """Put the units of the context in another order.

        Parameters
        ----------
        order : list, pandas.Series or pandas.DataFrame
            Each unit that compiles, once, as ``compile(order=...)`` takes it.
        """
        with self._verb():
            return self._review(reorder(self._ws, order))

    def _deciding(
        self,
        strategy: str,
        resolver: Resolver | None,
        instructions: str | None,
        mode: str | None,
        model: str | None,
    ) -> Decide:
        proposer: Proposer | None = self._ws.proposer
        return Decide(strategy, resolver, instructions, mode, model, proposer)
