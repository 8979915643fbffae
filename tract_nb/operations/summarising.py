"""Summarising: a model writes the drafts of a compression, asked again where they do not do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tract_nb.engine.tokens import message_size
from tract_nb.errors import CallCancelledError, ContentError, ReplayError, TractError
from tract_nb.model.commit import Priority
from tract_nb.model.listing import counted
from tract_nb.model.reply import Cancel
from tract_nb.model.summariser import Draft, Original, Rejected, Summariser
from tract_nb.operations.drafting import LEAST, Ask, Plan, lacking, lacks, limits
from tract_nb.operations.masking import Item
from tract_nb.operations.workspace import Workspace

TRIES = 3  # how often a model is asked where a summary is too long, or lacks what must be preserved


def no_model() -> TractError:
    """Return the error of a summary that nobody is there to write."""
    return TractError(
        "strategy='summarize' needs a model, and none is set.",
        "Give model='gpt-4o-mini', or strategy='mask' or 'structural', or a text of your own as content.",
    )


def summarised(ws: Workspace, plan: Plan, summariser: Summariser | None, *, partly: bool = False) -> Plan:
    """Let a model write the drafts; what is shorter than any summary of it stays.

    Parameters
    ----------
    ws : Workspace
        Of the handle; nothing of it is locked.
    plan : Plan
        The runs.
    summariser : Summariser or None
        Who writes.
    partly : bool
        Keep what was written before a failure, and say in the drafts' ``problem`` what went wrong.

    Raises
    ------
    TractError
        If a group has no summary, or none that does; with ``partly`` only if none has one.
    """
    if summariser is None:
        raise no_model()
    plan = _worth_it(plan)
    drafts: list[Draft] = []
    for place, (run, limit) in enumerate(zip(plan.runs, limits(plan), strict=True)):
        try:
            draft = drafted(ws, plan.ask, run, limit, summariser)
            if draft.problem and not partly:
                raise ContentError(
                    f"The summary of group {place} does not do: {draft.problem}. Nothing was changed.",
                    "Say in instructions what it shall keep, or choose another model.",
                )
        except (CallCancelledError, ReplayError):
            raise
        except TractError as error:
            which = f"Group {place + 1} of {len(plan.runs)}: " if len(plan.runs) > 1 else ""
            if not partly or not drafts:
                error.message = f"{which}{error.message}{' Nothing was changed.' if which else ''}"
                raise
            plan.notes.append(f"{which}{error.message} {error.hint}")
            failed = Draft("", problem=f"no summary was written: {error.message}")
            unasked = Draft("", problem=f"not asked, since group {place + 1} failed")
            drafts += [failed, *[unasked] * (len(plan.runs) - place - 1)]
            break
        drafts.append(draft)
    return plan._replace(drafts=drafts)


def drafted(
    ws: Workspace,
    ask: Ask,
    run: Sequence[Item],
    limit: int | None,
    summariser: Summariser,
    cancel: Cancel | None = None,
) -> Draft:
    """Return a summary of one run, asked for again within a bound; its problem is what is still wrong.

    Raises
    ------
    TractError
        If none comes.
    """
    rejected: Rejected | None = None
    must = lacks(ask, run, "")
    for _ in range(TRIES):
        draft = summariser(
            originals(run),
            target=limit,
            preserve=must,
            rejected=rejected,
            instructions=ask.instructions,
            model=ask.model,
            cancel=cancel,
        )
        if cancel is not None and cancel.asked:  # whoever calls the model need not have heard it
            raise CallCancelledError("The writing was stopped.", "The draft is as it was.")
        if draft is None or not draft.text.strip():
            raise ContentError("No summary came.", "Try again, or choose another model.")
        why = _falls_short(ws, ask, run, draft, limit)
        if not why:
            return draft
        rejected = Rejected(draft, why)
    assert rejected is not None
    last = rejected.draft
    return replace(last, problem=lacking(ask, run, last.text) or too_long(ws, run, last.text))


def too_long(ws: Workspace, run: Sequence[Item], text: str) -> str:
    """Tell how a text is no shorter than what it would stand for; empty where it is."""
    had, has = size(run), message_size(ws.count(text))
    return f"it has {has:,} tokens, and what it would stand for {had:,}" if has >= had else ""


def size(run: Sequence[Item]) -> int:
    """Return the tokens that a run has in the context."""
    return sum(item.unit.size for item in run)


def _worth_it(plan: Plan) -> Plan:
    """Leave out the runs that are so short that nothing can be said of them in less."""
    runs = [run for run in plan.runs if size(run) >= LEAST]
    stays = sum(len(run) for run in plan.runs) - sum(len(run) for run in runs)
    notes = [*plan.notes, f"{counted(stays, 'unit')} stayed: too short to summarise"] if stays else plan.notes
    return plan._replace(runs=runs, notes=notes)


def _falls_short(ws: Workspace, ask: Ask, run: Sequence[Item], draft: Draft, limit: int | None) -> str:
    """Tell why a draft is worth another try: too long, or without what must be preserved."""
    tokens, most = ws.count(draft.text), size(run) - message_size(0) - 1
    allowed = most if limit is None else min(limit, most)
    wrong = [f"It has {tokens:,} tokens; at most {allowed:,} are allowed."] if tokens > allowed else []
    wrong += [f"It lacks, letter by letter: {text}" for text in lacks(ask, run, draft.text)]
    return "\n".join(wrong)


def originals(run: Sequence[Item]) -> list[Original]:
    """Return the units of a run as a summariser sees them, what is important first."""
    found = [
        Original(
            commit=item.unit.row.hash.hex(),
            role=item.unit.row.role or "",
            type=item.unit.row.type or "",
            text=item.text,
            tokens=item.unit.text.tokens,
            important=item.unit.priority is Priority.IMPORTANT,
            name=item.unit.row.name or "",
        )
        for item in run
        if item.unit.size
    ]
    return sorted(found, key=lambda original: not original.important)
