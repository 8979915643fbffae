"""Training samples: one run of an agent with its plan, its prompts and how it was judged."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tract_nb.model.table import NO_MATHS, table_html

Source = Literal["summary", "structure", "trace", "none"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Judge(_Value):
    """What one judge said of a run.

    Parameters
    ----------
    name : str
        As it calls itself.
    score : float or None
        As it was given, 1 usually being the best.
    weight : float or None
        Its part in the sample's score.
    feedback : str
        Why, as markdown.
    """

    name: str
    score: float | None = None
    weight: float | None = None
    feedback: str = ""

    @property
    def text(self) -> str:
        """All of it as markdown."""
        score = "no score" if self.score is None else f"{self.score:.2f}"
        weight = "" if self.weight is None else f" (weight {self.weight:.2f})"
        return f"## {self.name}: {score}{weight}\n\n{self.feedback.strip()}".strip()


class SuiteResult(_Value):
    """What came of running a project's tests.

    Parameters
    ----------
    command : str
        What was run.
    exit_code, total, passed, failed : int or None
        None where it was not recorded.
    others : dict
        What else was recorded, by the recording tool's own names.
    """

    command: str = ""
    exit_code: int | None = None
    total: int | None = None
    passed: int | None = None
    failed: int | None = None
    others: dict[str, Any] = {}

    @property
    def line(self) -> str:
        """The figures in a few words."""
        if self.passed is None and self.failed is None:
            return "not recorded"
        total = self.total if self.total is not None else (self.passed or 0) + (self.failed or 0)
        return f"{total - (self.failed or 0) if self.passed is None else self.passed} of {total} passed"

    @property
    def text(self) -> str:
        """All of it as markdown: the figures, then what was written about them."""
        how = [f"`{self.command}`"] if self.command else []
        how += [] if self.exit_code is None else [f"exit code {self.exit_code}"]
        parts = [self.line + (f" ({', '.join(how)})" if how else "")]
        for name, value in self.others.items():
            if value not in ("", None, []):
                title = name.replace("_", " ").capitalize()
                parts.append(f"{title}: {value}" if isinstance(value, str) else f"{title}:\n{_listed(value)}")
        return "\n\n".join(parts)


def _listed(value: Any) -> str:
    """Return what is no text as lines of markdown."""
    lines = []
    for item in value if isinstance(value, list) else [value]:
        fields = [f"{key}: {_word(one)}" for key, one in item.items()] if isinstance(item, dict) else ()
        lines.append(f"- {'; '.join(fields) or _word(item)}")
    return "\n".join(lines)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class SummaryFacts(_Value):
    """What a summary of a trace says of itself.

    Parameters
    ----------
    model : str or None
        Who wrote the narrative; None where nobody did, or another tool did not say.
    is_new : bool
        It was made when the sample was loaded; else it was there and still held.
    quotes, quotes_verbatim : int or None
        Lines that it quotes, and those of them that stand in the trace word by word.
    share_verbatim : float or None
        The second by the first; None where nothing is quoted.
    cost : float or None
        What making it cost, in US dollars; None where nobody knows.
    """

    model: str | None = None
    is_new: bool = False
    quotes: int | None = None
    quotes_verbatim: int | None = None
    share_verbatim: float | None = None
    cost: float | None = None


class TrainingSample(_Value):
    """One run of an agent: what it was given, what it did, and how that was judged.

    Likely secrets are placeholders in all of its texts, unless it was loaded with ``redact=False``. What
    its folder does not have is empty, and named in ``missing``.

    Parameters
    ----------
    plan_id : str
        The folder's name.
    folder : pathlib.Path
        Where it was loaded from.
    plan : str
        What was to be done: ``plan.md``.
    prompts : dict of str
        The prompts that were used, by the names of their files without ``.md``: ``prompts/``.
    code_trace : str
        What the agent did: the summary of the trace, or the whole where summaries are off.
    code_trace_from : {"summary", "structure", "trace", "none"}
        What ``code_trace`` is: a summary that was written, one of the structure alone, the whole trace, or
        nothing, since there is no trace.
    human_feedback : str
        What a person said of it: ``human_feedback.md``.
    judges : tuple of Judge
        What judges said of it, by name: ``judge_*.json``, else ``judge_*.md``.
    tests_before, tests_after : SuiteResult or None
        The project's tests before and after: ``test_results_before.json``, ``test_results_after.json``.
    tool, model : str
        Who did it: ``metadata.json``.
    metadata : dict
        Everything else that stands there.
    prompt_fingerprint, eval_fingerprint : str
        What the recording tool knows its prompts and its judges by.
    fingerprints : dict of str
        The SHA-256 of every file that this was made from, by its path in the folder.
    summary : SummaryFacts or None
        What the summary says of itself; None without one.
    trace_size, code_trace_size : int
        Bytes of the trace's file, and of ``code_trace`` as UTF-8.
    secrets_replaced : int
        Likely secrets that were replaced while it was loaded; not those that the summary had replaced.
    missing : tuple of str
        Parts that the folder does not have.
    """

    plan_id: str
    folder: Path
    plan: str = ""
    prompts: dict[str, str] = {}
    code_trace: str = ""
    code_trace_from: Source = "none"
    human_feedback: str = ""
    judges: tuple[Judge, ...] = ()
    tests_before: SuiteResult | None = None
    tests_after: SuiteResult | None = None
    tool: str = ""
    model: str = ""
    metadata: dict[str, Any] = {}
    prompt_fingerprint: str = ""
    eval_fingerprint: str = ""
    fingerprints: dict[str, str] = {}
    summary: SummaryFacts | None = None
    trace_size: int = 0
    code_trace_size: int = 0
    secrets_replaced: int = 0
    missing: tuple[str, ...] = ()

    @property
    def judge_results(self) -> str:
        """What all judges said, as markdown."""
        return "\n\n".join(judge.text for judge in self.judges)

    @property
    def score(self) -> float | None:
        """The judges' scores by their weights, alike where one has none; None where nobody scored."""
        scored = [judge for judge in self.judges if judge.score is not None]
        weights = [judge.weight for judge in scored]
        known = [weight for weight in weights if weight is not None]
        if len(known) < len(weights) or sum(known) <= 0:
            known = [1.0] * len(scored)
        total = sum((judge.score or 0.0) * weight for judge, weight in zip(scored, known, strict=True))
        return round(total / sum(known), 10) if known else None

    @property
    def fingerprint(self) -> str:
        """One SHA-256 over ``fingerprints``: the same while no file changes."""
        said = "".join(f"{value}  {name}\n" for name, value in sorted(self.fingerprints.items()))
        return sha256(said.encode("utf-8", "replace")).hexdigest()

    def _facts(self) -> list[tuple[str, str]]:
        """Return what is shown of it, by name."""
        size = f"{self.code_trace_size:,} of {self.trace_size:,} bytes, {self.code_trace_from}"
        facts = [("code_trace", size if self.code_trace_from != "none" else "none")]
        share = None if self.summary is None else self.summary.share_verbatim
        if share is not None:
            facts.append(("quotes verbatim", f"{share:.0%}"))
        facts.append(("score", "none" if self.score is None else f"{self.score:.2f}"))
        suites = (("tests before", self.tests_before), ("tests after", self.tests_after))
        facts += [(name, suite.line) for name, suite in suites if suite is not None]
        return facts + ([("missing", ", ".join(self.missing))] if self.missing else [])

    def __repr__(self) -> str:
        said = "; ".join(f"{name} {value}" for name, value in self._facts())
        return f"<TrainingSample {self.plan_id}: {said}>"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return f"<div{NO_MATHS}>{table_html([('plan_id', self.plan_id), *self._facts()])}</div>"
