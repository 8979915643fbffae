"""Figures as every picture writes them: 999, 1.0k, 15.2k, $0.071, $0.60, −15,222."""

from __future__ import annotations

CENTS_SHOWN = 0.0995  # from here on a price is rounded to the cent


def tokens(count: int) -> str:
    """Return a count in at most six characters: 999, 1.0k, 141.1k, 1.2M."""
    if abs(count) < 1_000:
        return f"{count}".replace("-", "−")
    thousands = abs(count) < 999_950
    return f"{count / (1_000 if thousands else 1_000_000):.1f}{'k' if thousands else 'M'}".replace("-", "−")


def rounded(count: int) -> str:
    """Return a count as :func:`tokens` does, a round one without its decimal: 160k."""
    return tokens(count).replace(".0k", "k").replace(".0M", "M")


def money(dollars: float) -> str:
    """Return a price: a tenth of a cent below ten cents, cents above; what is less is said to be so."""
    if 0 < abs(dollars) < 0.0005:
        return "under $0.001"
    sign = "−" if dollars < 0 else ""
    return f"{sign}${abs(dollars):,.{3 if abs(dollars) < CENTS_SHOWN else 2}f}"


def change(before: int, after: int) -> str:
    """Return a difference of tokens with its sign: −15,222 or +40."""
    return f"{after - before:+,}".replace("-", "−")
