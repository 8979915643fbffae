"""The ``tract`` command: the command table in a terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tract_nb.errors import CommandError, TractError
from tract_nb.model.table import shown as clean
from tract_nb.notebook import dispatch
from tract_nb.notebook.commands import TAKES_BODY
from tract_nb.notebook.desk import Desk
from tract_nb.notebook.words import Word
from tract_nb.store import schema
from tract_nb.store.database import locate
from tract_nb.store.upgrade import BACKUP
from tract_nb.tract import Tract

if TYPE_CHECKING:
    import pandas as pd

VARIABLE = "TRACT_NB_DB"
HEADER = 72  # bytes of a SQLite file up to the end of its application id
EPILOGUE = """
In a terminal the database is --db PATH, else $TRACT_NB_DB, else the one tract database in this
folder. `tract user -` reads the text from standard input."""


#: commands that may make the database they are given; the others want one that is there
MAKES = frozenset({"open", "import", "user", "system", "assistant", "chat"})


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 after an error in two lines on standard error."""
    given = list(sys.argv[1:] if argv is None else argv)
    say = partial(print, file=sys.stderr)
    before, Tract.listener = Tract.listener, say
    desk = Desk(say=say, ask=ask if sys.stdin.isatty() else None)
    try:
        path = take_db(given)
        # a word with a space in it was quoted: it is text, whatever it begins with
        words = [Word(word, is_text=" " in word) for word in given]
        desk.open_one = lambda: Tract.open(existing(path, words) if path else the_one())
        if len(words) > 1 and words[-1] == "-" and words[0] in TAKES_BODY and all_before_are_refs(words):
            desk.body = sys.stdin.read().removesuffix("\n")
            words.pop()
        value = dispatch.run(desk, words)
        if value is not None:
            print(shown(value))
        if not words or words[0] in ("help", "--help", "-h"):
            print(EPILOGUE)
        sys.stdout.flush()
    except TractError as error:
        red, plain = ("\x1b[31m", "\x1b[0m") if sys.stderr.isatty() else ("", "")
        say(f"{red}{type(error).__name__}{plain}: {in_terminal(clean(str(error)))}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; nothing is half done")
        return 130
    except BrokenPipeError:
        # the reader (head, less) has seen enough; the interpreter must not write to it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        Tract.listener = before  # called from a program, it must not go on talking there
    return 0


def ask(question: str) -> bool:
    """Ask whoever sits at the terminal."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def all_before_are_refs(words: Sequence[str]) -> bool:
    """Tell whether a last ``-`` stands for the text: alone, or behind the unit that edit names."""
    return len(words) == (3 if words[0] == "edit" else 2)


def existing(path: str, words: Sequence[str]) -> str:
    """Return the path of a database; one that is not there only for a command that may make it."""
    file = locate(path)
    if file is not None and not file.exists() and (not words or words[0] not in MAKES):
        raise CommandError(f"There is no database {path}.", f"Make one: tract open {path}.")
    return path


#: how a hint that speaks of a notebook or of Python says it in a terminal
IN_TERMINAL = (
    (re.compile(r"%%?tract "), "tract "),
    (re.compile(r'\bt\.user\("\.\.\."\)'), 'tract user "..."'),
    (re.compile(r"\bt\.(branch|switch)\('([^']*)'\)"), r"tract \1 \2"),
)


def in_terminal(text: str) -> str:
    """Return an error's text with what a person types in a terminal."""
    for pattern, words in IN_TERMINAL:
        text = pattern.sub(words, text)
    return text


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
    found = [path for path in sorted(Path().iterdir()) if is_tract(path) and path.suffix != BACKUP]
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
    return clean(frame_text(value) if hasattr(value, "to_string") else str(value))


def frame_text(frame: pd.DataFrame) -> str:
    """Return a DataFrame as plain columns, whole, with long texts cut."""
    if frame.empty:
        return f"nothing ({', '.join(frame.columns)})"
    plain = frame.copy()
    for name in plain.columns:
        if str(plain[name].dtype).startswith("datetime64"):
            plain[name] = plain[name].dt.strftime("%Y-%m-%d %H:%M:%S")
        elif str(plain[name].dtype) == "Int64":
            plain[name] = plain[name].astype("str")  # it alone would say <NA> where nothing is known
    return plain.to_string(index=False, na_rep="", max_colwidth=60)


if __name__ == "__main__":
    sys.exit(main())
