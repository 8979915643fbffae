"""What a machine can say of accessibility: axe-core, on the page as it stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "js/node_modules/axe-core/axe.min.js"


def violations(page: Page, within: str = "main") -> list[str]:
    """Return what axe-core finds, a line each: the rule, and the elements it is about."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run make js")
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("(within) => axe.run(within)", within)
    return [
        f"{rule['id']}: {rule['help']}: {[node['html'][:160] for node in rule['nodes'][:3]]}"
        for rule in found["violations"]
    ]
