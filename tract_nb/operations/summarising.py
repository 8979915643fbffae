"""Summarising: a model writes the drafts of a compression, asked again where they do not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tract_nb.engine.identifiers import missing
from tract_nb.engine.tokens import message_size
from tract_nb.errors import ContentError, TractError
from tract_nb.model.commit import Priority
from tract_nb.model.compression import Draft, Original, Rejected, Summariser
from tract_nb.model.listing import counted
from tract_nb.operations.drafting import LEAST, Plan, limits
from tract_nb.operations.masking import Item
from tract_nb.operations.workspace import Workspace

TRIES = 3  # how often a model is asked where a summary is too long, or lacks what must be preserved


def no_model() -> TractError:
    """Return the error of a summary that nobody is there to write."""
    return TractError(
        "strategy='summarize' needs a model, and none is set.",
        "Give model='gpt-4o-mini', or strategy='mask' or 'structural', or a text of your own as content.",
    )


def summarised(ws: Workspace, plan: Plan, summariser: Summariser | None) -> Plan:
    """Let a model write the drafts; what is shorter than any summary of it stays.

    Raises
    ------
    ContentError
        If a group has no summary, or none that is shorter than what it would stand for.
    """
    if summariser is None:
        raise no_model()
    plan = _worth_it(plan)
    room = limits(plan)
    drafts: dict[int, Draft] = {}
    rejected: dict[int, Rejected] = {}
    wanted = list(range(len(plan.runs)))
    for _ in range(TRIES):
        if not wanted:
            break
        drafts |= _asked_of(summariser, plan, wanted, room, rejected)
        wrong = {place: _falls_short(ws, plan, place, drafts[place], room[place]) for place in wanted}
        rejected = {place: Rejected(drafts[place], why) for place, why in wrong.items() if why}
        wanted = list(rejected)
    for place, run in enumerate(plan.runs):
        had, has = _size(run), message_size(ws.count(drafts[place].text))
        if has >= had:
            raise ContentError(
                f"The summary of group {place} has {has:,} tokens, and what it would stand for {had:,}. "
                "Nothing was changed.",
                "Say in instructions what it shall keep, or choose another model.",
            )
    return plan._replace(drafts=[drafts[place] for place in range(len(plan.runs))])


def _worth_it(plan: Plan) -> Plan:
    """Leave out the runs that are so short that nothing can be said of them in less."""
    runs = [run for run in plan.runs if _size(run) >= LEAST]
    stays = sum(len(run) for run in plan.runs) - sum(len(run) for run in runs)
    notes = [*plan.notes, f"{counted(stays, 'unit')} stayed: too short to summarise"] if stays else plan.notes
    return plan._replace(runs=runs, notes=notes)


def _size(run: Sequence[Item]) -> int:
    return sum(item.unit.size for item in run)


def _asked_of(
    summariser: Summariser,
    plan: Plan,
    wanted: Sequence[int],
    room: Sequence[int | None],
    rejected: Mapping[int, Rejected],
) -> dict[int, Draft]:
    """Return what a model writes for some of the runs, by their places."""
    written = summariser(
        [_originals(plan.runs[place]) for place in wanted],
        targets=[room[place] for place in wanted],
        preserve=[_lacks(plan, place, "") for place in wanted],
        rejected=[rejected.get(place) for place in wanted],
        instructions=plan.ask.instructions,
        model=plan.ask.model,
    )
    if len(written) != len(wanted):
        raise ContentError(f"{len(written)} summaries came for {len(wanted)} groups.", "Try again.")
    for place, draft in zip(wanted, written, strict=True):
        if draft is None or not draft.text.strip():
            raise ContentError(f"No summary came for group {place}; nothing was changed.", "Try again.")
    return {place: draft for place, draft in zip(wanted, written, strict=True) if draft is not None}


def _lacks(plan: Plan, place: int, text: str) -> list[str]:
    """Return what must be preserved of a run and does not stand in a text."""
    return missing(plan.ask.preserve, [item.text for item in plan.runs[place]], text)


def _falls_short(ws: Workspace, plan: Plan, place: int, draft: Draft, limit: int | None) -> str:
    """Tell why a draft is worth another try: too long, or without what must be preserved."""
    tokens, most = ws.count(draft.text), _size(plan.runs[place]) - message_size(0) - 1
    allowed = most if limit is None else min(limit, most)
    wrong = [f"It has {tokens:,} tokens; at most {allowed:,} are allowed."] if tokens > allowed else []
    wrong += [f"It lacks, letter by letter: {text}" for text in _lacks(plan, place, draft.text)]
    return "\n".join(wrong)


def _originals(run: Sequence[Item]) -> list[Original]:
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
