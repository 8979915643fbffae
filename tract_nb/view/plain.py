"""Tables that need neither style nor script: text of a fixed width, and the same as plain HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tract_nb.model.table import NO_MATHS, cell_html

EIGHTHS = "▏▎▍▌▋▊▉█"
NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table whose columns have the same width in every host: the cells are filled up with blanks.

    Parameters
    ----------
    heads : tuple of str
        What stands over the columns; a head that begins with ``>`` says that its column is of figures.
    rows : tuple of tuple of str
        The cells, each in one line.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def _columns(self) -> tuple[list[str], list[bool], list[int]]:
        names = [head.removeprefix(">") for head in self.heads]
        right = [head.startswith(">") for head in self.heads]
        widths = [max(map(len, column)) for column in zip(names, *self.rows, strict=True)]
        return names, right, widths

    def _filled(self) -> list[list[str]]:
        names, right, widths = self._columns()
        return [
            [
                cell.rjust(width) if is_right else cell.ljust(width)
                for cell, is_right, width in zip(line, right, widths, strict=True)
            ]
            for line in (names, *self.rows)
        ]

    def text(self) -> list[str]:
        """Return its lines."""
        return ["  ".join(cells).rstrip() for cells in self._filled()]

    def html(self) -> str:
        """Return it as a table without style, class or id; no-break blanks keep the columns."""
        head, *body = [[_samp(cell) for cell in cells] for cells in self._filled()]
        heads = "".join(f'<th scope="col">{cell}</th>' for cell in head)
        rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>" for cells in body)
        return (
            f'<table border="0" cellpadding="2" cellspacing="0"{NO_MATHS}><thead><tr>{heads}</tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )


def _samp(cell: str) -> str:
    # no-break blanks: a host neither folds them nor breaks the line at them
    return f"<samp>{cell_html(cell.replace(' ', NO_BREAK))}</samp>"


def bar(value: int, most: int, width: int = 10) -> str:
    """Return a bar in eighths of a character; what is little and not nothing shows as a hair."""
    eighths = round(8 * width * value / most) if most else 0
    if value and not eighths:
        eighths = 1
    return "█" * (eighths // 8) + (EIGHTHS[eighths % 8 - 1] if eighths % 8 else "")


def cut(line: str, width: int) -> str:
    """Return a line of at most ``width`` characters; a path keeps its end, which tells it from others."""
    if len(line) <= width:
        return line
    is_path = "/" in line and " " not in line
    return f"…{line[1 - width :]}" if is_path else f"{line[: width - 1]}…"


def paragraph(text: str) -> str:
    """Return a text as a paragraph."""
    return f"<p{NO_MATHS}>{cell_html(text)}</p>"


def block(lines: Sequence[str]) -> str:
    """Return lines whose columns matter as HTML without style."""
    return f"<pre{NO_MATHS}>{cell_html(chr(10).join(lines))}</pre>"
