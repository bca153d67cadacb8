"""Sentences of a small grammar, whose entropy is known: the least loss that any model can reach.

Singular and plural agree over nested clauses, as in "the dogs that the cat sees sleep.", so that there is
something to learn at every distance. Every sentence has one derivation only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cache

import numpy as np

VERSION = 1
"""Of the text; it changes when the text does."""

SIZE = 2_000_000
"""Bytes of the text."""

_SEED = 20410
_NOUNS = "dog cat bird horse farmer guest king friend teacher singer wolf doctor baker sailor robot river"
_ADJECTIVES = "old small red quiet happy strange tall clever"
_ACTS = "see chase like find help hear follow remember"
_RESTS = "sleep sing run wait laugh"

_Rules = dict[str, tuple[tuple[float, tuple[str, ...]], ...]]


@cache
def rules() -> _Rules:
    """What each symbol becomes: chances, and the symbols or words that it becomes."""
    made: _Rules = {"sentence": ((0.5, ("singular", "one acts", ".")), (0.5, ("plural", "many act", ".")))}
    for subject, acts, noun, verb, rest in (
        ("singular", "one acts", "noun", "acts", "rests"),
        ("plural", "many act", "nouns", "act", "rest"),
    ):
        made[subject] = (
            (0.5, ("the", noun)),
            (0.2, ("the", "adjective", noun)),
            (0.2, ("the", noun, "that", acts)),
            (0.05, ("the", noun, "that", "singular", "acts")),
            (0.05, ("the", noun, "that", "plural", "act")),
        )
        made[acts] = ((0.4, (rest,)), (0.3, (verb, "singular")), (0.3, (verb, "plural")))
    words = {"noun": _NOUNS, "adjective": _ADJECTIVES, "act": _ACTS, "rest": _RESTS}
    for name, text in words.items():
        made[name] = _chosen(text.split())
    for name in ("noun", "act", "rest"):
        made[f"{name}s"] = _chosen([f"{word}s" for word in words[name].split()])
    return made


def _chosen(words: list[str]) -> tuple[tuple[float, tuple[str, ...]], ...]:
    """Words with chances that fall like 1 / rank, as those of a language do."""
    weights = 1 / np.arange(1, len(words) + 1)
    return tuple((float(p), (word,)) for p, word in zip(weights / weights.sum(), words, strict=True))


def pieces() -> Iterator[bytes]:
    """The text, `SIZE` bytes, always the same."""
    draw, made = np.random.default_rng(_SEED), rules()
    cumulated = {name: np.cumsum([p for p, _ in ways]).tolist() for name, ways in made.items()}
    numbers: Iterator[float] = (u for _ in iter(int, 1) for u in draw.random(4096).tolist())
    left = SIZE
    while left:
        words: list[str] = []
        length = 0
        while length < 2**16:
            stack = ["sentence"]
            while stack:
                symbol = stack.pop()
                if symbol not in made:
                    word = symbol if symbol == "." or not length else " " + symbol
                    words.append(word)
                    length += len(word)
                    continue
                ways = made[symbol]
                way = min(bisect_right(cumulated[symbol], next(numbers)), len(ways) - 1)
                stack.extend(reversed(ways[way][1]))
        piece = ("".join(words) + " ").encode()[:left]
        left -= len(piece)
        yield piece


def entropy() -> float:
    """Nats per byte of the endless text: entropy of a sentence over its mean length.

    Both follow from linear equations, ``H(a) = sum_w p_w (-ln p_w + sum_(b in w) H(b))``.
    """
    made = rules()
    names = list(made)
    children = np.zeros((len(names), len(names)))
    surprise, length = np.zeros(len(names)), np.zeros(len(names))
    for i, name in enumerate(names):
        for p, way in made[name]:
            surprise[i] -= p * np.log(p)
            for symbol in way:
                if symbol in made:
                    children[i, names.index(symbol)] += p
                else:
                    # A word and the space before it; the full stop has none.
                    length[i] += p * (len(symbol) + (symbol != "."))
    inverse = np.linalg.inv(np.eye(len(names)) - children)
    return float((inverse @ surprise)[0] / (inverse @ length)[0])
