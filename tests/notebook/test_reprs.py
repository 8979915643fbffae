"""How values look: short, the same each time, and readable where HTML is stripped."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.notebook.helpers import ADDRESS, OUR_ATTRIBUTES, OUR_ELEMENTS, OUR_STYLES, Notebook, page
from tract_nb import samples, trace

SCRIPT = """
from tract_nb import Session, Tract, samples, trace
t = Tract.open()
imported = t.import_trace(samples.path())
tr = trace.read(samples.path())
summary = t.log(kind="summary")[0][0]
values = [t, imported, t.status(), t.log(), t.log()[:0], t.compile(), t.compile().messages, t.show()]
values += [t.show(summary), t.annotate("HEAD", "PINNED"), t.branches(), t.operations(), t.tracts()]
values += [t.budget(), t.graph(), t.expand(summary), t.diff("HEAD~9", "HEAD"), t.find("tide"), t.tags()]
values += [Session.of(t), tr, tr.events, next(iter(tr.events))]
values += [tr.agents, trace.structure(tr), tr.structure.calls]
values += [t.compile().messages[0], t.show().content, trace.sessions([samples.path().parent])]
"""


@pytest.fixture(scope="module")
def values() -> list[Any]:
    """One of every value that verbs and traces return."""
    namespace: dict[str, Any] = {}
    exec(SCRIPT, namespace)  # noqa: S102
    return list(namespace["values"])


def test_no_repr_holds_an_address(values: list[Any]):
    for value in values:
        assert not ADDRESS.search(repr(value)), type(value)
        assert not ADDRESS.search(str(value)), type(value)


def test_every_repr_is_short(values: list[Any]):
    for value in values:
        lines = repr(value).splitlines()
        assert len(lines) <= 60, type(value)
        assert max(map(len, lines)) <= 250, (type(value), max(lines, key=len))


def test_every_html_is_what_github_keeps(values: list[Any]):
    seen = 0
    for value in values:
        show = getattr(value, "_repr_html_", None)
        html = show() if show else None
        if not html:
            continue
        seen += 1
        read = page(html)
        assert set(read.elements) <= OUR_ELEMENTS, type(value)
        names = {name for name, value in read.attributes if not (name == "style" and value in OUR_STYLES)}
        assert names <= OUR_ATTRIBUTES, type(value)
        assert read.text.strip(), type(value)
        assert not ADDRESS.search(html), type(value)
    assert seen >= 10


def test_html_is_not_a_book(values: list[Any]):
    for value in values:
        show = getattr(value, "_repr_html_", None)
        if show and (html := show()):
            assert len(html) < 100_000, type(value)


def test_the_same_clock_gives_the_same_reprs():
    print_all = (
        SCRIPT + "print(*map(repr, values), *(v._repr_html_() for v in values if hasattr(v, '_repr_html_')))"
    )
    said = []
    for seed in ("1", "2"):
        environment = {**os.environ, "TRACT_NB_CLOCK": "2026-04-01T09:00:00Z", "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", print_all]
        said.append(
            subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        )
    assert said[0] == said[1]


def test_a_bare_tract_is_a_card(demo: Notebook):
    demo.value("%tract pin HEAD")
    said = repr(demo.value("t"))
    assert said == repr(demo.value("%tract status"))
    for word in ("branch main", "HEAD", "commits", "tokens", "1 pinned"):
        assert word in said
    recent = demo["t"].status().recent
    assert len(recent) == 5
    for row in recent:
        assert row[0][:8] in said
        assert row[0][:8] in demo["t"]._repr_html_()


def test_a_card_says_the_budget(nb: Notebook):
    nb.value("t = %tract open --budget 8000")
    assert "of 8,000 tokens" in repr(nb.value("t"))
    assert "of 8,000 tokens" in nb["t"]._repr_html_()


def test_an_export_reads_as_json_not_as_a_quoted_string(demo: Notebook):
    assert repr(demo.value("%tract export")).startswith("[")


def test_the_trace_module_is_public():
    assert trace.read(samples.path()).session_id == samples.SESSION
