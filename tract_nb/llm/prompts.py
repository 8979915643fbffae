"""Prompts: the texts that the library sends by itself, one file each, with name, version and hash."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from tract_nb.errors import PromptError
from tract_nb.model.reply import PromptUsed

_FRONT = re.compile(r"---\r?\n(?P<front>.*?\r?\n)---\r?\n(?P<text>.*)", re.DOTALL)
_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_LIST = re.compile(r"\[(?P<items>[\w\s,]*)\]")


@dataclass(frozen=True, slots=True, repr=False)
class Prompt:
    """A prompt: a text with places for its inputs.

    Parameters
    ----------
    name : str
        What the code asks for.
    version : int
        Raised with every change of the text.
    inputs : tuple of str
        The names that stand in double braces in the text: all of them, and no others.
    text : str
        The text, places and all.
    """

    name: str
    version: int
    inputs: tuple[str, ...]
    text: str

    @property
    def hash(self) -> str:
        """The SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def used(self) -> PromptUsed:
        """What a commit keeps of it."""
        return PromptUsed(self.name, self.version, self.hash)

    def fill(self, **inputs: str) -> str:
        """Return the text with its inputs in place; what they say is never read as a place.

        Raises
        ------
        PromptError
            If an input is missing, or there is one too many.
        """
        missing, odd = set(self.inputs) - set(inputs), set(inputs) - set(self.inputs)
        if missing or odd:
            wrong = [f"lacks {', '.join(sorted(missing))}"] if missing else []
            wrong += [f"has no place for {', '.join(sorted(odd))}"] if odd else []
            raise PromptError(
                f"The prompt {self.name} {' and '.join(wrong)}.", f"Its inputs: {', '.join(self.inputs)}."
            )
        return _PLACE.sub(lambda place: inputs[place[1]], self.text)

    def __repr__(self) -> str:
        return (
            f"<Prompt {self.name} {self.version}, {self.hash[:8]}, of {', '.join(self.inputs) or 'nothing'}>"
        )


def load(prompt: str | Path) -> Prompt:
    """Return one of the library's prompts by its name, or one of a person's own by its path.

    Raises
    ------
    PromptError
        If there is none, or its file is not as prompts/README.md says.
    """
    if isinstance(prompt, Path):
        try:
            return read(prompt.read_text(encoding="utf-8"), str(prompt))
        except (OSError, UnicodeDecodeError) as error:
            raise PromptError(f"The prompt {prompt} cannot be read: {error}.", "Give a text file.") from error
    return _shipped(prompt)


@cache
def _shipped(name: str) -> Prompt:
    if name not in names():
        raise PromptError(f"There is no prompt {name!r}.", f"There are {', '.join(names())}.")
    text = files("tract_nb.prompts").joinpath(f"{name}.md").read_text(encoding="utf-8")
    prompt = read(text, f"{name}.md")
    if prompt.name != name:
        raise PromptError(f"The prompt in {name}.md calls itself {prompt.name!r}.", "Name both alike.")
    return prompt


def names() -> list[str]:
    """Return the names of the library's prompts."""
    found = (path.name for path in files("tract_nb.prompts").iterdir())
    return sorted(name.removesuffix(".md") for name in found if name.endswith(".md") and name != "README.md")


def read(source: str, where: str) -> Prompt:
    """Return the prompt that a file's text holds."""
    found = _FRONT.fullmatch(source)
    if found is None:
        raise PromptError(
            f"{where} has no front matter.", "It begins with a line ---, as prompts/README.md says."
        )
    front = {}
    for line in found["front"].splitlines():
        name, colon, value = line.partition(":")
        if line.strip() and not colon:
            raise PromptError(f"{where}: {line!r} is no field.", "Write name: value.")
        front[name.strip()] = value.strip()
    listed = _LIST.fullmatch(front.get("inputs", ""))
    wrong = {"name", "version", "inputs"}.symmetric_difference(front)
    if wrong or listed is None or not front["version"].isdecimal() or not front["name"]:
        raise PromptError(
            f"{where} does not say name, version and inputs as it should.",
            "name: a_name, version: 1, inputs: [one, another], and nothing else.",
        )
    inputs = tuple(item.strip() for item in listed["items"].split(",") if item.strip())
    text = found["text"].strip()
    places = set(_PLACE.findall(text))
    if places != set(inputs):
        odd = ", ".join(sorted(places.symmetric_difference(inputs)))
        raise PromptError(
            f"{where}: the places in the text are not its inputs: {odd}.", "Name each place, and no other."
        )
    return Prompt(front["name"], int(front["version"]), inputs, text)
