"""Contents: the typed payloads that units are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Strict, ValidationError

from tract_nb.errors import ContentError
from tract_nb.model.commit import Priority

#: what `orjson` needs to write numbers, keys and text the same way every time
CANONICAL = orjson.OPT_SORT_KEYS


class Content(BaseModel):
    """A typed payload; the base of the eight types.

    ``type`` names it in the store, ``birth`` is the priority of a unit made of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            known = ", ".join(type(self).model_fields)
            raise ContentError(
                f"This is no {self.type}: {explain(error)}.", f"Its fields: {known}."
            ) from error

    type: ClassVar[str] = ""
    birth: ClassVar[Priority] = Priority.NORMAL
    compiles_to: ClassVar[str] = "assistant"

    @property
    def unit_type(self) -> str:
        """The name of its type in the store."""
        return self.type

    @property
    def unit_role(self) -> str:
        """The role it compiles to: system, user, assistant or tool."""
        return self.compiles_to

    @property
    def unit_text(self) -> str:
        """What it says when it is compiled."""
        raise NotImplementedError

    def with_text(self, text: str) -> Content:
        """Return what an edit to that text stores: the same content with another text."""
        return self.model_copy(update={"text": text})

    def without_text(self, line: str) -> Content:
        """Return what is left of it without its text: the same kind, role and name, and a line."""
        return self.with_text(line)

    def to_payload(self) -> dict[str, Any]:
        """Return what is stored: the type and every field that is not at its default."""
        return {"content_type": self.type, **self.model_dump(exclude_defaults=True)}


class Instruction(Content):
    """What the model must always heed; compiles to the system role."""

    type = "instruction"
    birth = Priority.PINNED
    compiles_to = "system"
    text: str

    @property
    def unit_text(self) -> str:
        return self.text


class Dialogue(Content):
    """A turn of the conversation."""

    type = "dialogue"
    role: Literal["user", "assistant"]
    text: str
    name: str | None = None

    @property
    def unit_role(self) -> str:
        return self.role

    @property
    def unit_text(self) -> str:
        return self.text


class ToolIO(Content):
    """A tool's call or its result.

    ``arguments`` (of a call) is a JSON object, or the text a model wrote where it is none;
    ``output`` (of a result) any JSON value; ``status`` is left out when all went well.
    """

    type = "tool_io"
    name: str = ""
    direction: Literal["call", "result"]
    call_id: str
    arguments: dict[str, Any] | str | None = None
    output: Any = None
    status: str = "success"

    @property
    def unit_role(self) -> str:
        return "assistant" if self.direction == "call" else "tool"

    @property
    def unit_text(self) -> str:
        value = (self.arguments or {}) if self.direction == "call" else self.output
        return as_text(value)

    def with_text(self, text: str) -> Self:
        if self.direction == "result":
            return self.model_copy(update={"output": text})
        try:
            arguments = orjson.loads(text)
        except orjson.JSONDecodeError:
            arguments = text
        return self.model_copy(update={"arguments": arguments if isinstance(arguments, dict) else text})


class Reasoning(Content):
    """A model's thoughts; compiled only where the caller asks for them."""

    type = "reasoning"
    text: str

    @property
    def unit_text(self) -> str:
        return self.text


class Artifact(Content):
    """Something made: a file, a snippet, an image (base64, its media type as ``language``)."""

    type = "artifact"
    kind: str
    content: str
    language: str | None = None

    @property
    def unit_text(self) -> str:
        # an image is never sent as base64 text: one line says what it is
        return image_placeholder(self.language, self.content) if self.kind == "image" else self.content

    def with_text(self, text: str) -> Self:
        return self.model_copy(
            update={"content": text, "kind": "text" if self.kind == "image" else self.kind}
        )

    def without_text(self, line: str) -> Content:
        return Artifact(kind="text", content=line)


class Output(Content):
    """A finished answer."""

    type = "output"
    text: str
    format: Literal["text", "markdown", "json"] = "text"

    @property
    def unit_text(self) -> str:
        return self.text


class Freeform(Content):
    """Any JSON value; compiles to its JSON."""

    type = "freeform"
    payload: Any = None

    @property
    def unit_text(self) -> str:
        return as_text(self.payload)

    def with_text(self, text: str) -> Self:
        return self.model_copy(update={"payload": text})


