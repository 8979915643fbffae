"""Tables: values that are rows, with columns that say what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
        head = "".join(f'<th scope="col">{escape(column.name)}</th>' for column in self.columns)
        body = "".join(
            f"<tr>{''.join(f'<td>{cell_html(cell)}</td>' for cell in row)}</tr>" for row in self.rows
        )
        return f'<table border="0"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def cell_html(value: Any) -> str:
    """Return a value as HTML that no host reads as markup or as maths."""
    return escape("" if value is None else str(value)).replace("$", "<span>$</span>")
