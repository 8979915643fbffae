"""Foreign markdown as HTML that can do nothing: the one place where it is rendered.

Markdown is parsed without HTML in it, then everything that is not plain prose is taken out. A link
says where it leads and is opened apart from the page; an image is not fetched, its place says what
stood there.
"""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

LONGEST = 200_000  # characters that are rendered; what is longer is shown as text
ELEMENTS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "s"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a", "span"),
}
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}, "code": {"class"}}
SCHEMES = {"http", "https", "mailto"}


def _image(renderer: RendererHTML, tokens: list[Token], place: int, *_: object) -> str:
    """Say what stood there: an image would be fetched from wherever the text says."""
    said = renderer.renderInlineAsText(tokens[place].children or [], renderer_options, {})
    return f"<em>[image: {nh3.clean_text(said or 'no words for it')}]</em>"


_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False}).enable(
    ["table", "strikethrough"]
)
renderer_options = _markdown.options
_markdown.add_render_rule("image", _image)


def markdown(text: str) -> str | None:
    """Return a text of a model or a trace as HTML for a page.

    Parameters
    ----------
    text : str
        Markdown, from anywhere.

    Returns
    -------
    str or None
        Prose, lists, tables, code and links; no script, style, image, form, id or attribute that
        acts. ``$`` stands apart, so that no host takes it for maths. None where it is over 200,000
        characters, to be shown as it is.
    """
    if len(text) > LONGEST:
        return None
    clean = nh3.clean(
        _markdown.render(text),
        tags=ELEMENTS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return _spaced(clean)


def _spaced(html: str) -> str:
    """Set ``$`` apart in text, not in addresses; no attribute that is kept holds a ``>``."""
    first, *parts = html.split("<")
    read = (part.partition(">") for part in parts)
    return _apart(first) + "".join(f"<{tag}>{_apart(said)}" for tag, _, said in read)


def _apart(text: str) -> str:
    return text.replace("$", "<span>$</span>")
