"""The square at which an amber issue waits for a person. The answer goes into the ledger, which `send` asks."""

from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, DownstreamTasksSkipped

import wiring
from worker_services.mailing import config


class IssueApproval(ApprovalOperator):
    """Asks about one issue, with the gate's reasons in the body. Green asks nobody; silence is never a yes."""

    APPROVE = config.APPROVE
    REJECT = config.DECLINE
    template_fields = (*ApprovalOperator.template_fields, "week", "edition", "colour", "fingerprint")

    def __init__(self, *, week: str, edition: str, colour: str, fingerprint: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.week = week
        self.edition = edition
        self.colour = colour
        self.fingerprint = fingerprint

    def execute(self, context: Context) -> Any:
        from worker_services.mailing.approvals import standing

        if self.colour == "green":
            raise AirflowSkipException("green: nobody needs to be asked")
        decision = standing(*self._issue(context))
        if decision and decision.answer == "approved":
            return f"approved already, by {decision.by}"
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        if event.get("error_type") == "timeout":
            self._decide(context, "lapsed", "airflow", "")
            raise AirflowFailException("nobody answered in time: not sent")
        if "error" not in event:
            by = (event.get("responded_by_user") or {}).get("name", "")
            reason = (event.get("params_input") or {}).get("reason") or ""
            if event["chosen_options"] == [self.REJECT]:
                self._decide(context, "declined", by, reason)
                after = [(task_id, context["ti"].map_index) for task_id in self.downstream_task_ids]
                raise DownstreamTasksSkipped(tasks=after)  # the operator itself skips none that is mapped
            self._decide(context, "approved", by, reason)
        return super().execute_complete(context, event)

    def _decide(self, context: Context, answer: Any, by: str, reason: str) -> None:
        """Enter the answer in the ledger, and tell the data team unless it is a yes."""
        from worker_services.intervals import Week
        from worker_services.mailing.alerts import alert
        from worker_services.mailing.approvals import decide

        settings, verdict = self._issue(context)
        decision = decide(settings, verdict, answer, by, reason, via="airflow")
        if answer != "approved":
            lines = [line for line in (decision.sentence, *verdict.sentences) if line]
            alert(settings, Week.parse(self.week), self.edition, answer, lines, wiring.mail_server())

    def _issue(self, context: Context) -> Any:
        """The settings, and the verdict that was asked about. Raises AirflowFailException when it is another by now."""
        from worker_services.intervals import Week
        from worker_services.mailing.gate import judge

        settings = wiring.settings(context)
        verdict = judge(settings, Week.parse(self.week), self.edition)
        if verdict.fingerprint != self.fingerprint:
            raise AirflowFailException("the issue has changed since the gate looked at it: clear `gate`")
        return settings, verdict
