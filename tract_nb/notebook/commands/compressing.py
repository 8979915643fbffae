"""Commands that let less stand for a part of the context."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from tract_nb.errors import CommandError
from tract_nb.model.provenance import Provenance
from tract_nb.notebook.commands.joining import Mode, shown
from tract_nb.notebook.desk import Desk
from tract_nb.tract import Tract


def compress(
    desk: Desk,
    *refs: str,
    start: Annotated[str | None, Parameter(name="--from")] = None,
    end: Annotated[str | None, Parameter(name="--to")] = None,
    text: str | None = None,
    strategy: Literal["mask", "structural", "summarize"] | None = None,
    target: int | None = None,
    keep_last: int = 10,
    preserve: Annotated[list[str] | None, Parameter(negative=())] = None,
    instructions: str | None = None,
    model: str | None = None,
    mode: Mode | None = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
) -> Any:
    """Let less stand for a part of the context: masks, a summary, or your own text.

    Parameters
    ----------
    refs
        The units; ``$name`` takes a DataFrame with a commit column. Without one, all but the last units.
    start
        A range instead: where it begins.
    end
        Where it ends.
    text
        Your own summary; in a cell the text below.
    strategy
        Without a text: mask old outputs, sum up what was done, or let a model write it.
    target
        What the whole context should come to, in tokens.
    keep_last
        Without a range, how many units at the end stay.
    preserve
        A regular expression: what it matches must stand in the summary; may be repeated.
    instructions
        For a model that writes it.
    model
        Who writes it; the tract's model without one.
    mode
        Who decides: a person on a proposal, or nobody. Without it what a model writes is proposed.
    dry_run
        Show what it would do, and change nothing.
    """
    if desk.body is not None and desk.body.strip():
        if text is not None:
            raise CommandError("There is a text behind the command and one below it.", "Keep one of them.")
        text = desk.body
    done = desk.tract.compress(
        start,
        end,
        commits=list(refs) or None,
        content=text,
        strategy=strategy,
        target_tokens=target,
        keep_last=keep_last,
        preserve=preserve or (),
        instructions=instructions,
        model=model,
        mode=mode,
        dry_run=dry_run,
    )
    return shown(desk, done)


def provenance(t: Tract, ref: str = "HEAD") -> Provenance:
    """Show what stands behind a unit: what a summary covers, what stood where a mask stands.

    Parameters
    ----------
    ref
        The unit.
    """
    return t.provenance(ref)
