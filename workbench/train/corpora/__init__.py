"""Text to train on, as tokens in memory maps that are prepared once.

>>> from workbench.train.corpora import load
>>> (text,) = load(["grammar"])
>>> text.name, text.train.dtype.name
('sentences of a grammar', 'uint8')
"""

from workbench.train.corpora.prepared import Corpus, Progress, load

__all__ = ["Corpus", "Progress", "load"]
