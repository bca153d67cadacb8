"""Every law again as it is written down: plain sums over single steps, at the given steps of a rate array."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter


def _peak_at(rates: np.ndarray) -> int:
    """First step that the next one does not exceed."""
    return int(np.argmax(np.append(np.diff(rates) <= 0, True)))


def _each(steps, one) -> np.ndarray:
    return np.array([one(int(step)) for step in steps])


def power(rates, steps, L0, A, alpha):
    return L0 + A * np.cumsum(rates)[steps] ** -alpha


def multipower(rates, steps, L0, A, alpha, B, C, beta, gamma, first=0):
    c = np.cumsum(rates)
    eta = np.maximum(rates, 1e-12 * rates.max())

    def gained(step):
        k = np.arange(first + 1, step + 1)
        pay = 1 - (1 + C * eta[k] ** -gamma * (c[step] - c[k - 1])) ** -beta
        return np.sum((rates[k] - rates[k - 1]) * pay)

    return power(rates, steps, L0, A, alpha) + B * _each(steps, gained)


def multipower_later(rates, steps, *params):
    return multipower(rates, steps, *params, first=_peak_at(rates))


def momentum(rates, steps, memory, first=0, last=None):
    """S2 by the recursion of m, over the changes at the steps first + 1 to last."""
    drops = -np.diff(rates, prepend=rates[0])
    drops[: first + 1] = 0
    if last is not None:
        drops[last + 1 :] = 0
    return np.cumsum(lfilter([1.0], [1.0, -(1 - 1 / memory)], drops))[steps]


def annealing(rates, steps, L0, A, alpha, C, memory):
    return power(rates, steps, L0, A, alpha) - C * momentum(rates, steps, memory)


def annealing_s1(rates, steps, L0, A, alpha, C, memory):
    return power(rates, steps, L0, A, alpha) - C * momentum(rates, steps, memory, _peak_at(rates))


def annealing_peak(rates, steps, L0, A, alpha, C, memory):
    top = _peak_at(rates)
    began_at_peak = np.concatenate([np.full(top, rates[top]), rates[top:]])
    return power(began_at_peak, steps, L0, A, alpha) - C * momentum(rates, steps, memory, top)


def annealing_size(rates, steps, L0, A, alpha, B, beta, C, gamma, memory, n_params=3e8):
    n = n_params / 1e8
    gain = C * n**gamma * momentum(rates, steps, memory)
    return power(rates, steps, L0, A, alpha) + B * n**-beta - gain


def continual(rates, steps, L0, A, alpha, C1, C2, memory, B, E, beta, join):
    since = _each(steps, lambda step: np.sum(rates[join : step + 1]))
    first = momentum(rates, steps, memory, 0, join - 1)
    second = momentum(rates, steps, memory, join - 1)
    shift = B * (1 - (1 + E * since) ** -beta)
    return power(rates, steps, L0, A, alpha) - C1 * first - C2 * second + shift


def functional(rates, steps, L0, c1, s, c2, c3, c4, gamma):
    c = np.cumsum(rates)

    def gained(step):
        k = np.arange(1, step + 1)
        drop = np.maximum(rates[k - 1] - rates[k], 0)
        then = np.maximum(c[k], 1e-12 * c[step])
        return np.sum(drop * (c3 + then**-s) * (1 - (1 + c4 * (c[step] - c[k])) ** -gamma))

    return power(rates, steps, L0, c1, s) - c2 * _each(steps, gained)


def bound(rates, steps, L0, scale, gamma):
    def omega(step):
        h = gamma * rates[: step + 1]
        h = h[h > 1e-9 * gamma * rates.max()]
        s = np.cumsum(h)
        return 1 / (2 * s[-1]) + 0.5 * (h[-1] + np.sum(h[:-1] ** 2 / (s[-1] - s[:-1])))

    return L0 + scale * _each(steps, omega)


def effective(rates, start, decay):
    """Effective rates by the recursion of the squared norm."""
    q, out = start**2, []
    for rate in rates.tolist():
        out.append(rate / q**0.5)
        q = q * np.exp(-2 * decay * rate) + rate**2
    return np.array(out)


def effective_rate(rates, steps, L0, A, alpha, B, norm, decay=0.1, share=0.5):
    e, n = effective(rates, norm, decay), effective(rates, share * norm, decay)

    def noise(step):
        some = n[: step + 1][n[: step + 1] > 0]
        return n[step] + np.sum(some**2 / np.cumsum(some[::-1])[::-1])

    return L0 + A * np.cumsum(e)[steps] ** -alpha + B * _each(steps, noise)
