import pandas as pd

from simulators.totals.records import Records, share


def totals(records: Records) -> dict[str, float]:
    return {**_actions(records), **_publicity(records)}


def _actions(records: Records) -> dict[str, float]:
    """The register does not date a cancellation: a cancelled action counts as decided and nowhere else."""
    actions = records.of("meeting_actions")
    kept = actions[actions["action_state"] != "cancelled"]
    decided = records.until(kept, "meeting_date")
    left = decided.drop(records.until(decided, "completed_on").index)
    due = records.within(kept, "due_on")
    due = due[due["due_on"].astype("datetime64[s]") < pd.Timestamp(records.as_of)]
    in_time = due["completed_on"].astype("datetime64[s]") <= due["due_on"].astype("datetime64[s]")
    return {
        "actions_decided": len(records.within(actions, "meeting_date")),
        "actions_completed": len(records.within(kept, "completed_on")),
        "actions_open": len(left),
        "actions_overdue": len(records.passed(left, "due_on")),
        "action_on_time_rate": share(int(in_time.sum()), len(due)),
    }


def _publicity(records: Records) -> dict[str, float]:
    items = records.within(records.of("publicity_items"), "published_on")
    reach = int(items["reach"].astype(int).sum())
    return {
        "publicity_items": len(items),
        "publicity_reach": reach,
        "publicity_reach_per_item": share(reach, len(items)),
    }
