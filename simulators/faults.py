"""Faults to switch on: what a partner's system, or one feed of it, is doing wrong at present."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from simulators.deliveries import Alteration

FaultName = Literal[
    "down",  # nothing listens
    "wrong_password",  # the partner has changed its password or token
    "server_error",  # HTTP 500; `value` requests long, or until cleared
    "slow",  # every answer `value` seconds late
    "reset",  # the connection cut in mid-body; `value` times, or until cleared
    "drip",  # a body that comes by drops, `value` bytes each tenth of a second
    "forbidden",  # HTTP 403, and likewise below; `value` requests long, or until cleared
    "not_found",  # HTTP 404
    "gone",  # HTTP 410
    "too_many_requests",  # HTTP 429 with Retry-After
    "unavailable",  # HTTP 503 with Retry-After
    "wrong_length",  # HTTP: a body shorter than its Content-Length
    "expired_link",  # FHIR: the links of an export lead nowhere; `value` times, or until cleared
    "export_errors",  # FHIR: the server could not export everything; `value` times, or until cleared
    "host_key_changed",  # SFTP: the server shows another key
    "permission_denied",  # files: they may not be read
    "truncated",  # deliveries cut off in the middle of a row
    "empty",  # deliveries without content
    "header_changed",  # a required header or field bears another name
    "replaced",  # deliveries differ from before: their last row is gone (database: every tenth entry)
]
FAULT_NAMES: tuple[str, ...] = get_args(FaultName)
COUNTED = {
    "server_error",
    "reset",
    "forbidden",
    "not_found",
    "gone",
    "too_many_requests",
    "unavailable",
    "wrong_length",
    "expired_link",
    "export_errors",
}
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
            if name in COUNTED and value is None:
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
        return self.takes(partner, "server_error")

    def takes(self, partner: str, name: FaultName) -> bool:
        """Whether a fault that is COUNTED strikes now; counts it."""
        left = self.of_partner.get(partner, {}).get(name, 0.0)
        if left > 0:
            self.of_partner[partner][name] = left - 1
        return left > 0

    def value(self, partner: str, name: FaultName) -> float:
        """What a fault was switched on with; 0 when it is off."""
        return self.of_partner.get(partner, {}).get(name, 0.0)

    def secret(self, partner: str, agreed: str) -> str:
        """The password or token that the partner takes at present."""
        return f"{agreed}-changed" if self.has(partner, "wrong_password") else agreed

    def alteration(self, partner: str, feed: str) -> Alteration:
        names = self.of_content.get((partner, None), set()) | self.of_content.get((partner, feed), set())
        return Alteration(**dict.fromkeys(names, True))
