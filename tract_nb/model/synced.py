"""What a sync did."""

from __future__ import annotations

from dataclasses import dataclass

from tract_nb.model.commit import Commit
from tract_nb.model.table import cell_html


@dataclass(frozen=True, slots=True, repr=False)
class Synced:
    """What a sync did.

    Parameters
    ----------
    branch : str
        The branch that the list is on, where HEAD stands now.
    known : int
        How much of it was in this history already.
    commits : tuple of Commit
        What is new.
    forked : str or None
        The branch that it diverged from, where a new branch was made for it.
    """

    branch: str
    known: int
    commits: tuple[Commit, ...]
    forked: str | None = None

    def __repr__(self) -> str:
        forked = f", forked from {self.forked}" if self.forked else ""
        return f"<Synced: {len(self.commits):,} new, {self.known:,} known, on {self.branch}{forked}>"

    def _repr_html_(self) -> str:
        return f"<samp>{cell_html(repr(self)[1:-1])}</samp>"
