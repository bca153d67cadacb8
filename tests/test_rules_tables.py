"""muP, depth-muP and CompleteP: at the base nothing changes, and activations move alike at every size."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from workbench.scaling import rules
from workbench.scaling.count import KNOWN, parameters
from workbench.train.parametrization import DEVIATION, scale

BASE = {"rate": 1e-2, "init_std": 0.05, "weight_decay": 0.1, "eps": 1e-9}
WIDTH, DEPTH = 32, 2
TABLES = {
    "mup": lambda w, _: rules.mup(w, WIDTH, **BASE),
    "depth_mup": lambda w, n: rules.depth_mup(w, WIDTH, n, DEPTH, **BASE),
    "completep": lambda w, n: rules.completep(w, WIDTH, n, DEPTH, **BASE),
}


class Net(nn.Module):
    """Residual blocks of two layers between an embedding of tokens and a readout."""

    def __init__(self, width: int, depth: int, table: rules.Parametrisation) -> None:
        super().__init__()
        self.branch = table["residual branch"].multiplier
        self.out = table["readout"].multiplier
        self.embed = nn.Embedding(16, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(width), nn.Linear(width, width, False), nn.ReLU(), nn.Linear(width, width, False)
            )
            for _ in range(depth)
        )
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 16, False)
        nn.init.normal_(self.embed.weight, std=1.0)
        nn.init.normal_(self.head.weight, std=table["readout"].init_std)
        for block in self.blocks:
            for layer in (block[1], block[3]):
                nn.init.normal_(layer.weight, std=table["hidden"].init_std / 0.05 * math.sqrt(2 / WIDTH))

    def stream(self, x: torch.Tensor) -> torch.Tensor:
        h = self.embed(x)
        for block in self.blocks:
            h = h + self.branch * block(h)
        return h

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out * self.head(self.norm(self.stream(x)))


def groups(net: Net, table: rules.Parametrisation) -> list[dict]:
    hidden = [p for p in net.blocks.parameters() if p.ndim == 2]
    vectors = [p for p in net.blocks.parameters() if p.ndim == 1]
    named = {
        "embedding": [net.embed.weight],
        "hidden": hidden,
        "hidden vectors": vectors,
        "final norm": list(net.norm.parameters()),
        "readout": [net.head.weight],
    }
    return [
        {"params": params, "lr": row.rate, "weight_decay": row.weight_decay, "eps": row.eps}
        for name, params in named.items()
        for row in [table[name]]
    ]


def moved(width: int, depth: int, table: rules.Parametrisation, updates: int = 4) -> tuple[float, float]:
    """How much the stream and the output have changed after a few updates, root mean square."""
    change = []
    for seed in range(2):
        torch.manual_seed(seed)
        x, y = torch.randint(16, (64,)), torch.randint(16, (64,))
        net = Net(width, depth, table)
        optimizer = torch.optim.AdamW(groups(net, table))
        with torch.no_grad():
            before = net.stream(x), net(x)
        for _ in range(updates):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()
        with torch.no_grad():
            after = net.stream(x), net(x)
        change.append([float((b - a).square().mean().sqrt()) for a, b in zip(before, after, strict=True)])
    stream, out = np.mean(change, axis=0)
    return float(stream), float(out)


def slope(sizes: list[int], values: list[float]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


@pytest.mark.parametrize("name", list(TABLES))
def test_at_the_base_nothing_changes(name: str) -> None:
    found = TABLES[name](WIDTH, DEPTH)
    for row in (found["hidden"], found["embedding"], found["readout"]):
        assert (row.rate, row.init_std, row.weight_decay, row.eps) == pytest.approx(
            (BASE["rate"], BASE["init_std"], BASE["weight_decay"], BASE["eps"])
        )
    assert found["readout"].multiplier == found["residual branch"].multiplier == 1
    assert found["hidden vectors"].weight_decay == 0


def test_tables_are_one_at_the_base_depth() -> None:
    tables = [make(256, DEPTH).rows for make in TABLES.values()]
    assert tables[0] == tables[1] == tables[2]


def test_values_of_the_published_tables() -> None:
    """muP's table of 2203.03466 and table 1 of 2505.01618, at twice the width and four times the depth."""
    wide, half, full = (make(2 * WIDTH, 4 * DEPTH) for make in TABLES.values())
    assert wide["hidden"].rate == pytest.approx(BASE["rate"] / 2)
    assert wide["hidden"].init_std == pytest.approx(BASE["init_std"] / math.sqrt(2))
    assert wide["hidden"].weight_decay * wide["hidden"].rate == pytest.approx(
        BASE["weight_decay"] * BASE["rate"]
    )
    assert wide["readout"].multiplier == 0.5 and wide["embedding"].rate == BASE["rate"]
    assert (half["residual branch"].multiplier, full["residual branch"].multiplier) == (0.5, 0.25)
    assert half["hidden"].rate == pytest.approx(BASE["rate"] / 4)
    assert full["hidden"].rate == pytest.approx(BASE["rate"] / 2)
    assert half["hidden vectors"].rate == pytest.approx(BASE["rate"] / 2)
    assert full["hidden vectors"].rate == BASE["rate"] == full["final norm"].rate
    assert full["hidden"].eps == pytest.approx(BASE["eps"] / 8)
    assert wide["attention logits"].multiplier == 1 / 64


