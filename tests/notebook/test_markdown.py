"""Foreign markdown becomes prose, and nothing that acts."""

from __future__ import annotations

import pytest

from tests.notebook.helpers import HOSTILE, page
from tract_nb.notebook.html import ATTRIBUTES, ELEMENTS, LONGEST, markdown

KEPT = {"target", "rel", *(name for names in ATTRIBUTES.values() for name in names)}


def test_prose_is_rendered():
    html = markdown("# Tides\n\n**High** at `noon`:\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert html is not None
    assert "<h1>Tides</h1>" in html
    assert "<strong>High</strong> at <code>noon</code>" in html
    assert html.count("<li>") == 2
    assert "<td>2</td>" in html


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("around", ["{}", "> {}", "- {}", "`{}`", "```html\n{}\n```", "[{}](https://a.b)"])
def test_hostile_text_is_text(text: str, around: str):
    html = markdown(around.replace("{}", text))
    assert html is not None
    read = page(html)
    assert set(read.elements) <= ELEMENTS
    assert {name for name, _ in read.attributes} <= KEPT
    assert not [value for _, value in read.attributes if (value or "").startswith("javascript:")]


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "ftp://example.org/x"]
)
def test_a_link_leads_to_a_page_or_nowhere(address: str):
    html = markdown(f"[here]({address})")
    assert html is not None
    assert f'href="{address}"' not in html
    assert "here" in html


def test_a_link_is_opened_apart_from_the_page():
    html = markdown("[here](https://example.org/?cost=$5)")
    assert html is not None
    assert 'href="https://example.org/?cost=$5"' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


def test_an_image_is_not_fetched():
    html = markdown("![a <b>chart</b>](https://example.org/x.png)")
    assert html is not None
    assert "<img" not in html
    assert "[image: a &lt;b&gt;chart&lt;/b&gt;]" in html


def test_money_is_no_maths():
    html = markdown("it costs $5 and `$10`")
    assert html == "<p>it costs <span>$</span>5 and <code><span>$</span>10</code></p>\n"


def test_a_text_too_long_to_render_is_left_as_it_is():
    assert markdown("a" * (LONGEST + 1)) is None
