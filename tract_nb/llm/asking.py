"""Asking: one prompt filled, sent, and the text taken out of the reply, with all that says how."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tract_nb.errors import ModelError
from tract_nb.llm.prompts import load
from tract_nb.llm.settings import Settings
from tract_nb.model.reply import LLM, Cancel, Written

_FENCE = re.compile(r"```[\w-]*\n(?P<text>.*?)\n?```", re.DOTALL)
SHOWN = 120  # characters of an answer that is not what was asked for


@dataclass(frozen=True, slots=True, repr=False)
class Asker:
    """Calls a model for one operation, with settings that are resolved.

    Parameters
    ----------
    llm : LLM
        What calls the model.
    settings : Settings
        What it is called with.
    on_text : callable, optional
        Hears the text as it comes.
    cancel : Cancel, optional
        Ends a call from another thread.
    """

    llm: LLM
    settings: Settings
    on_text: Callable[[str], None] | None = None
    cancel: Cancel | None = None

    def ask(self, prompt: str | Path, tag: str, /, *, most: int | None = None, **inputs: str) -> Written:
        """Return what a model writes between ``<tag>`` and ``</tag>`` for a prompt.

        Parameters
        ----------
        prompt : str or pathlib.Path
            One of the library's by its name, or a file of one's own with the same inputs.
        tag : str
            What the prompt asks it to write between.
        most : int, optional
            The most characters that the text may have.
        **inputs : str
            The prompt's.

        Raises
        ------
        ModelError
            If there is no reply, or it is not in the form asked for: nothing, a refusal, the prompt
            itself, cut off, too long.
        """
        used = load(prompt)
        message = {"role": "user", "content": used.fill(**inputs)}
        model = self.settings.model
        reply = self.llm.complete([message], self.settings.values, on_text=self.on_text, cancel=self.cancel)
        if reply.finish == "length":
            raise ModelError(
                f"{model} was cut off at {len(reply.text):,} characters.", "Raise max_tokens.", model=model
            )
        text = between(reply.text, tag)
        example = between(used.text, tag)  # what the prompt itself has between its tags
        if text is None or not text.strip() or (example and text.strip() == example.strip()):
            said = " ".join(reply.text.split())[:SHOWN]
            raise ModelError(
                f"{model} did not answer in the form that {used.name} asks for: {said!r}.",
                "Ask again, with an instruction, or choose another model.",
                model=model,
            )
        if most is not None and len(text) > most:
            raise ModelError(
                f"{model} wrote {len(text):,} characters where at most {most:,} make sense.",
                "Ask again, with an instruction, or choose another model.",
                model=model,
            )
        return Written(text, used.used, self.settings.recorded(), reply)


def between(text: str, tag: str) -> str | None:
    """Return what stands between a tag's ends, without a fence around all of it.

    None without the tag, and where there is more than one such text: nobody knows which is meant.
    """
    start, end = text.find(f"<{tag}>"), text.rfind(f"</{tag}>")
    if start < 0 or end < start:
        return None
    inner = text[start + len(tag) + 2 : end].strip("\r\n")
    if re.search(f"</{tag}>\\s*<{tag}>", inner):
        return None
    fenced = _FENCE.fullmatch(inner.strip())
    return inner if fenced is None or "```" in fenced["text"] else fenced["text"]
