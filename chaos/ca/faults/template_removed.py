"""A template that was taken off the CA."""

from collections.abc import Mapping
from typing import ClassVar

from chaos.evidence import refused
from chaos.fault import Evidence
from chaos.parts.changed import ChangedPart
from chaos.system import Part
from testbed.bounds import Name
from testbed.errors import CaRefused
from testbed.ra.certsrv.calls import Stage


class TemplateRemoved(ChangedPart, frozen=True, kw_only=True):
    """The CA offers `template` alone, not the RA's."""

    name: ClassVar[str] = "ca.template_removed"
    summary: ClassVar[str] = "the CA does not offer the RA's template any more"
    part: ClassVar[Part] = "ca"

    template: Name = "WebServer"

    def changes(self) -> Mapping[str, object]:
        """The one template on offer."""
        return {"ca.template": self.template, "ca.templates": []}

    def evidence(self) -> tuple[Evidence, ...]:
        """EST authentication fails, and no line says why."""
        return refused(Stage.FORM, CaRefused("template_missing", ""))
