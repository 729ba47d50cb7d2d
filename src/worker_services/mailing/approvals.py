"""What a person decided about an amber issue. The ledger is the record: nothing else lets such an issue go out."""

from dataclasses import dataclass
from typing import Literal

from worker_services.audit import ledger
from worker_services.audit.ledger import Entry
from worker_services.briefing.errors import BriefingError
from worker_services.mailing.gate import Verdict
from worker_services.settings import Settings

Answer = Literal["approved", "declined", "lapsed"]
ACTIONS: dict[Answer, str] = {
    "approved": "briefing.approve",
    "declined": "briefing.decline",
    "lapsed": "briefing.lapse",
}
ANSWERS = {action: answer for answer, action in ACTIONS.items()}


class NotDecidable(BriefingError):
    """An issue about which there is nothing to decide; says why."""


@dataclass(frozen=True)
class Decision:
    """Who decided what, when (UTC, ISO 8601), why, and where they said so; `lapsed` is that nobody did in time."""

    answer: Answer
    by: str
    at: str
    reason: str
    via: str

    @property
    def sentence(self) -> str:
        """The decision as the data team reads it; nothing where nobody decided."""
        return "" if self.answer == "lapsed" else f"审核人{self.by}的意见：{self.reason or '未说明'}。"


def decide(settings: Settings, verdict: Verdict, answer: Answer, by: str, reason: str, via: str) -> Decision:
    """Enter a decision in the ledger; the same one again is the one that stands. The last one counts.

    It holds for exactly what the verdict was given on. Raises NotDecidable.
    """
    if verdict.colour == "green":
        raise NotDecidable(f"{verdict.subject} is green: it goes out without anybody's approval")
    if verdict.colour == "red" and answer == "approved":
        raise NotDecidable(f"{verdict.subject} is held, and nobody can let it go out: {''.join(verdict.sentences)}")
    found, before = standing(settings, verdict), entry_of(settings, verdict)
    if found and before and found.answer == answer and ledger.is_genuine(settings, before):
        return found
    details = {
        "fingerprint": verdict.fingerprint,
        "build_id": verdict.build_id,
        "reasons": [each.code for each in verdict.reasons],
        "reason": reason,
        "via": via,
    }
    entry = ledger.append(settings, by, ACTIONS[answer], verdict.subject, details)
    return Decision(answer, by, entry.time, reason, via)


def standing(settings: Settings, verdict: Verdict) -> Decision | None:
    """The last decision about what the verdict was given on, or None."""
    entry = entry_of(settings, verdict)
    if entry is None:
        return None
    return Decision(ANSWERS[entry.action], entry.actor, entry.time, entry.details["reason"], entry.details["via"])


def entry_of(settings: Settings, verdict: Verdict) -> Entry | None:
    """The entry of that decision, as the ledger has it."""
    given = [entry for action in ANSWERS for entry in ledger.about(settings, action, verdict.subject)]
    of_verdict = [entry for entry in given if entry.details["fingerprint"] == verdict.fingerprint]
    return max(of_verdict, key=lambda entry: entry.seq, default=None)
