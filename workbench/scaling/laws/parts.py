"""Parameters that several laws share."""

from __future__ import annotations

from typing import Annotated

from workbench.params import Param

Floor = Annotated[float, Param(0, 30, unit="nats", help="loss that neither size nor data take away")]
Size = Annotated[float, Param(0, 1e30, log=True, help="size of a power term at one parameter or token")]
Exponent = Annotated[float, Param(1e-2, 3, log=True, slider=(0.05, 1), help="exponent of a power term")]
Scale = Annotated[
    float, Param(0, 1e300, log=True, help="size or number of tokens at which the term is 1 nat")
]
