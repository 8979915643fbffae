"""The drawn history as text and as a table, for places where no script runs."""

from __future__ import annotations

from contextlib import nullcontext
from html.parser import HTMLParser

import pytest

from tests.core.stories import cover
from tract_nb.errors import TractWarning
from tract_nb.view import graph

HOSTILE = "<script>alert(1)</script> $x$ \u202eevil\u200b <b>bold</b>"


class Tags(HTMLParser):
    """Collects tags, attributes and the texts of cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.rows: list[list[str]] = []
        self.in_cell = False

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.in_cell = True
            self.rows[-1].append("")

    def handle_data(self, data):
        self.text += data
        if self.in_cell:
            self.rows[-1][-1] += data

    def handle_endtag(self, tag):
        self.in_cell = self.in_cell and tag != "samp"


def parsed(html: str) -> Tags:
    found = Tags()
    found.feed(html)
    return found


def test_the_table_needs_no_style_script_or_id_and_every_row_is_as_wide(t):
    t.user(HOSTILE)
    t.branch("side")
    t.annotate(t.user("left out").hash, "SKIP")
    found = parsed(graph.as_html(t.dag()))
    assert found.tags <= {"p", "b", "samp", "span", "table", "thead", "tbody", "tr", "th", "td"}
    assert found.attributes <= {"border", "cellpadding", "cellspacing", "scope", "class"}
    widths = [[len(cell) for cell in row] for row in found.rows]
    assert len(widths) == 3
    assert all(row == widths[0] for row in widths)


def test_hostile_text_stays_text(t):
    t.user(HOSTILE)
    html = graph.as_html(t.dag())
    assert "<script" not in html
    assert "<b>bold" not in html
    assert "$x$" not in html
    assert "\u202e" not in html + graph.as_text(t.dag())
    assert "script" not in parsed(html).tags
    assert "<script>alert(1)</script> $x$" in parsed(html).text.replace("\xa0", " ")


def test_states_are_words_and_what_is_not_sent_is_shaded(t):
    first = t.user("one two three four five")
    t.annotate(t.user("left out here and now").hash, "SKIP")
    t.annotate(first.hash, "PINNED")
    t.tool_result(t.tool_call("Read", {}).content.call_id, "no", "error")
    lines = graph.as_text(t.dag()).splitlines()
    assert "failed" in lines[1]
    assert "skipped" in lines[3]
    assert "░" in lines[3]
    assert "pinned" in lines[4]
    assert "█" in lines[4]


def test_the_text_is_the_same_at_every_run(t):
    hashes = [t.user(f"turn {number}").hash for number in range(30)]
    cover(t, hashes[:2], "short")
    first = graph.as_text(t.dag())
    assert first == graph.as_text(t.dag())
    assert first.splitlines()[0].startswith("memory  main  HEAD ")
    assert len(first.splitlines()) == 1 + graph.TABLE_ROWS + 1
    assert first.splitlines()[-1] == "newest 24 of 29 rows"
    assert "▸ 2 commits" in first


def test_an_empty_tract_says_how_to_begin(t):
    assert "nothing is committed yet" in graph.as_text(t.dag())
    assert "t.user" in parsed(graph.as_html(t.dag())).text


@pytest.mark.parametrize("budget", [None, 10])
def test_the_head_line_says_how_full_the_context_is(opened, budget):
    t = opened(token_budget=budget)
    with pytest.warns(TractWarning) if budget else nullcontext():
        t.user("one two three four five six")
    text = parsed(graph.as_html(t.dag())).text.replace("\xa0", " ")
    assert ("of 10 tokens" in text) is (budget is not None)
    assert "tokens. 1 commit." in text if budget is None else "%. 1 commit." in text


def test_of_a_filter_both_say_how_many_fit(t):
    t.user("What is it?")
    t.assistant("A lake.")
    dag = t.dag()
    dag.show_only("role:assistant")
    assert "1 of 2 commits match “role:assistant”" in graph.as_text(dag)
    assert "1 of 2 commits match “role:assistant”." in parsed(graph.as_html(dag)).text
    dag.show_only("<b>")
    assert "0 of 2 commits match “<b>”" in graph.as_text(dag), "which is not the same as an empty tract"
    assert "0 of 2 commits match “<b>”." in parsed(graph.as_html(dag)).text
