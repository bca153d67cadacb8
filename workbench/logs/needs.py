"""Libraries that only some readers need."""

from __future__ import annotations


def pyarrow(what: str) -> None:
    """Raise a sentence where pyarrow, which reads `what`, is not installed."""
    try:
        import pyarrow as pa
    except ImportError:
        raise ImportError(f"reading {what} needs pyarrow: pip install pyarrow") from None
    assert pa
