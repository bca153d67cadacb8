"""A question whose answer is computed when it is asked for, and what is said of a reader's own answer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from workbench.files import short

_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?")
_DIGITS = 4
RIGHT = "Right."
"""How a sentence about a right answer begins."""


@dataclass(frozen=True)
class Exercise:
    """A question with one checkable answer.

    Parameters
    ----------
    question : str
        As in the notebook; code stands between back quotes, emphasis between asterisks.
    answer : callable
        Computes the answer, a finite number in `unit` or a word, within seconds. It is called whenever the
        answer is needed, so that it is neither stored nor found in a notebook.
    tolerance : float
        How far a number may lie from the answer, in `unit`, and still be right; 0 where the answer is a word
        or a count.
    unit : str
        Unit of a number, such as "updates" or "%"; empty for a word or a plain number.
    hint : str
        Where to look, without the answer.
    explanation : str
        Why it is so; seen with the answer only.

    Raises
    ------
    ValueError
        When a text is missing, `answer` cannot be called, or `tolerance` is negative or not finite.
    """

    question: str
    answer: Callable[[], float | str]
    tolerance: float = 0.0
    unit: str = ""
    hint: str = ""
    explanation: str = ""

    def __post_init__(self) -> None:
        for name in ("question", "hint", "explanation"):
            text = getattr(self, name)
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"{name} must be a text that is not empty; got {short(text)}")
        if not isinstance(self.unit, str):
            raise ValueError(f"unit must be a text; got {short(self.unit)}")
        if not callable(self.answer):
            raise ValueError(f"answer must be a function without arguments; got {short(self.answer)}")
        if not (_is_number(self.tolerance) and self.tolerance >= 0):
            raise ValueError(f"tolerance must be finite and at least 0; got {short(self.tolerance)}")

    def check(self, value: float | str) -> str:
        """What is said of an answer: that it is right, or in which way it is not.

        Parameters
        ----------
        value : float or str
            A number, or what a person has written: ``"24,000"``, ``"5e-3"``, ``"20 %"`` or a word.

        Raises
        ------
        ValueError
            When `value` is neither a finite number nor a text.
        """
        if not (isinstance(value, str) or _is_number(value)):
            raise ValueError(f"value must be a finite number or a text; got {short(value)}")
        if isinstance(value, str) and not value.strip():
            return "Write an answer first."
        expected = self.answer()
        given = _number(value, self.unit) if isinstance(value, str) else float(value)
        if isinstance(expected, str):
            if given is not None:
                return "That is a number; a word is asked for."
            return RIGHT if _bare(str(value)) == _bare(expected) else "Not that one."
        if given is None:
            return f"{short(value)} is not a number; write it as 0.25, 5e-3 or 24,000."
        # A number that was rounded to the edge of the tolerance is within it.
        if abs(given - expected) <= self.tolerance * (1 + 1e-9) + 1e-12 * abs(expected):
            return RIGHT
        return "Too low." if given < expected else "Too high."

    def told(self) -> str:
        """The answer with its unit, as text."""
        expected = self.answer()
        if isinstance(expected, str):
            return expected
        return f"{_plain(expected, self.tolerance)} {self.unit}".strip()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _number(text: str, unit: str) -> float | None:
    """The finite number that a text says, with or without its unit; None where it says none."""
    bare = text.strip()
    if unit and bare.casefold().endswith(unit.casefold()):
        bare = bare[: len(bare) - len(unit)].strip()
    share = bare.endswith("%")
    bare = bare.removesuffix("%").strip()
    if _THOUSANDS.fullmatch(bare):
        bare = bare.replace(",", "")
    try:
        number = float(bare) / (100 if share else 1)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _bare(word: str) -> str:
    """A word without case, spaces and marks: "Effective rate" and `effective_rate` are the same answer."""
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def _plain(number: float, tolerance: float) -> str:
    """With the digits that the tolerance allows to tell apart, and one more."""
    if number == int(number) and abs(number) < 1e15 and tolerance < 1 and tolerance == int(tolerance):
        return f"{int(number):,}"
    digits = _DIGITS
    if tolerance > 0 and number != 0:
        digits = max(1, math.ceil(math.log10(abs(number) / tolerance)) + 1)
    text = f"{number:.{min(digits, 12)}g}"
    return f"{float(text):,.0f}" if "e" in text and 1 <= abs(number) < 1e7 else text
