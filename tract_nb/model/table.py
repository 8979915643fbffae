"""Tables: values that are rows, with columns that say what they hold."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name : str
        Short lower-case name, also the DataFrame's.
    dtype : str
        The pandas dtype it has in every frame, empty ones included.
    about : str
        What it holds and in which unit, one sentence.
    """

    name: str
    dtype: str
    about: str


#: pandas' dtype for times in UTC with microseconds, the resolution of the store
UTC = "datetime64[us, UTC]"


@dataclass(frozen=True, slots=True, repr=False)
class Table(Sequence[tuple[Any, ...]]):
    """Rows under the columns that the class declares; a frozen value.

    Parameters
    ----------
    rows : tuple of tuple
        One tuple a row, in the order of ``columns``.
    """

    columns: ClassVar[tuple[Column, ...]] = ()

    rows: tuple[tuple[Any, ...], ...]

    @classmethod
    @cache
    def row_type(cls) -> Callable[..., Any]:
        """Return the named tuple that a row is given as: ``row.tokens`` and ``row[6]`` are one."""
        return namedtuple(f"{cls.__name__}Row", [column.name for column in cls.columns])  # noqa: PYI024  by name

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self.row_type()(*row) for row in self.rows[index]]
        return self.row_type()(*self.rows[index])

    def __iter__(self) -> Iterator[Any]:
        return map(self.row_type(), *zip(*self.rows, strict=True)) if self.rows else iter(())

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a DataFrame with the declared columns and dtypes."""
        import pandas as pd  # heavy: only when a frame is asked for

        cells = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.columns)
        series = {
            column.name: pd.Series(list(values), dtype=column.dtype)
            for column, values in zip(self.columns, cells, strict=True)
        }
        return pd.DataFrame(series, columns=[column.name for column in self.columns])

    def __repr__(self) -> str:
        names = [column.name for column in self.columns]
        cells = [[_plain(value) for value in row] for row in self.rows[:REPR_ROWS]]
        widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in (names, *cells)
        ]
        more = len(self.rows) - len(cells)
        return "\n".join([*lines, f"… {more:,} more"] if more > 0 else lines)

    def _repr_html_(self) -> str:
        names = [column.name for column in self.columns]
        return table_html(self.rows, names)


#: JupyterLab would typeset \\(x\\) in foreign text; this is how pandas asks it not to
NO_MATHS = ' class="tex2jax_ignore mathjax_ignore"'
#: hosts align the cells of a table to the right, which is for figures; where a style is stripped, so
#: is nothing that matters
_LEFT = ' style="text-align:left"'


class Code(str):
    """A text that is shown in the code font."""

    __slots__ = ()


def table_html(rows: Iterable[Sequence[Any]], heads: Sequence[str] = ()) -> str:
    """Return rows as a table: texts on the left, numbers on the right, no script or id."""
    body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    head = "".join(f'<th scope="col"{_LEFT}>{escape(name)}</th>' for name in heads)
    top = f"<thead><tr>{head}</tr></thead>" if head else ""
    return f'<table border="0"{NO_MATHS}>{top}<tbody>{body}</tbody></table>'


def _cell(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"<td>{value:,}</td>"
    shown = cell_html(value)
    return f"<td{_LEFT}><samp>{shown}</samp></td>" if isinstance(value, Code) else f"<td{_LEFT}>{shown}</td>"


#: what would command a terminal or turn the order of what is read: control and bidi characters
_UNSHOWN = {
    code: "\ufffd"
    for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if chr(code) not in "\t\n\r"
}


def shown(text: str) -> str:
    """Return a text with nothing in it that a terminal would obey."""
    return text.translate(_UNSHOWN)


REPR_ROWS, REPR_WIDTH = 20, 60  # of what a plain prompt shows


def _plain(value: Any) -> str:
    """Return a cell in one line, for a plain prompt."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    line = shown(" ".join(str(value).split()))
    return line if len(line) <= REPR_WIDTH else f"{line[: REPR_WIDTH - 1]}…"


def cell_html(value: Any) -> str:
    """Return a value as HTML that no host reads as markup or as maths."""
    return escape("" if value is None else str(value)).replace("$", "<span>$</span>")
