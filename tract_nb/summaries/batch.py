"""The training samples of a folder: a sequence, as tables, and as examples for DSPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, overload

from tract_nb.errors import TractError
from tract_nb.model.table import Column, Table
from tract_nb.model.training import SuiteResult, TrainingSample
from tract_nb.trace.frames import Unread
from tract_nb.trace.sample_parts import TRACE, sound

if TYPE_CHECKING:
    import pandas as pd

#: what was known before anybody judged: what an example is given, the rest being what is learnt
INPUTS = ("plan_id", "tool", "model", "plan", "prompts", "code_trace", "tests_before", "tests_after")

_PLAN_ID = Column("plan_id", "str", "the sample's folder")
_SCORE = Column("score", "float64", "the judges' scores by their weights; missing where nobody scored")
_SIZES = (
    Column("trace_size", "int64", "bytes of the trace"),
    Column("code_trace_size", "int64", "bytes of what stands for it in the sample"),
    Column("code_trace_from", "str", "summary, structure (no model told of it), trace or none"),
    Column("share_verbatim", "float64", "of the quotes, those that stand in the trace word by word"),
    Column("cost", "float64", "what making the summary cost, in US dollars"),
    Column("is_new", "bool", "the summary was made now; else it was there and still held"),
)


class SampleTable(Table):
    """One row a sample, with its texts."""

    columns: ClassVar[tuple[Column, ...]] = (
        _PLAN_ID,
        Column("tool", "str", "the agent's tool"),
        Column("model", "str", "the agent's model"),
        _SCORE,
        Column("plan", "str", "what was to be done"),
        Column("prompts", "object", "the prompts that were used, a dict by their names"),
        Column("code_trace", "str", "what the agent did: the trace's summary, or the whole"),
        Column("human_feedback", "str", "what a person said of it"),
        Column("judge_results", "str", "what the judges said, as markdown"),
        Column("tests_before", "str", "what came of the tests before, as markdown"),
        Column("tests_after", "str", "and after"),
        *_SIZES,
        Column("quotes", "Int64", "lines that the summary quotes"),
        Column("secrets_replaced", "int64", "likely secrets that were replaced while it was loaded"),
        Column("missing", "str", "parts that its folder does not have"),
        Column("fingerprint", "str", "one SHA-256 over all files that it was made from"),
        Column("folder", "str", "where it was loaded from"),
    )


class LoadTable(Table):
    """One row a sample, loaded or not, with what became of it."""

    columns: ClassVar[tuple[Column, ...]] = (
        _PLAN_ID,
        _SCORE,
        Column("passed_before", "Int64", "tests that passed before"),
        Column("passed_after", "Int64", "tests that passed after"),
        *_SIZES,
        Column("error", "str", "why it could not be loaded; missing where it was"),
    )


@dataclass(frozen=True, slots=True, repr=False)
class TrainingBatch(Sequence[TrainingSample]):
    """The training samples of a folder, and what could not be loaded.

    Parameters
    ----------
    samples : tuple of TrainingSample
        By the names of their folders.
    errors : Unread
        The others: path and error. ``errors.to_frame()`` is a DataFrame.
    """

    samples: tuple[TrainingSample, ...]
    errors: Unread

    def __len__(self) -> int:
        return len(self.samples)

    @overload
    def __getitem__(self, index: int) -> TrainingSample: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[TrainingSample, ...]: ...
    def __getitem__(self, index: int | slice) -> TrainingSample | tuple[TrainingSample, ...]:
        return self.samples[index]

    def to_frame(self) -> pd.DataFrame:
        """Return the samples that were loaded, with the columns of :class:`SampleTable`."""
        return SampleTable(tuple(map(_sample_row, self.samples))).to_frame()

    def table(self) -> LoadTable:
        """Return a row for every sample, loaded or not."""
        loaded = {str(sample.folder): _load_row(sample) for sample in self.samples}
        failed = {path: _failed_row(path, error) for path, error in self.errors.rows}
        return LoadTable(tuple(row for _, row in sorted((loaded | failed).items())))

    def to_dspy(self, inputs: Sequence[str] = INPUTS) -> list[Any]:
        """Return the samples as examples for DSPy.

        Every field is a text but ``score``, a number: plan_id, tool, model, plan, prompts (each under a
        heading), code_trace, tests_before, tests_after, human_feedback, judge_results, score.

        Parameters
        ----------
        inputs : sequence of str
            The fields that a program is given; the others are its labels. By default all that was known
            before anybody judged.

        Returns
        -------
        list of dspy.Example

        Raises
        ------
        TractError
            If dspy is not installed, or an input is no field.
        """
        try:
            import dspy  # takes seconds, and not everybody has it
        except ImportError as missing:
            raise TractError(
                f"to_dspy needs dspy, which cannot be imported ({missing}).", "Install it: pip install dspy."
            ) from missing
        given = [inputs] if isinstance(inputs, str) else list(inputs)
        odd = [str(name) for name in given if name not in _EXAMPLE]
        if odd:
            raise TractError(f"An example has no field {', '.join(odd)}.", f"It has {', '.join(_EXAMPLE)}.")
        return [dspy.Example(**_example(sample)).with_inputs(*given) for sample in self.samples]

    def __repr__(self) -> str:
        said = f"{len(self.samples)} training sample{'' if len(self.samples) == 1 else 's'}"
        failed = len(self.errors)
        if failed:
            said += f", {failed} could not be loaded (.errors)"
        return f"{said}\n{self.table()!r}"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


# -- rows and examples ------------------------------------------------------------------------------


def _sizes(sample: TrainingSample) -> tuple[Any, ...]:
    facts = sample.summary
    sizes = (sample.trace_size, sample.code_trace_size, sample.code_trace_from)
    if facts is None:
        return (*sizes, None, None, False)
    return (*sizes, facts.share_verbatim, facts.cost, facts.is_new)


def _text(suite: SuiteResult | None) -> str:
    return "" if suite is None else suite.text


def _sample_row(sample: TrainingSample) -> tuple[Any, ...]:
    return (
        *(sample.plan_id, sample.tool, sample.model, sample.score, sample.plan, dict(sample.prompts)),
        *(sample.code_trace, sample.human_feedback, sample.judge_results),
        *(_text(sample.tests_before), _text(sample.tests_after), *_sizes(sample)),
        None if sample.summary is None else sample.summary.quotes,
        *(sample.secrets_replaced, ", ".join(sample.missing), sample.fingerprint, str(sample.folder)),
    )


def _load_row(sample: TrainingSample) -> tuple[Any, ...]:
    passed = [None if suite is None else suite.passed for suite in (sample.tests_before, sample.tests_after)]
    return (sample.plan_id, sample.score, *passed, *_sizes(sample), None)


def _failed_row(path: str, error: str) -> tuple[Any, ...]:
    trace = Path(path, TRACE)
    size = trace.stat().st_size if trace.is_file() else 0
    line = " ".join(error.split())
    name = sound(Path(path).resolve().name)
    return (name, None, None, None, size, 0, "none", None, None, False, sound(line))


def _example(sample: TrainingSample) -> dict[str, Any]:
    prompts = "\n\n".join(f"# {name}\n\n{text.strip()}" for name, text in sample.prompts.items())
    return {
        "plan_id": sample.plan_id,
        "tool": sample.tool,
        "model": sample.model,
        "plan": sample.plan,
        "prompts": prompts,
        "code_trace": sample.code_trace,
        "tests_before": _text(sample.tests_before),
        "tests_after": _text(sample.tests_after),
        "human_feedback": sample.human_feedback,
        "judge_results": sample.judge_results,
        "score": sample.score,
    }


_EXAMPLE = (*INPUTS, "human_feedback", "judge_results", "score")
