"""A template name with a slip in it."""

from collections.abc import Mapping
from typing import ClassVar

from chaos.evidence import refused
from chaos.fault import Evidence
from chaos.parts.changed import ChangedPart
from chaos.system import Part
from testbed.bounds import Name
from testbed.errors import CaRefused
from testbed.ra.certsrv.calls import Stage


class TemplateMistyped(ChangedPart, frozen=True, kw_only=True):
    """The RA asks for `template`, which the CA does not offer: the guide's failure without a reason."""

    name: ClassVar[str] = "ra.template_mistyped"
    summary: ClassVar[str] = "the RA asks for a template that is not offered"
    part: ClassVar[Part] = "ra"

    template: Name = "CiscoRAA"

    def changes(self) -> Mapping[str, object]:
        """The template's name."""
        return {"ra.template": self.template}

    def evidence(self) -> tuple[Evidence, ...]:
        """EST authentication fails, and no line says why."""
        return refused(Stage.FORM, CaRefused("template_missing", ""))
