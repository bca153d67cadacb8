"""Rate and batch from compute, as DeepSeek fitted them. arXiv 2401.02954."""

from __future__ import annotations

from workbench.registry import rule
from workbench.scaling.rules.advice import Advice, beyond
from workbench.scaling.rules.terms import Compute


@rule("DeepSeek", "2401.02954", family="compute", gives=("rate", "batch_tokens"))
def deepseek(compute: Compute) -> Advice:
    """Best rate and batch from compute alone.

    ``rate = 0.3118 C^-0.1250``; ``batch = 0.2920 C^0.3271`` tokens.

    Parameters
    ----------
    compute : float
        FLOPs of the run, ``C = M D`` with M the convention "deepseek" of `workbench.scaling.count`.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        For compute outside its range.

    Notes
    -----
    Use it near the compute-optimal size, on which it was fitted (1e17 to 2e19 FLOPs; checked at 1e20). Its
    schedule has two steps, to 31.6 % and to 10 % of the peak. The constants are remembered, not read in
    the paper's own text.

    References
    ----------
    DeepSeek-AI, "DeepSeek LLM: Scaling Open-Source Language Models with Longtermism", 2024,
    arXiv 2401.02954.
    """
    return Advice(
        rate=0.3118 * compute**-0.1250,
        batch_tokens=0.2920 * compute**0.3271,
        notes=beyond(compute=(compute, 1e17, 1e20)),
    )
