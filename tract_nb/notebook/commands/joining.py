"""Commands that bring histories together, and decide what they ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from tract_nb.errors import CommandError
from tract_nb.model.compression import Compression
from tract_nb.model.listing import Status
from tract_nb.model.review import Review
from tract_nb.model.waiting import PENDING, Pending
from tract_nb.notebook.commands.writing import named, spoken
from tract_nb.notebook.desk import Desk
from tract_nb.tract import Tract

if TYPE_CHECKING:
    import pandas as pd

Asked = Review | Compression
Strategy = Literal["auto", "ours", "theirs", "semantic"]
Mode = Literal["manual", "collaborative", "autonomous"]


def merge(
    desk: Desk,
    branch: str,
    *,
    strategy: Strategy = "auto",
    no_ff: Annotated[bool, Parameter(negative=())] = False,
    mode: Mode | None = None,
    instructions: str | None = None,
    model: str | None = None,
) -> Any:
    """Bring another branch's work into this one; what both sides changed is asked.

    Parameters
    ----------
    branch
        What to merge: a branch, a tag, a hash.
    strategy
        What settles conflicts: a person, that side, or a model.
    no_ff
        Write a MERGE also where the branch could just be moved ahead.
    mode
        Who decides: a person, one on a proposal, or nobody.
    instructions
        What the model should heed.
    model
        Which model proposes.
    """
    done = desk.tract.merge(
        branch, strategy=strategy, no_ff=no_ff, mode=mode, instructions=instructions, model=model
    )
    return shown(desk, done)


def rebase(
    desk: Desk,
    onto: str,
    *,
    strategy: Strategy = "auto",
    mode: Mode | None = None,
    instructions: str | None = None,
    model: str | None = None,
) -> Any:
    """Put this branch's own commits on top of another branch; ours is this branch.

    Parameters
    ----------
    onto
        What to stand on from now: a branch, a tag, a hash.
    strategy
        What settles conflicts: a person, that side, or a model.
    mode
        Who decides: a person, one on a proposal, or nobody.
    instructions
        What the model should heed.
    model
        Which model proposes.
    """
    done = desk.tract.rebase(onto, strategy=strategy, mode=mode, instructions=instructions, model=model)
    return shown(desk, done)


def pick(t: Tract, *refs: str, again: Annotated[bool, Parameter(negative=())] = False) -> Review:
    """Copy single commits onto this branch, in the order of their history; they win here.

    Parameters
    ----------
    refs
        Hashes or other names; ``$name`` takes a variable, a DataFrame with a commit column too.
    again
        Make a new commit also of what is here already.
    """
    return t.cherry_pick(named(refs), again=again)


def reorder(t: Tract, *refs: str) -> Review:
    """Put the units of the context in another order: each that compiles, once.

    Parameters
    ----------
    refs
        Hashes or other names in the new order; ``$name`` takes a variable.
    """
    return t.reorder(named(refs))


def pending(t: Tract) -> pd.DataFrame:
    """List the reviews that wait for a decision, one a branch."""
    return Pending.of(t.pending()).to_frame()


def review(desk: Desk) -> Any:
    """Show what is asked on this branch: each conflict with both sides, or each group with its draft."""
    found = _pending(desk)
    return shown(desk, found) if found else desk.tract.status()


def shown(desk: Desk, review: Review | Compression) -> Any:
    """Return a review; in a notebook, where it has something to ask, as the widget that asks it."""
    if review.state != PENDING:
        return review
    if isinstance(review, Compression):
        if not desk.in_notebook:
            desk.say("here: `settle 0 WORDS`, `ask 0 WORDS`, `approve 0` for each; or `approve`, `reject`")
            return review
        from tract_nb.widgets.compress import CompressWidget  # noqa: PLC0415  loads anywidget

        return CompressWidget(desk.tract, review)
    if not desk.in_notebook:
        desk.say("here: `choose 0 ours` or `settle 0 WORDS` for each, then `approve`; or `reject`")
        return review
    from tract_nb.widgets.merge import MergeWidget  # noqa: PLC0415  loads anywidget

    return MergeWidget(desk.tract, review)


def choose(desk: Desk, number: int, choice: Literal["ours", "theirs", "both", "base"]) -> Asked | Status:
    """Settle a conflict by a side.

    Parameters
    ----------
    number
        Of the conflict, as ``review`` shows it.
    choice
        Whose version stands.
    """
    found = _pending(desk)
    if isinstance(found, Compression):
        raise CommandError(
            "A compression has no sides.",
            f"`approve {number}`, `settle {number} WORDS` or `reject {number}`.",
        )
    return found.choose(number, choice) if found else desk.tract.status()


def settle(desk: Desk, number: int, *text: str) -> Asked | Status:
    """Settle a conflict by a text, or write a group's summary: the cell's, or the words behind it.

    Parameters
    ----------
    number
        Of the conflict or group, as ``review`` shows it.
    text
        The words, where there is no cell below.
    """
    said = spoken(desk, text)
    found = _pending(desk)
    return found.edit(number, said) if found else desk.tract.status()


def ask(
    desk: Desk,
    number: int,
    *text: str,
    strategy: Literal["mask", "structural", "summarize"] | None = None,
    model: str | None = None,
) -> Asked | Status:
    """Have a model propose a text for a conflict, or write a group's summary anew.

    Parameters
    ----------
    number
        Of the conflict or group, as ``review`` shows it.
    text
        What the model should heed; may be left out.
    strategy
        Of a group, who writes: nobody, Python, or a model.
    model
        Which model.
    """
    found = _pending(desk)
    words = " ".join(text) or (desk.body or "").strip() or None
    if found is None:
        return desk.tract.status()
    if isinstance(found, Compression):
        return found.ask(number, words, strategy=strategy, model=model)
    if strategy is not None:
        raise CommandError(f"A {found.verb} has no strategy to write by.", "Leave --strategy out.")
    return found.ask(number, words, model=model)


def approve(desk: Desk, number: int | None = None) -> Asked | Status:
    """Apply the review of this branch: what was decided, else what is proposed.

    Parameters
    ----------
    number
        Of a compression, one group alone; it is applied once no group is undecided.
    """
    found = _pending(desk)
    if found is None or number is None:
        return found.approve() if found else desk.tract.status()
    return _groups(found, "approve").approve(number)


def reject(desk: Desk, number: int | None = None) -> Asked | Status:
    """Let the review of this branch be: nothing is changed.

    Parameters
    ----------
    number
        Of a compression, one group alone, which stays as it is.
    """
    found = _pending(desk)
    if found is None or number is None:
        return found.reject() if found else desk.tract.status()
    return _groups(found, "reject").reject(number)


def _groups(found: Asked, verb: str) -> Compression:
    if not isinstance(found, Compression):
        raise CommandError(f"A {found.verb} is applied or rejected whole.", f"`{verb}` without a number.")
    return found


def _pending(desk: Desk) -> Asked | None:
    """Return the review of the branch that HEAD is on; a cell that is run again may find none."""
    t = desk.tract
    found = next((one for one in t.pending() if one.branch == t.branch_name), None)
    if found is None:
        where = t.branch_name or "HEAD"
        if not desk.in_notebook:
            raise CommandError(f"No review is pending on {where}.", "`pending` lists all there are.")
        desk.say(f"no review is pending on {where}")
    return found