#: texts, from a list too: JSON knows no tuples
Items = Annotated[tuple[str, ...], Strict(False)]


class SessionNote(Content):
    """Where a session started or ended, and what the next one must know."""

    type = "session"
    birth = Priority.PINNED
    compiles_to = "system"
    kind: Literal["start", "end", "handoff", "checkpoint"]
    summary: str = ""
    decisions: Items = ()
    failed_approaches: Items = ()
    next_steps: Items = ()

    @property
    def unit_text(self) -> str:
        parts = [f"Session {self.kind}", *([self.summary] if self.summary else [])]
        for title, items in (
            ("Decisions", self.decisions),
            ("Failed approaches", self.failed_approaches),
            ("Next steps", self.next_steps),
        ):
            if items:
                parts.append("\n".join([f"{title}:", *(f"- {item}" for item in items)]))
        return "\n\n".join(parts)

    def with_text(self, text: str) -> Content:
        return Instruction(text=text)  # of an edit only the text counts, and a note would add its head

    def without_text(self, line: str) -> Content:
        return SessionNote(kind=self.kind, summary=line)


TYPES: dict[str, type[Content]] = {
    kind.type: kind
    for kind in (Instruction, Dialogue, ToolIO, Reasoning, Artifact, Output, Freeform, SessionNote)
}


class Stored(Content):
    """A content as it is stored, of a type that is registered or that nobody here knows: data.

    Its payload says the role and the text; one that does not compiles as its JSON.
    """

    data: dict[str, Any]

    @property
    def unit_type(self) -> str:
        return str(self.data.get("content_type", ""))

    @property
    def unit_role(self) -> str:
        role = self.data.get("role")
        return role if role in ("system", "user", "tool") else "assistant"

    @property
    def unit_text(self) -> str:
        text = self.data.get("text")
        return text if isinstance(text, str) else as_text(self.data)

    def with_text(self, text: str) -> Self:
        return self.model_copy(update={"data": {**self.data, "text": text}})

    def without_text(self, line: str) -> Content:
        kept = {name: value for name, value in self.data.items() if name in ("content_type", "role")}
        return Stored(data={**kept, "text": line})

    def to_payload(self) -> dict[str, Any]:
        return self.data


def from_payload(payload: Mapping[str, Any]) -> Content:
    """Return the content that a stored payload holds; of an unknown type, as data."""
    fields = dict(payload)
    kind = TYPES.get(fields.pop("content_type", ""))
    if kind is None:
        return Stored(data=dict(payload))
    return kind(**fields)


def coerce(content: Any, known: Iterable[str] = ()) -> Content:
    """Return what a caller gave as a content.

    Parameters
    ----------
    content : Content, mapping or str
        A mapping names its type under ``content_type``; a text is what the user says.
    known : iterable of str
        Names of types that the caller registered, for the error.

    Raises
    ------
    ContentError
        If the type is unknown, or its fields do not fit.
    """
    if isinstance(content, Content):
        return content
    if isinstance(content, str):
        return Dialogue(role="user", text=content)
    if not isinstance(content, Mapping):
        raise ContentError(
            f"A {type(content).__name__} is no content.",
            "Give a text, one of the content classes, or a dict with a content_type.",
        )
    name = content.get("content_type")
    if name not in TYPES:
        raise ContentError(f"Unknown content type {name!r}.", f"The types are {', '.join([*TYPES, *known])}.")
    if not all(isinstance(key, str) for key in content):
        raise ContentError(
            "A content's keys are texts.", f"Its fields: {', '.join(TYPES[name].model_fields)}."
        )
    return from_payload(content)


def explain(error: Exception) -> str:
    """Return what pydantic found, in one line."""
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'value'}: {item['msg']}" for item in error.errors()[:3]
    )


def as_text(value: Any) -> str:
    """Return a JSON value as text: a string as it is, all else as compact JSON."""
    if isinstance(value, str):
        return value
    return orjson.dumps(value, option=CANONICAL).decode()


def image_placeholder(media_type: str | None, data: str) -> str:
    """Return the line that stands for an image: type, size in bytes, hash."""
    size = len(data) * 3 // 4 - data[-2:].count("=")
    digest = hashlib.sha256(data.encode()).hexdigest()[:16]
    return f"[image: {media_type or 'unknown type'}, {size:,} bytes, sha256 {digest}]"
