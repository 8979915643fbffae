"""The strip without a page: text of a fixed width, and HTML that says all without style or script."""

from __future__ import annotations

import re

import pytest

from tests.view.test_foresight import report
from tract_nb.view.strip_text import as_html, as_text

HOSTILE = '<script>alert(1)</script> <img src=x onerror=alert(1)> $x$ \u202eevil\u202c & "quoted"'


@pytest.fixture
def session(opened):
    tract = opened(token_budget=2000, model="claude-opus-4-5-20251101")
    tract.system("Be brief.")
    tract.user("What is in a.py?")
    made = tract.tool_call("Read", {"file_path": "/app/a.py"})
    tract.tool_result(made.content.call_id, "x = 1\n" * 200)
    skipped = tract.user("never mind " * 20)
    tract.assistant("It sets x to 1.")
    report(tract, 900, 40, given=1200)
    tract.annotate(skipped, "SKIP")
    return tract


def text(tract):
    return as_text(tract.strip(), tract.takers())


def html(tract):
    return as_html(tract.strip(), tract.takers())


def test_it_says_how_full_it_is_what_it_costs_and_what_left(session):
    said = text(session)
    assert said.startswith(f"memory, branch main, HEAD {session.strip().head[:8]}: ")
    assert "of 2,000 tokens (" in said
    assert re.search(
        r"next call \$0\.\d+, then \$0\.\d+ a call, claude-opus-4-5-20251101; \d+ are cached", said
    )
    assert "left out: " in said
    assert "skipped (1 unit)" in said


def test_the_drawn_strip_has_a_letter_a_role_and_the_budget_at_its_end(session):
    lines = text(session).splitlines()
    drawn = next(line for line in lines if line.endswith("│ budget"))
    assert set(drawn.removesuffix(" budget")) <= set("░suatx·│")
    assert drawn.count("t") > drawn.count("u")
    assert next(line for line in lines if line.startswith("═")).endswith("cached")


def test_beyond_the_budget_the_line_stands_inside(opened):
    tract = opened(token_budget=100)
    with pytest.warns(match="over the budget"):
        tract.user("word " * 300)
    drawn = next(line for line in text(tract).splitlines() if set(line) <= set("u│") and line)
    assert 0 < drawn.index("│") < len(drawn) - 1
    assert "(" in text(tract).splitlines()[0]


def test_nothing_committed_says_how_to_go_on(opened):
    assert text(opened()).startswith("Nothing is committed yet.")
    assert "Nothing is committed yet." in html(opened())


def test_it_is_the_same_at_every_run(session):
    assert (text(session), html(session)) == (text(session), html(session))


def test_it_says_what_masking_all_old_outputs_would_save(session):
    for number in range(10):
        session.user(f"turn {number}")
    found = re.search(r"^old outputs +1 .* −\d+$", text(session), re.MULTILINE)
    assert found is not None


def test_the_html_has_no_style_script_svg_or_id(session):
    made = html(session)
    assert not re.search(r"<(style|script|svg)|\b(style|id|on\w+)=", made)
    assert "███" in made
    assert made.count("<table") == 4


def test_foreign_text_stays_text(opened):
    tract = opened()
    tract.user(HOSTILE)
    made = tract.tool_call(HOSTILE, {"file_path": HOSTILE})
    tract.tool_result(made.content.call_id, HOSTILE)
    out = html(tract)
    assert "<script>" not in out
    assert "<img" not in out
    assert "\u202e" not in out + text(tract)
    assert "$x$" not in out


def test_a_long_path_keeps_its_end(opened):
    tract = opened()
    tract.tool_call("Read", {"file_path": "/" + "very/" * 30 + "deep.py"})
    tract.tool_call("Read", {"file_path": "/top.py"})
    assert re.search(r"…\S*very/deep\.py", text(tract))
