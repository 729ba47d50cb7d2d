"""Faults to switch on: what a partner's system, or one feed of it, is doing wrong at present."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from simulators.deliveries import Alteration

FaultName = Literal[
    "down",  # nothing listens
    "wrong_password",  # the partner has changed its password or token
    "server_error",  # HTTP 500; `value` requests long, or until cleared
    "slow",  # every answer `value` seconds late
    "truncated",  # deliveries cut off in the middle of a row
    "empty",  # deliveries without content
    "header_changed",  # a required header or field bears another name
    "replaced",  # deliveries differ from before: their last row is gone (database: every tenth entry)
]
FAULT_NAMES: tuple[str, ...] = get_args(FaultName)
OF_CONTENT = {"truncated", "empty", "header_changed", "replaced"}


@dataclass
class Faults:
    """What is switched on, by partner; faults of content by partner and feed (None: all its feeds)."""

    of_partner: dict[str, dict[str, float]] = field(default_factory=dict)
    of_content: dict[tuple[str, str | None], set[str]] = field(default_factory=dict)

    def switch_on(self, partner: str, name: FaultName, feed: str | None, value: float | None) -> None:
        if name in OF_CONTENT:
            self.of_content.setdefault((partner, feed), set()).add(name)
        else:
            self.of_partner.setdefault(partner, {})[name] = 1.0 if value is None else value
            if name == "server_error" and value is None:
                self.of_partner[partner][name] = float("inf")

    def clear(self, partner: str) -> None:
        self.of_partner.pop(partner, None)
        for key in [key for key in self.of_content if key[0] == partner]:
            del self.of_content[key]

    def has(self, partner: str, name: FaultName) -> bool:
        return name in self.of_partner.get(partner, {})

    def delay(self, partner: str) -> float:
        return self.of_partner.get(partner, {}).get("slow", 0.0)

    def takes_server_error(self, partner: str) -> bool:
        """Whether this request fails; counts it."""
        left = self.of_partner.get(partner, {}).get("server_error", 0.0)
        if left > 0:
            self.of_partner[partner]["server_error"] = left - 1
        return left > 0

    def secret(self, partner: str, agreed: str) -> str:
        """The password or token that the partner takes at present."""
        return f"{agreed}-changed" if self.has(partner, "wrong_password") else agreed

    def alteration(self, partner: str, feed: str) -> Alteration:
        names = self.of_content.get((partner, None), set()) | self.of_content.get((partner, feed), set())
        return Alteration(**dict.fromkeys(names, True))
