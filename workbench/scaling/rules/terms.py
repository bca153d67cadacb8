"""Arguments that rules share, each with its range and unit."""

from __future__ import annotations

from typing import Annotated

from workbench.params import Param

POSITIVE = Param(0, 1e32, open_low=True)
"""Of what may be of any size above 0."""
NParams = Annotated[
    float,
    Param(1, 1e16, unit="parameters", log=True, slider=(1e6, 1e12), help="parameters without embeddings"),
]
Tokens = Annotated[
    float, Param(1, 1e18, unit="tokens", log=True, slider=(1e8, 1e14), help="tokens of the whole run")
]
Compute = Annotated[
    float, Param(1, 1e32, unit="FLOPs", log=True, slider=(1e17, 1e26), help="FLOPs of the whole run")
]
BatchTokens = Annotated[
    float, Param(1, 1e12, unit="tokens", log=True, slider=(1e4, 1e8), help="tokens of one update")
]
Batch = Annotated[
    float, Param(0, 1e12, open_low=True, log=True, slider=(1, 1e8), help="batch, in any one unit")
]
Noise = Annotated[
    float,
    Param(0, 1e15, open_low=True, log=True, slider=(1, 1e8), help="noise scale, in the unit of the batch"),
]
Rate = Annotated[
    float, Param(0, 1e6, open_low=True, log=True, slider=(1e-5, 1e-1), help="peak learning rate")
]
Loss = Annotated[float, Param(0, 100, open_low=True, unit="nats", slider=(1.5, 6), help="loss")]
Decay = Annotated[
    float, Param(0, 1e6, open_low=True, log=True, slider=(1e-4, 1), help="weight decay of AdamW")
]
Eps = Annotated[float, Param(0, 1, open_low=True, log=True, slider=(1e-16, 1e-6), help="epsilon of Adam")]
Std = Annotated[
    float, Param(0, 100, open_low=True, log=True, slider=(1e-3, 1), help="standard deviation at the start")
]
Width = Annotated[int, Param(1, 1e7, log=True, slider=(64, 16_384), help="width of the residual stream")]
Depth = Annotated[int, Param(1, 1e5, log=True, slider=(1, 128), help="blocks")]
HeadWidth = Annotated[int, Param(1, 1e6, log=True, slider=(16, 256), help="width of one head")]
