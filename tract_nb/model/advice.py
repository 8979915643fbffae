"""Advice: what compressing would save and cost, and which outputs nobody needs any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tract_nb.model.listing import counted
from tract_nb.model.table import NO_MATHS, Column, Table, cell_html

if TYPE_CHECKING:
    import pandas as pd

NOW = "now"
REASONS = SUPERSEDED, UNREFERENCED = "superseded", "unreferenced"


class Ways(Table):
    """What each way of compressing would save and cost, beside the context as it is."""

    __slots__ = ()

    columns = (
        Column("strategy", "str", "now: the context as it is; mask, structural, summarize: after compress()"),
        Column("units", "int64", "how many units lines or summaries would stand for"),
        Column("tokens", "int64", "what would be sent, as the provider counts it"),
        Column("saved", "int64", "tokens less than now"),
        Column("cached", "int64", "how many of the tokens, from the start, the provider has in its cache"),
        Column("next", "Float64", "price of the next call's input in US dollars; missing without a price"),
        Column("later", "Float64", "price of the input of each call after it; missing before a first call"),
        Column("making", "Float64", "price of writing it in US dollars; missing where it is not known"),
        Column("calls", "Int64", "after how many calls it has paid for itself; missing where it never does"),
        Column("estimate", "bool", "whether its figures are an estimate: nobody has written the summary yet"),
        Column("model", "str", "who would write it; missing where nobody is asked or named"),
    )


class Outputs(Table):
    """Outputs of tools that nobody needs any more, what masking saves most first."""

    __slots__ = ()

    columns = (
        Column("commit", "str", "the first 12 digits of the output's hash"),
        Column(
            "reason",
            "str",
            "superseded: a later call did the same again, or wrote the file; unreferenced: nothing that is "
            "sent later has one of its identifiers",
        ),
        Column("how", "str", "read again, written later, run again, called again; missing where it is not"),
        Column("by", "str", "the first 12 digits: what superseded it; missing where nothing did"),
        Column("name", "str", "the tool"),
        Column("behind", "int64", "how many units that are sent stand behind it"),
        Column("tokens", "int64", "what it takes, the message's overhead included"),
        Column("saved", "int64", "what a mask of it saves"),
        Column("preview", "str", "what its call was about, in one line"),
    )


@dataclass(frozen=True, slots=True, repr=False)
class Advice:
    """What compressing the context would save and cost, and which outputs nobody needs any more.

    Parameters
    ----------
    ways : Ways
        A row for the context as it is, and one for each strategy.
    outputs : Outputs
        A row for each output that was superseded, or that nothing refers to.
    prices : str
        Why there are no prices; empty where there are.
    """

    ways: Ways
    outputs: Outputs
    prices: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return the outputs as a DataFrame, to select from: ``t.compress(commits=..., strategy="mask")``."""
        return self.outputs.to_frame()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not known, and that there is nothing to do where there is nothing; a sentence each."""
        if not any(row.tokens for row in self.ways):
            return ("Nothing is sent, so there is nothing to compress.",)
        said = [self.prices] if self.prices else []
        if not any(row.units for row in self.ways):
            said.append("Nothing to compress: all but the newest units are pinned, summarised or short.")
        if not self.outputs:
            said.append("No output was superseded, and none was found that nothing refers to again.")
        for way in self.ways:
            if way.estimate and way.units:
                said.append(f"{way.strategy} is an estimate: how long a summary would be, nobody knows yet.")
                said += [why for why in (self._unpriced(way.making, way.model),) if why]
        return tuple(said)

    def _unpriced(self, making: float | None, model: str | None) -> str:
        """Return why it is not known what writing summaries costs; empty where it is, or was said before."""
        if making is not None or (self.prices and (model is None or model in self.prices)):
            return ""
        why = f"no price is known for {model!r}" if model else "no model is named to write it"
        return f"What writing it would cost is not known: {why}."

    @property
    def says(self) -> tuple[str, ...]:
        """What the tables do not say, a sentence each."""
        said = list(self.notes)
        for reason in REASONS:
            rows = [row for row in self.outputs if row.reason == reason]
            saved = sum(row.saved for row in rows)
            if rows:
                are = ("was", "is") if len(rows) == 1 else ("were", "are")
                what = f"{are[0]} superseded" if reason == SUPERSEDED else f"{are[1]} never referred to again"
                said.append(f"{counted(len(rows), 'output')} {what}: masking saves {saved:,} tokens.")
        return tuple(said)

    def __repr__(self) -> str:
        parts = [repr(self.ways), "\n".join(self.says)]
        parts += [repr(self.outputs)] if self.outputs else []
        return "\n\n".join(part for part in parts if part)

    def _repr_html_(self) -> str:
        said = "".join(f"<p{NO_MATHS}>{cell_html(line)}</p>" for line in self.says)
        return f"{self.ways._repr_html_()}{said}{self.outputs._repr_html_() if self.outputs else ''}"
