"""Words: a line as a person wrote it, split as a shell would."""

from __future__ import annotations

from typing import Self

from tract_nb.errors import CommandError


class Word(str):
    """One word of a line; one that was quoted, or is no option for another reason, is always text."""

    __slots__ = ("is_text",)
    is_text: bool

    def __new__(cls, text: str, *, is_text: bool = False) -> Self:
        made = super().__new__(cls, text)
        made.is_text = is_text or text == "-"
        return made


class Text(str):
    """A text that shows as itself: its repr has no quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def split(line: str) -> list[Word]:
    """Return the words of a line; quotes as in a shell, backslashes as they are.

    A ``;`` at the end is nothing, as elsewhere in a notebook. (``shlex`` eats the backslashes of a
    Windows path, and does not say which words were quoted.)

    Raises
    ------
    CommandError
        If a quote is not closed.
    """
    words: list[Word] = []
    text, started, quoted, quote = "", False, False, ""
    for character in line.rstrip().removesuffix(";"):
        if quote:
            if character == quote:
                quote = ""
            else:
                text += character
        elif character in "'\"":
            quote, started = character, True
            quoted = quoted or not text  # --reason="why" is an option still
        elif character.isspace():
            if started:
                words.append(Word(text, is_text=quoted))
            text, started, quoted = "", False, False
        else:
            text += character
            started = True
    if quote:
        raise CommandError(
            "A quote is not closed in this line.", 'Close it, or put the words in the other kind: "it\'s".'
        )
    if started:
        words.append(Word(text, is_text=quoted))
    return words
