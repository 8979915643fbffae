"""Commands that call a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from tract_nb.model.reply import Answer
from tract_nb.notebook.commands.writing import spoken
from tract_nb.notebook.desk import Desk
from tract_nb.tract import Tract

if TYPE_CHECKING:
    import pandas as pd


def chat(
    desk: Desk,
    *text: str,
    model: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
) -> Answer:
    """Say something (the cell's text, or the words behind), call a model, and commit both.

    Parameters
    ----------
    text
        The words, where there is no cell below.
    model
        Who is called, as litellm names it; else the tract's.
    temperature
        How freely it answers.
    max_tokens
        The longest reply.
    """
    said = spoken(desk, text)  # before a database is made for it
    t = desk.tract
    with desk.streaming() as on_text:
        return t.chat(
            said, model=model, temperature=temperature, max_tokens=max_tokens, on_text=on_text, key=desk.key
        )


def generate(
    desk: Desk,
    *,
    model: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    reasoning: Annotated[bool, Parameter(negative=())] = False,
) -> Answer:
    """Call a model with the context as it is, and commit its reply.

    Parameters
    ----------
    model
        Who is called, as litellm names it; else the tract's.
    temperature
        How freely it answers.
    max_tokens
        The longest reply.
    reasoning
        Send the model's own thoughts too.
    """
    t = desk.tract
    with desk.streaming() as on_text:
        return t.generate(
            model=model,
            temperature=temperature,
            max_tokens=max_tokens,
            on_text=on_text,
            include_reasoning=reasoning,
        )


def llm(
    t: Tract, operation: Literal["chat", "generate", "merge", "compress", "summarize"] = "chat"
) -> pd.DataFrame:
    """List what a model is called with, and where each setting comes from; keys are never shown.

    Parameters
    ----------
    operation
        For which verb.
    """
    return t.llm_settings(operation).to_frame()
