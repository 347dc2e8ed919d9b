"""The toxics, one a module. A module here that defines a `Toxic` is all it takes to have another.

`docs/chaos-tcp.md` shows how, around the smallest one.
"""
