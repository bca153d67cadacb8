"""Tokens per second of the GPT task against a plain training loop of nanoGPT's structure.

Both do the same work: layers, heads, width, context, batch, float32, AdamW with two groups, clipping,
the same text. Each runs in a process of its own, as it would for its user, and they take turns.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

import numpy as np

from benchmarks.rows import Row, at_least

PAIRS = 15
UPDATES = 10
WARM = 10
TARGETS = {"learned": 1.2, "rotary": 1.0}
"""Least ratio to the plain loop; rotary positions are work that it does not do."""


@dataclass(frozen=True)
class Spent:
    """Wall and process seconds of `UPDATES` updates."""

    wall: float
    process: float


def rows() -> list[Row]:
    """Per variant: the median ratio of tokens per second, and of process time, over pairs."""
    from workbench.train.corpora import load

    context = multiprocessing.get_context("spawn")
    with tempfile.NamedTemporaryFile() as file:
        # Two bytes a token, as the published preparation writes it, in a process of its own.
        load([""])[0].train.astype(np.uint16).tofile(file)
        file.flush()
        workers = {name: _Worker(context, name, file.name) for name in ("nanogpt", *TARGETS)}
    try:
        out = []
        for variant, target in TARGETS.items():
            pairs = [(workers["nanogpt"].run(), workers[variant].run()) for _ in range(PAIRS)]
            tokens = workers[variant].tokens
            wall = median(base.wall / ours.wall for base, ours in pairs)
            process = median(base.process / ours.process for base, ours in pairs)
            speed = tokens / median(ours.wall for _, ours in pairs)
            baseline = tokens / median(base.wall for base, _ in pairs)
            used = workers[variant].flops / median(ours.wall for _, ours in pairs) / workers[variant].peak()
            out += [
                Row(f"gpt 0.1M {variant}, training", speed, "tokens/s"),
                Row("nanoGPT's loop beside it (learned)", baseline, "tokens/s"),
                Row(f"gpt 0.1M {variant}: of the matrix products' peak", 100 * used, "%"),
                at_least(f"gpt 0.1M {variant}: tokens/s over nanoGPT's", wall, target, "times"),
                at_least(f"gpt 0.1M {variant}: nanoGPT's process time over ours", process, target, "times"),
            ]
        return out
    finally:
        for worker in workers.values():
            worker.close()


class _Worker:
    """A process that trains `UPDATES` updates whenever it is told to, and else waits."""

    def __init__(self, context: Any, name: str, data: str) -> None:
        self.pipe, there = context.Pipe()
        self.process = context.Process(target=_serve, args=(name, data, there), daemon=True)
        self.process.start()
        there.close()
        self.tokens: int
        self.flops: float
        self.tokens, self.flops = self.pipe.recv()

    def run(self) -> Spent:
        self.pipe.send("go")
        return self.pipe.recv()

    def peak(self) -> float:
        """Operations per second of large matrix products."""
        self.pipe.send("peak")
        return self.pipe.recv()

    def close(self) -> None:
        self.pipe.close()
        self.process.join(10)


def _serve(name: str, data: str, pipe: Connection) -> None:
    from workbench import train

    positions = "learned" if name == "nanogpt" else name
    # One measurement in the run's last step, which is never reached: updates only.
    task = train.tasks.gpt(positions=positions, measurements=1)
    advance = _nanogpt(task, data) if name == "nanogpt" else _ours(task)
    advance(WARM)
    pipe.send((UPDATES * task.batch * task.context, UPDATES * _flops(task)))
    while True:
        try:
            asked = pipe.recv()
        except EOFError:
            return
        if asked == "peak":
            pipe.send(_peak())
            continue
        wall, process = time.perf_counter(), time.process_time()
        advance(UPDATES)
        pipe.send(Spent(time.perf_counter() - wall, time.process_time() - process))


def _flops(task: Any) -> float:
    from workbench.train.transformer import Transformer, flops_per_token

    return float(task.batch * task.context * flops_per_token(Transformer(task.size)))


def _peak() -> float:
    import torch

    side = 1024
    a, b = torch.ones(side, side), torch.ones(side, side)
    out, best = torch.empty(side, side), 0.0
    for _ in range(20):
        began = time.perf_counter()
        torch.mm(a, b, out=out)
        best = max(best, 2 * side**3 / (time.perf_counter() - began))
    return best


def _ours(task: Any) -> Any:
    """A lane as the engine trains it."""
    import torch

    from workbench.train.chunk import Chunk, Row, Seat
    from workbench.train.optimizers.value import Kept

    problem, total = task.problem(torch.device("cpu")), 1_000_000
    seat = Seat(0, {"learning_rate": np.full(total, 1e-3)}, 0, total, frozenset())
    chunk = Chunk(problem, task.optimizer, [seat], [Row(problem.first(0), Kept())], 0)

    def advance(updates: int) -> None:
        for _ in range(updates):
            # In no time it does one update.
            chunk.work(0.0)
        chunk.take()

    return advance


def _nanogpt(task: Any, path: str) -> Any:
    """The published structure: LayerNorm with optional bias, learned positions, GELU, fused qkv, tied head.

    Batches are slices of a memory map, stacked; weights decay in one of two groups; gradients are
    clipped; the loss is read every ten updates for the log.
    """
    import torch
    import torch.nn.functional as F
    from torch import nn

    size = task.size

    class Norm(nn.Module):
        def __init__(self, width: int, bias: bool) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(width))
            self.bias = nn.Parameter(torch.zeros(width)) if bias else None

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return F.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-5)

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(size.width, 3 * size.width, bias=False)
            self.proj = nn.Linear(size.width, size.width, bias=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            b, t, c = x.shape
            q, k, v = (
                part.view(b, t, size.heads, c // size.heads).transpose(1, 2)
                for part in self.qkv(x).split(c, dim=2)
            )
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=None, dropout_p=0, is_causal=True)
            return self.proj(y.transpose(1, 2).contiguous().view(b, t, c))

    class MLP(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up = nn.Linear(size.width, 4 * size.width, bias=False)
            self.act = nn.GELU()
            self.down = nn.Linear(4 * size.width, size.width, bias=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.down(self.act(self.up(x)))

    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.attention = Norm(size.width, False), Attention()
            self.norm2, self.mlp = Norm(size.width, False), MLP()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = x + self.attention(self.norm1(x))
            return x + self.mlp(self.norm2(x))

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens = nn.Embedding(size.vocab, size.width)
            self.places = nn.Embedding(size.context, size.width)
            self.layers = nn.ModuleList(Layer() for _ in range(size.layers))
            self.norm = Norm(size.width, False)
            self.head = nn.Linear(size.width, size.vocab, bias=False)
            self.head.weight = self.tokens.weight
            for weight in self.parameters():
                if weight.ndim > 1:
                    nn.init.normal_(weight, std=0.02)

        def forward(self, tokens: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            places = torch.arange(tokens.shape[1], dtype=torch.long)
            x = self.tokens(tokens) + self.places(places)
            for layer in self.layers:
                x = layer(x)
            logits = self.head(self.norm(x))
            return F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)

    data = np.memmap(path, dtype=np.uint16, mode="r")

    def window(start: int) -> torch.Tensor:
        return torch.from_numpy(data[start : start + size.context].astype(np.int64))

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        starts = torch.randint(len(data) - size.context, (task.batch,)).tolist()
        return torch.stack([window(i) for i in starts]), torch.stack([window(i + 1) for i in starts])

    torch.manual_seed(0)
    model = Model()
    decayed = [w for w in model.parameters() if w.dim() >= 2]
    others = [w for w in model.parameters() if w.dim() < 2]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    # On a CPU the published loop takes AdamW's default, not the fused one.
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95))
    x, y = batch()

    def advance(updates: int) -> None:
        nonlocal x, y
        for i in range(updates):
            for group in optimizer.param_groups:
                group["lr"] = 1e-3
            loss = model(x, y)
            x, y = batch()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            if i % 10 == 0:
                loss.item()

    return advance
