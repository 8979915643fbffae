"""Tables: values that are rows, with columns that say what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
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

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

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
        names = ", ".join(column.name for column in self.columns)
        return f"{type(self).__name__}({len(self.rows)} rows: {names})"

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


def cell_html(value: Any) -> str:
    """Return a value as HTML that no host reads as markup or as maths."""
    return escape("" if value is None else str(value)).replace("$", "<span>$</span>")
