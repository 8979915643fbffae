"""Ways: what each strategy of compress would make of the context, by the plan that it would carry out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from math import ceil
from typing import Any, NamedTuple

from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.model.advice import NOW, Ways
from tract_nb.model.content import Dialogue
from tract_nb.model.group import STRUCTURAL, SUMMARIZE
from tract_nb.operations import shortening
from tract_nb.operations.masking import MASK, Mask
from tract_nb.operations.shortening import Summaries
from tract_nb.operations.workspace import Workspace
from tract_nb.view.imagining import cover_rows, known, mask_rows
from tract_nb.view.outlook import LastCall, Outlook, priced, units_sent

PRICE_DIGITS = 6  # a millionth of a dollar


class Way(NamedTuple):
    """What a strategy would make of a history, as far as its commits alone say.

    Parameters
    ----------
    strategy : str
        now, mask, structural or summarize.
    units : int
        How many units lines or summaries would stand for.
    size : int
        Tokens of what would be sent, the messages' overhead included.
    begins : tuple of Unit
        What would be sent, up to the first text that was never committed: no provider has seen that.
    groups : tuple of tuple of int
        Of summarize the tokens of each group's messages.
    """

    strategy: str
    units: int
    size: int
    begins: tuple[Unit, ...]
    groups: tuple[tuple[int, ...], ...] = ()


def ways_of(ws: Workspace, history: Snapshot, masks: Sequence[Mask]) -> tuple[Way, ...]:
    """Return what each strategy would make of a history, with the range that compress takes by itself.

    ``masks`` are those of that range.
    """
    written, expected = shortening.by_drafts(ws, history), shortening.by_a_model(history)
    said = [Dialogue(role="user", text=text) for text in written.texts]
    groups = tuple(tuple(unit.text.tokens for unit in run if unit.size) for run in expected.runs)
    return (
        _way(MASK, len(masks), history.imagined(*mask_rows(ws, masks))),
        _covered(ws, history, STRUCTURAL, written, known(ws, said)),
        _covered(ws, history, SUMMARIZE, expected, [None] * len(groups))._replace(groups=groups),
    )


def _covered(
    ws: Workspace, history: Snapshot, strategy: str, by: Summaries, blobs: Sequence[int | None]
) -> Way:
    rows = cover_rows(ws, by.runs, by.tokens, blobs)
    return _way(strategy, len(by.units), history.imagined(*rows))


def _way(strategy: str, units: int, after: Snapshot) -> Way:
    begins = takewhile(lambda unit: unit.text.blob is not None, units_sent(after))
    return Way(strategy, units, after.size, tuple(begins))


# -- prices -------------------------------------------------------------------------------------------


def table(ws: Workspace, call: LastCall, history: Snapshot, ways: Iterable[Way], model: str | None) -> Ways:
    """Return the ways with what they save and cost by the last call recorded, beside the history as it is."""
    now = call.outlook(history)
    rows = [_row(NOW, 0, now, now, 0.0)]
    for way in ways:
        after = call.outlook_of(way.size, way.begins) if way.units else now
        making, writer = _making(ws, way, model) if way.groups else (0.0, None)
        rows.append(_row(way.strategy, way.units, now, after, making, writer))
    return Ways(tuple(rows))


def _row(
    strategy: str, units: int, now: Outlook, after: Outlook, making: float | None, writer: str | None = None
) -> tuple[Any, ...]:
    return (
        strategy,
        units,
        after.tokens,
        now.tokens - after.tokens,
        after.cached,
        _rounded(after.next),
        _rounded(after.later),
        _rounded(making),
        _paid_back(now, after, making) if units else None,
        strategy == SUMMARIZE,
        writer,
    )


def _making(ws: Workspace, way: Way, model: str | None) -> tuple[float | None, str | None]:
    """Return what a model would take for its summaries, and who that is."""
    expected = ws.expects(way.groups, model) if ws.expects is not None else None
    if expected is None:
        return None, None
    price, _ = priced(ws, expected.model)
    if price is None:
        return None, expected.model
    return expected.input * price.input + expected.output * price.output, expected.model


def _paid_back(now: Outlook, after: Outlook, making: float | None) -> int | None:
    """Return after how many calls a way has cost less than staying as it is; None where it never will."""
    if now.next is None or after.next is None or making is None:
        return None
    extra = making + after.next - now.next
    if extra <= 0:
        return 1
    if now.later is None or after.later is None or after.later >= now.later:
        return None
    return 1 + ceil(extra / (now.later - after.later))


def _rounded(dollars: float | None) -> float | None:
    return None if dollars is None else round(dollars, PRICE_DIGITS)
