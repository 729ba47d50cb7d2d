from datetime import date

import numpy as np
import pandas as pd

from simulators.totals.records import Records, share
from simulators.year import DAY, HISTORY_END


def totals(records: Records) -> dict[str, float]:
    spells = register_spells(records)
    first_snapshot, last = HISTORY_END - DAY, pd.Timestamp(records.last)
    on_register = (spells["started_on"].clip(lower=first_snapshot) <= last).sum()
    on_register -= (spells["ended_on"] <= last).sum()
    relief = records.within(records.of("relief_payments"), "paid_on")
    money, goods = (relief[relief["relief_kind"] == kind]["amount_yuan"].astype(float) for kind in ("money", "goods"))
    helped = relief[on_register_when_paid(relief, spells)]["worker_id"].nunique()
    return {
        "hardship_on_register": int(on_register),
        "hardship_entered": len(records.within(spells, "started_on")),
        "hardship_left": len(records.within(spells[spells["ended_on"].notna()], "ended_on")),
        "relief_person_times": len(relief),
        "relief_persons": relief["worker_id"].nunique(),
        "relief_money_yuan": money.sum(),
        "relief_goods_yuan": goods.sum(),
        "hardship_relief_coverage": share(helped, on_register),
    }


def register_spells(records: Records) -> pd.DataFrame:
    """Who was on the register from when until when, as the nightly snapshots show it: one row a spell."""
    open_spells: dict[str, dict[str, object]] = {}
    last_seen: dict[str, pd.Timestamp] = {}
    spells = []
    for end in np.arange(HISTORY_END, np.datetime64(records.as_of) + DAY, DAY):
        snapshot_on = pd.Timestamp(end - DAY)
        snapshot = records.world.truth("hardship_register", end.astype(date)).set_index("register_no")
        gone = open_spells.keys() - set(snapshot.index)
        spells += [open_spells.pop(number) | {"ended_on": snapshot_on} for number in gone]
        came = snapshot[~snapshot.index.isin(open_spells)]
        for number, worker, opened in zip(came.index, came["worker_id"], came["registered_on"], strict=True):
            fits = last_seen.get(number, pd.Timestamp.min) < pd.Timestamp(opened) <= snapshot_on
            started_on = pd.Timestamp(opened) if fits else snapshot_on
            open_spells[number] = {"worker_id": worker, "started_on": started_on}
        last_seen |= dict.fromkeys(snapshot.index, snapshot_on)
    spells += [spell | {"ended_on": pd.NaT} for spell in open_spells.values()]
    return pd.DataFrame(spells).astype({"started_on": "datetime64[s]", "ended_on": "datetime64[s]"})


def on_register_when_paid(relief: pd.DataFrame, spells: pd.DataFrame) -> "pd.Series[bool]":
    """By the snapshots; before the first of them, by whether the payment names a file."""
    paid_on = relief["paid_on"].astype("datetime64[s]")
    pairs = relief.assign(paid_on=paid_on, row=relief.index).merge(spells, on="worker_id")
    is_covered = (pairs["started_on"] <= pairs["paid_on"]) & ~(pairs["ended_on"] <= pairs["paid_on"])
    by_snapshot = relief.index.isin(pairs[is_covered]["row"])
    return relief["register_no"].notna().where(paid_on < HISTORY_END - DAY, by_snapshot)
