"""Merging by meaning: a model writes the text that settles a conflict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

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


class Disputed(Protocol):
    """What a conflict of a merge says of itself."""

    @property
    def kind(self) -> str: ...

    @property
    def role(self) -> str: ...

    @property
    def base(self) -> str: ...

    @property
    def ours(self) -> str: ...

    @property
    def theirs(self) -> str: ...

    @property
    def takes_text(self) -> bool: ...


def proposals(
    asker: Asker, conflicts: Sequence[Disputed], *, instructions: str | None = None
) -> list[Written | None]:
    """Return a text for each conflict of texts, in order; None for the others, which a person decides.

    Raises
    ------
    ModelError
        At the first conflict that a model gives no text for.
    """
    return [
        propose(
            asker,
            base=one.base,
            ours=one.ours,
            theirs=one.theirs,
            role=one.role,
            instructions=instructions,
        )
        if one.kind == "text" and one.takes_text
        else None
        for one in conflicts
    ]
