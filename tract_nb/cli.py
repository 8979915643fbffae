"""The ``tract`` command: the command table in a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tract_nb.errors import CommandError, TractError
from tract_nb.notebook import dispatch
from tract_nb.notebook.commands import TAKES_BODY
from tract_nb.notebook.desk import Desk
from tract_nb.store import schema
from tract_nb.tract import Tract

if TYPE_CHECKING:
    import pandas as pd

VARIABLE = "TRACT_NB_DB"
HEADER = 72  # bytes of a SQLite file up to the end of its application id
EPILOGUE = """
In a terminal the database is --db PATH, else $TRACT_NB_DB, else the one tract database in this
folder. `tract user -` reads the text from standard input."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 after an error in two lines on standard error."""
    words = list(sys.argv[1:] if argv is None else argv)
    Tract.listener = lambda text: print(text, file=sys.stderr)
    desk = Desk(say=Tract.listener)
    try:
        path = take_db(words)
        desk.open_one = lambda: Tract.open(path or the_one())
        if words and words[0] in TAKES_BODY and words[-1] == "-":
            desk.body = sys.stdin.read().removesuffix("\n")
            words.pop()
        value = dispatch.run(desk, words)
        if value is not None:
            print(shown(value))
        if not words or words[0] in ("help", "--help", "-h"):
            print(EPILOGUE)
    except TractError as error:
        red, plain = ("\x1b[31m", "\x1b[0m") if sys.stderr.isatty() else ("", "")
        print(f"{red}{type(error).__name__}{plain}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; nothing is half done", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # the reader (head, less) has seen enough; the interpreter must not write to it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def take_db(words: list[str]) -> str | None:
    """Take ``--db PATH`` out of the words and return the path; else the environment's."""
    for place, word in enumerate(words):
        if word == "--db":
            if place + 1 == len(words):
                raise CommandError("--db needs a path.", "Write --db work.db.")
            path = words[place + 1]
            del words[place : place + 2]
            return path
        if word.startswith("--db="):
            del words[place]
            return word.removeprefix("--db=")
    return os.environ.get(VARIABLE)


def the_one() -> Path:
    """Return the one tract database in this folder."""
    found = [path for path in sorted(Path().iterdir()) if is_tract(path)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(path.name for path in found)
        raise CommandError(f"There are {len(found)} tract databases here: {names}.", "Say which: --db PATH.")
    raise CommandError("There is no tract database in this folder.", "Make one: tract open work.db.")


def is_tract(path: Path) -> bool:
    """Tell from its header whether a file is a tract database."""
    try:
        with path.open("rb") as file:
            header = file.read(HEADER)
    except OSError:
        return False
    return header.startswith(b"SQLite format 3\0") and header[68:] == schema.APPLICATION_ID.to_bytes(4)


def shown(value: Any) -> str:
    """Return a value as a terminal shows it."""
    return frame_text(value) if hasattr(value, "to_string") else str(value)


def frame_text(frame: pd.DataFrame) -> str:
    """Return a DataFrame as plain columns, whole, with long texts cut."""
    if frame.empty:
        return f"nothing ({', '.join(frame.columns)})"
    plain = frame.copy()
    for name in plain.columns:
        if str(plain[name].dtype).startswith("datetime64"):
            plain[name] = plain[name].dt.strftime("%Y-%m-%d %H:%M:%S")
    return plain.to_string(index=False, na_rep="", max_colwidth=60)


if __name__ == "__main__":
    sys.exit(main())
