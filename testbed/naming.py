"""What the lab's parts, and the ways between them, are called."""

from typing import Literal

PartName = Literal["ca", "ra"]
Hop = Literal["phone-ra", "ra-ca"]
