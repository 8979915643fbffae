"""Who writes summaries: what it is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from tract_nb.model.reply import Cancel


@dataclass(frozen=True, slots=True)
class Original:
    """A unit as a summariser sees it: its effective text.

    Parameters
    ----------
    commit, role, type : str
        Full hash, role and content type.
    text : str
        The effective text.
    tokens : int
        Of that text.
    important : bool
        Whether it is IMPORTANT: to be handed over first.
    name : str
        Of a call or a result the tool.
    """

    commit: str
    role: str
    type: str
    text: str
    tokens: int
    important: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a summariser wrote for one group.

    Parameters
    ----------
    text : str
        The summary.
    metadata : dict, optional
        Who wrote it: prompt name, version and hash, model, config, tokens, cost.
    problem : str
        Why it does not do: it was not written, lacks what must be preserved, or is no shorter.
    """

    text: str
    metadata: Mapping[str, Any] | None = None
    problem: str = ""


PART = 5  # without a target a summary has this part of what it stands for ...
SHORTEST = 80  # ... or so many tokens
LONGEST = 8_000  # tokens: what models write in one answer, and a person still reads


def summary_length(tokens: int) -> int:
    """Return how many tokens a summary may have of so many, where no target is set."""
    return min(max(tokens // PART, SHORTEST), LONGEST)


class Expected(NamedTuple):
    """What writing summaries would take, as far as that can be told before: an estimate.

    Parameters
    ----------
    model : str
        Who would write them.
    input, output : int
        Tokens of all its calls.
    """

    model: str
    input: int
    output: int


#: tells what writing summaries would take, from the tokens of the messages of each group and the model, if
#: one is named; None where no model is
Expects = Callable[[Sequence[Sequence[int]], str | None], Expected | None]


class Rejected(NamedTuple):
    """A draft that does not do, and why: too long, or without what must be preserved."""

    draft: Draft
    why: str


class Summariser(Protocol):
    """Writes summaries; the room that calls models has one."""

    def __call__(
        self,
        originals: Sequence[Original],
        *,
        target: int | None = None,
        preserve: Sequence[str] = (),
        rejected: Rejected | None = None,
        instructions: str | None = None,
        model: str | None = None,
        cancel: Cancel | None = None,
    ) -> Draft | None:
        """Return a summary of one group; None where it has none.

        Parameters
        ----------
        originals : sequence of Original
            The important first, else in the order of the context.
        target : int, optional
            Tokens that it may have.
        preserve : sequence of str
            What must stand in it word by word.
        rejected : Rejected, optional
            What was written before and did not do.
        instructions : str, optional
            What the person who compresses asks for.
        model : str, optional
            Which model writes.
        cancel : Cancel, optional
            Ends it from another thread.
        """
