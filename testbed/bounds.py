"""What settings are made of: the base of every table, and bounded values."""

from typing import Annotated

import msgspec

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Oid = Annotated[
    str,
    msgspec.Meta(pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$", max_length=200, examples=["1.3.6.1.5.5.7.3.2"]),
]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=False):
    """A table of settings; unknown keys and values out of range are refused."""
