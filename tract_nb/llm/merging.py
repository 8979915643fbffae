"""Merging by meaning: a model writes the text that settles a conflict."""

from __future__ import annotations

from tract_nb.llm.asking import Asker
from tract_nb.model.reply import Written

PROMPT = "merge_resolution"
NOTHING = "(nothing)"
ROOM = 2_000  # characters beyond both sides: a text longer than that merges nothing


def propose(
    asker: Asker,
    *,
    base: str | None,
    ours: str,
    theirs: str,
    role: str = "user",
    ours_name: str = "ours",
    theirs_name: str = "theirs",
    instructions: str | None = None,
) -> Written:
    """Return a text that keeps what both sides meant, and how it was written.

    Parameters
    ----------
    asker : Asker
        For the operation ``merge``.
    base : str or None
        The text before the branches parted; None where there is none.
    ours, theirs : str
        What each side made of it.
    role : str
        Who says it: system, user, assistant or tool.
    ours_name, theirs_name : str
        The branches.
    instructions : str, optional
        What the person who merges asks for.

    Raises
    ------
    ModelError
        If the model gives no such text; the history is untouched.
    """
    return asker.ask(
        PROMPT,
        "merged",
        most=len(ours) + len(theirs) + ROOM,
        role=role,
        base=base or NOTHING,
        ours=ours or NOTHING,
        theirs=theirs or NOTHING,
        ours_name=ours_name,
        theirs_name=theirs_name,
        instructions=(instructions or "").strip() or NOTHING,
    )