@pytest.mark.parametrize(("name", "layers"), [("mup", DEPTH), ("depth_mup", 5 * DEPTH)])
def test_tables_are_what_the_transformer_here_is_trained_with(name: str, layers: int) -> None:
    """Two implementations, of the same papers; attention alone has another constant."""
    width = 8 * WIDTH
    said, used = (
        TABLES[name](width, layers),
        scale(name, width=width, layers=layers, heads=4, base_width=WIDTH, base_layers=DEPTH),
    )
    hidden = said["hidden"]
    factors = (
        hidden.rate / BASE["rate"],
        hidden.weight_decay / BASE["weight_decay"],
        hidden.eps / BASE["eps"],
    )
    assert factors == pytest.approx((used.rate, used.decay, used.eps))
    assert hidden.init_std / BASE["init_std"] == pytest.approx(used.hidden / DEVIATION)
    assert said["hidden vectors"].rate / BASE["rate"] == pytest.approx(used.norms)
    assert (said["residual branch"].multiplier, said["readout"].multiplier) == pytest.approx(
        (used.branch, used.logits)
    )


def test_activations_move_alike_at_every_width() -> None:
    widths = [64, 128, 256]
    kept = [moved(w, DEPTH, rules.mup(w, WIDTH, **BASE)) for w in widths]
    assert abs(slope(widths, [s for s, _ in kept])) < 0.2
    assert abs(slope(widths, [o for _, o in kept])) < 0.25
    # The same network with the base's values at every width: the check must be able to fail.
    plain = [moved(w, DEPTH, rules.mup(WIDTH, WIDTH, **BASE)) for w in widths]
    assert slope(widths, [s for s, _ in plain]) > 0.5


def test_activations_move_alike_at_every_depth_under_completep() -> None:
    depths = [2, 4, 8, 16]
    kept = [moved(64, n, rules.completep(64, WIDTH, n, DEPTH, **BASE)) for n in depths]
    assert abs(slope(depths, [s for s, _ in kept])) < 0.2
    plain = [moved(64, n, rules.mup(64, WIDTH, **BASE)) for n in depths]
    assert slope(depths, [s for s, _ in plain]) > 0.3


def test_a_table_for_a_given_architecture() -> None:
    a, base = KNOWN["llama-7b"], KNOWN["gpt2"]
    found = rules.table_for("completep", a, base, rate=1e-2)
    assert found.rows == rules.completep(a.width, base.width, a.depth, base.depth, 1e-2, head_width=128).rows
    assert f"{parameters(a).blocks:,}" in found.notes[-1]
    tied = rules.table_for("mup", base, base, rate=1e-2)
    assert any("The readout is the embedding" in note for note in tied.notes)
    text = str(found)
    assert (
        text.count("\n") == len(found.rows) + 1 + len(found.notes)
        and "residual branch" in found._repr_html_()
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: rules.table_for("steplaw", KNOWN["gpt2"], KNOWN["gpt2"], rate=1e-2),
            "must be a rule that gives a table",
        ),
        (lambda: rules.table_for("mup", "gpt2", KNOWN["gpt2"], rate=1e-2), "a must be an Architecture"),
        (lambda: rules.table_for("mup", KNOWN["gpt2"], KNOWN["gpt2"]), "mup needs the argument 'rate'"),
        (lambda: rules.mup(64, 32, 1e-3)["head"], "class must be one of embedding"),
        (lambda: rules.mup(64.5, 32, 1e-3), "width must be a whole number"),
    ],
)
def test_bad_input_is_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
