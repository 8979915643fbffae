"""Figures of traces: what is in them, counted by other means; no foreign text as markup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.llm.fakes import Fake
from tests.notebook.helpers import Notebook
from tests.trace.helpers import call, record, result, session
from tests.trace.written import put
from tract_nb import Tract, samples, trace
from tract_nb.engine.tokens import TiktokenCounter
from tract_nb.errors import TractError
from tract_nb.llm.prices import price
from tract_nb.model.price import Price
from tract_nb.notebook import trace_charts
from tract_nb.notebook.trace_timeline import timeline

__all__ = ["session"]

SAMPLE = trace.read(samples.path())


def texts(figure: Any) -> list[str]:
    """Return every text that plotly would read as its markup."""
    found = []
    for drawn in figure.data:
        for part in (drawn.customdata, drawn.text, drawn.y if drawn.type == "bar" else None):
            found += [str(text) for text in ([] if part is None else part) if isinstance(text, str)]
    return found + [str(text) for text in figure.layout.yaxis.ticktext or ()]


def drawn(tr: trace.Trace) -> list[Any]:
    return [
        timeline(tr),
        trace_charts.tokens(tr),
        trace_charts.tools(tr, TiktokenCounter()),
        trace_charts.failures(tr),
        trace_charts.cost(tr, lambda _: Price(1e-6, 1e-5, 1e-7, 1e-6)),
    ]


def test_the_look_of_all() -> None:
    for figure in drawn(SAMPLE):
        assert type(figure).__name__ == "Figure"
        assert figure.layout.width == 900
        assert figure.layout.height >= 320
        assert figure.layout.title.text is None
        assert figure.layout.showlegend is False
        assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
        assert figure.to_plotly_json()


def test_timeline_has_a_lane_for_each_conversation() -> None:
    figure = timeline(SAMPLE)
    assert figure.layout.yaxis.ticktext[0] == "main"
    assert len(figure.layout.yaxis.ticktext) == 1 + len(SAMPLE.agents)
    crosses = [mark for mark in figure.data if mark.marker.symbol == "x"]
    assert sum(len(mark.x) for mark in crosses) == len(SAMPLE.failures)
    prompts = [mark for mark in figure.data if mark.marker.symbol == "triangle-up"]
    assert sum(len(mark.x) for mark in prompts) == sum(event.is_prompt for event in SAMPLE.events)
    bars = [bar for bar in figure.data if bar.line.width == 9]
    assert sum(len(bar.x) for bar in bars) == 3 * len(SAMPLE.calls)
    hung = [way for way in figure.data if way.line.dash == "dot"]
    assert len(hung) == sum(agent.call is not None for agent in SAMPLE.agents.values()) > 0
    compactions = sum(event.kind == "compaction" for event in SAMPLE.events)
    assert len(figure.layout.shapes) == compactions > 0


def test_tokens_are_those_reported() -> None:
    figure = trace_charts.tokens(SAMPLE)
    usage = SAMPLE.usage
    assert sum(sum(line.y) for line in figure.data) == usage["input"].sum()
    assert len(figure.data) == usage["agent"].nunique(dropna=False)
    assert len(figure.layout.shapes) == sum(event.kind == "compaction" for event in SAMPLE.events)


def test_tokens_by_tool_and_file_add_up() -> None:
    counter = TiktokenCounter()
    by_tool, by_file = trace_charts.sizes(SAMPLE, counter)
    results = [event for event in SAMPLE.events if event.kind == "tool_result"]
    assert sum(by_tool.values()) == sum(counter.count(event.text) for event in results)
    assert set(by_tool) == {event.name for event in results}
    assert set(by_file) <= set(SAMPLE.files["path"])
    assert by_file
    figure = trace_charts.tools(SAMPLE, counter)
    assert sum(figure.data[0].x) == sum(sorted(by_tool.values())[-10:])


def test_failures_by_tool() -> None:
    figure = trace_charts.failures(SAMPLE)
    failed, fine = figure.data
    assert sum(failed.x) == len(SAMPLE.failures)
    assert sum(failed.x) + sum(fine.x) == len(SAMPLE.calls)


def test_cost_of_its_own_stands_apart_from_that_of_subagents() -> None:
    figure = trace_charts.cost(SAMPLE, lambda _: Price(1.0, 0.0, 1.0, 1.0))
    own, children = figure.data
    usage = SAMPLE.usage
    assert sum(own.x) == usage[usage["agent"].isna()]["input"].sum()
    assert sum(children.x) == usage[usage["agent"].notna()]["input"].sum()


def test_cost_says_what_has_no_price(tmp_path: Path) -> None:
    tr = trace.read(put(tmp_path, "claude_code"))
    with pytest.raises(TractError, match="No cost is known of this trace's 2 replies"):
        trace_charts.cost(tr, price)


def test_what_a_trace_does_not_tell_is_an_error(tmp_path: Path) -> None:
    tr = trace.read(put(tmp_path, "openai_chat"))
    for make in (timeline, trace_charts.tokens):
        with pytest.raises(TractError) as caught:
            make(tr)
        assert caught.value.hint
    plain = tmp_path / "said.json"
    plain.write_text('[{"role":"user","content":"x"}]')
    with pytest.raises(TractError, match="no call"):
        trace_charts.failures(trace.read(plain))
    with pytest.raises(TractError, match="no call"):
        trace_charts.tools(trace.read(plain), TiktokenCounter())


def test_foreign_text_is_no_markup(session: Any) -> None:
    evil = "<a href='https://example.org'>x</a> $x$"
    path = session(
        record("user", evil, "u1", None),
        record("assistant", call(evil, "t1", file_path=evil), "a1", "u1"),
        record("user", result("t1", evil, failed=True), "u2", "a1"),
    )
    for figure in drawn(trace.read(path)):
        said = texts(figure)
        assert said
        assert not any("<" in text or text.startswith("$") for text in said)


@pytest.mark.parametrize("kind", ["timeline", "tokens", "tools", "failures", "cost"])
def test_the_command_draws(nb: Notebook, kind: str) -> None:
    figure = nb.value(f"%tract trace {samples.path()} --plot {kind}")
    assert type(figure).__name__ == "Figure"
    assert figure.data


def test_the_command_scans(nb: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACT_NB_CACHE", str(tmp_path / "cache"))
    frame = nb.value(f"%tract scan {samples.path().parent}")
    assert frame[["calls", "agents"]].values.tolist() == [[len(SAMPLE.calls), len(SAMPLE.agents)]]
    assert list((tmp_path / "cache").iterdir())


def test_the_command_summarizes(nb: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACT_NB_CACHE", str(tmp_path / "cache"))
    path = put(tmp_path, "codex")
    made = nb.value(f"%tract trace summarize {path} --structure-only")
    assert made == path.with_name("rollout-1_summary.md")
    first = made.read_text()
    made.write_text(first + "changed")
    command = f"%tract trace summarize {path} --structure-only"
    assert nb.value(command).read_text() == first + "changed"
    assert nb.value(f"{command} --regenerate").read_text() == first
    fake = Fake("<narrative>\n> It reads again.\n</narrative>")
    nb["t"] = Tract.open(model="m-1", llm=fake, operation_llm={"summarize": {"temperature": 0}})
    nb.run("%tract use t")
    assert "> It reads again. [main, line" in nb.value(f"%tract trace summarize {path}").read_text()
    assert fake.configs[-1] | {"model": "m-1", "temperature": 0} == fake.configs[-1]
    nb.value(f"%tract trace summarize {path}")
    assert len(fake.sent) == 1
    nb.value(f"%tract trace summarize {path} --model m-2")
    assert fake.configs[-1]["model"] == "m-2"
    nb.value(f"%tract trace summarize {path} --model m-2 --regenerate")
    assert len(fake.sent) == 3
    for option in ("--structure-only", "--regenerate", "--model m"):
        assert "are about a summary" in str(nb.run(f"%tract trace {path} {option}").error)
    assert "takes one trace" in str(nb.run(f"%tract trace {path} {path}").error)
