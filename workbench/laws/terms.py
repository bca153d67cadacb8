"""Parameters of the term that most laws begin with, ``L0 + A S1^-alpha``."""

from __future__ import annotations

from typing import Annotated

from workbench.params import Param

Level = Annotated[float, Param(0, 20, unit="nats", help="loss after an endless run at a constant rate")]
Size = Annotated[float, Param(1e-6, 1e3, log=True, slider=(0.3, 1.5), help="size of the power term")]
Exponent = Annotated[float, Param(1e-2, 3, log=True, slider=(0.2, 1), help="exponent of the sum of rates")]
