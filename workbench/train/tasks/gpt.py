"""A GPT on real text, of bytes or of learned tokens."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch

from workbench.params import Choice, Numbers, Param, Text
from workbench.registry import task
from workbench.train.compiled import COMPILE
from workbench.train.corpora import Corpus, Progress, load
from workbench.train.device import keep_freed_memory
from workbench.train.language import Language
from workbench.train.optimizers.adamw import AdamW
from workbench.train.parametrization import PARAMETRIZATIONS
from workbench.train.task import settle
from workbench.train.transformer import Size, Transformer

PRESETS = {
    "0.1M": (2, 2, 64),
    "0.3M": (4, 5, 80),
    "1M": (5, 4, 128),
    "3M": (7, 6, 192),
    "10M": (6, 6, 384),
    "30M": (9, 8, 512),
    "124M": (12, 12, 768),
}
"""Layers, heads and width of each preset."""

CLIP = 1.0
"""Largest norm of a gradient."""


@task(title="GPT on text", paper="")
@dataclass(frozen=True)
class gpt:  # noqa: N801, the public name
    """Decoder-only transformer that predicts the next byte or token of text, trained with AdamW.

    Pre-norm, causal attention, GELU, tied head, no biases; AdamW with betas 0.9 and 0.95, weight decay on
    matrices only; gradients clipped to the norm 1. bfloat16 autocast on CUDA, float32 on a CPU.

    Parameters
    ----------
    preset : str
        Number of parameters: "0.1M" to "124M". The last is the shape of GPT-2 small, which has so many
        with its vocabulary of 50257 (85 million with bytes).
    positions : str
        "rotary" or "learned".
    context : int
        Tokens that the model sees.
    batch : int
        Sequences of one update; an update sees ``batch context`` tokens.
    weight_decay : float
        Decay of matrices per update, in units of the rate.
    text : str
        What to train on: a file or folder, or "python" (the source of Python's standard library),
        "packages" (the sources of installed packages), "grammar" (sentences of a small grammar);
        empty for "python".
    measurements : int
        About how many times the validation loss is measured in a run.
    vocab : int
        256 for bytes; more for byte-pair encoding trained on the text (needs ``tokenizers``).
    second : str
        Another text to mix in, named as `text` is; empty for none.
    mix_steps, mix : tuple of float
        Steps, and the share of sequences from the second text at each: linear in between, constant
        outside. ``(0, 1000, 1001), (0, 0, 0.9)`` leaves a tenth of replay after step 1000.
    dropout : float
        Share of the embedding and of what each block adds that is dropped while training.
    layers, width : int
        In place of the preset's, where not 0; a head keeps its width.
    parametrization : str
        "standard", "mup" or "depth_mup"; see `workbench.train.parametrization.scale`.
    base_width, base_layers : int
        Of the model for which rates were chosen, for the other parametrizations.
    compile : str
        On CUDA, "auto" compiles, "graphs" besides replays CUDA graphs (for small models), "off" does
        neither.

    Raises
    ------
    ValueError
        For an argument outside its range; when it starts, for a text that cannot be used.

    Notes
    -----
    The loss is the mean over a fixed set of windows of the validation text, in nats per token (with two
    texts the mean of the parts "old" and "new"); the part "train" is the loss of each batch. Peak rates
    from 1e-3 to 1e-2 suit the small presets.

    The defaults, "0.1M" with 2048 bytes an update, train 2000 updates on a laptop's CPU in about a
    minute. A GPU deserves ``gpt(preset="124M", vocab=50257, context=1024, batch=32)``.

    References
    ----------
    Radford et al., "Language Models are Unsupervised Multitask Learners", 2019.
    Su et al., "RoFormer", 2021, arXiv 2104.09864. Loshchilov and Hutter, 2019, arXiv 1711.05101.
    Yang et al., 2022, arXiv 2203.03466 (muP). Yang et al., 2023, arXiv 2310.02244 (depth-muP).
    """

    preset: Annotated[str, Choice(tuple(PRESETS), help="number of parameters")] = "0.1M"
    positions: Annotated[str, Choice(("rotary", "learned"), help="how positions enter")] = "rotary"
    context: Annotated[int, Param(8, 4096, log=True, unit="tokens", help="tokens that the model sees")] = 64
    batch: Annotated[int, Param(1, 4096, log=True, unit="sequences", help="sequences of one update")] = 32
    weight_decay: Annotated[float, Param(0, 10, slider=(0, 0.5), help="decay of matrices")] = 0.1
    text: Annotated[str, Text(help="file, folder, python, packages or grammar; empty for python")] = ""
    measurements: Annotated[int, Param(1, 100_000, log=True, help="validation losses in a run")] = 40
    vocab: Annotated[int, Param(256, 65_536, log=True, help="256 for bytes, more for byte pairs")] = 256
    second: Annotated[str, Text(help="a second text to mix in; empty for none")] = ""
    mix_steps: Annotated[
        tuple[float, ...], Numbers(Param(0, 1e9, unit="steps"), help="steps of mix", increasing=True)
    ] = (0.0,)
    mix: Annotated[tuple[float, ...], Numbers(Param(0, 1), help="share of the second text at each")] = (0.5,)
    dropout: Annotated[float, Param(0, 0.9, slider=(0, 0.5), help="share dropped in training")] = 0.0
    layers: Annotated[int, Param(0, 256, slider=(0, 32), help="0 for the preset's")] = 0
    width: Annotated[int, Param(0, 16_384, slider=(0, 1024), help="0 for the preset's")] = 0
    parametrization: Annotated[str, Choice(PARAMETRIZATIONS, help="how rates depend on the size")] = (
        "standard"
    )
    base_width: Annotated[int, Param(1, 16_384, log=True, help="width that rates were chosen at")] = 64
    base_layers: Annotated[int, Param(1, 256, log=True, help="layers that rates were chosen at")] = 2
    compile: Annotated[str, Choice(COMPILE, help="on CUDA")] = "auto"

    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")
    suggested_peak: ClassVar[float] = 5e-3

    def __post_init__(self) -> None:
        settle(self)
        if len(self.mix) != len(self.mix_steps):
            raise ValueError(
                f"mix must have one share for each of mix_steps; got {len(self.mix)} shares "
                f"for {len(self.mix_steps)} steps"
            )
        _, heads, width = PRESETS[self.preset]
        if self.width % (width // heads):
            raise ValueError(
                f"width must be a multiple of {width // heads}, the width of a head of the preset "
                f"{self.preset}, or 0; got {self.width}"
            )

    @property
    def size(self) -> Size:
        """Dimensions of the model."""
        layers, heads, width = PRESETS[self.preset]
        wide = self.width or width
        return Size(
            layers=self.layers or layers,
            heads=heads * wide // width,
            width=wide,
            context=self.context,
            vocab=self.vocab,
            positions=self.positions,
            parametrization=self.parametrization,
            base_width=self.base_width,
            base_layers=self.base_layers,
        )

    @property
    def optimizer(self) -> AdamW:
        """What GPTs are trained with."""
        return AdamW(0.9, 0.95, weight_decay=self.weight_decay, clip=CLIP)

    def prepare(self, progress: Progress | None = None) -> tuple[Corpus, ...]:
        """The texts as tokens, prepared where they are not yet; a large one takes a while.

        Parameters
        ----------
        progress : callable, optional
            Called about every megabyte with the bytes done and the bytes in all of a text.
        """
        texts = (self.text, self.second) if self.second else (self.text,)
        return load(texts, vocab=self.vocab, context=self.context, progress=progress)

    def problem(self, device: torch.device) -> Language:
        """See `workbench.train.problem.Task`."""
        corpora = self.prepare()
        if device.type == "cpu":
            keep_freed_memory()
        shares = (self.mix_steps, self.mix)
        return Language(
            Transformer(self.size), corpora, shares, self.batch, self.dropout, device, self.compile
        )
