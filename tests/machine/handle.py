"""A handle of the machine: what it must know of where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from tract_nb import Tract


@dataclass
class Handle:
    """What a handle must know of where it stands."""

    tract: Tract
    actor: str
    branch: str | None = "main"
    detached: str | None = None
    previous: str | None = None
    seen: str | None = ""

    @property
    def ref(self) -> str:
        return f"heads/{self.branch}"
