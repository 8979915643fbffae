"""Content types of one's own: a pydantic model, and the rules by which it compiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from tract_nb.errors import ContentError
from tract_nb.model.commit import Priority
from tract_nb.model.content import TYPES, Stored, explain

ROLES = ("system", "user", "assistant", "tool")


@dataclass(frozen=True, slots=True)
class CustomType:
    """A registered type.

    Parameters
    ----------
    name : str
        The ``content_type`` it is stored under.
    model : type of pydantic.BaseModel
        What its fields are.
    role : str or callable
        The role it compiles to, or a function of the value.
    text : callable
        What a value says when it is compiled.
    birth : Priority
        The priority of its units at birth.
    """

    name: str
    model: type[BaseModel]
    role: str | Callable[[Any], str]
    text: Callable[[Any], str]
    birth: Priority = Priority.NORMAL

    def __post_init__(self) -> None:
        if self.name in TYPES or not self.name:
            raise ContentError(
                f"{self.name!r} cannot name a type of your own.", "Choose a name that is free."
            )

    def made(self, value: BaseModel | Mapping[str, Any]) -> Stored:
        """Return a value as it is stored: with its role and text, so that compile needs no registry."""
        if not isinstance(value, self.model):
            fields = {key: item for key, item in dict(value).items() if key != "content_type"}
            try:
                value = self.model.model_validate(fields)
            except ValidationError as error:
                known = ", ".join(self.model.model_fields)
                raise ContentError(
                    f"This is no {self.name}: {explain(error)}.", f"Its fields: {known}."
                ) from error
        role = self.role if isinstance(self.role, str) else self.role(value)
        if role not in ROLES:
            raise ContentError(f"{role!r} is no role for {self.name}.", f"It is one of {', '.join(ROLES)}.")
        data = {
            "content_type": self.name,
            "role": role,
            "text": str(self.text(value)),
            "data": value.model_dump(mode="json"),
        }
        return Stored(data=data)

    def read(self, stored: Stored) -> BaseModel | Stored:
        """Return the value that a payload holds; the payload itself where the model refuses it now."""
        try:
            return self.model.model_validate(stored.data.get("data"))
        except ValidationError:
            return stored
