"""The trade-union organisations of the synthetic city."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Organisation:
    """One trade-union organisation and its share in the synthetic city (weights are relative)."""

    code: str
    name_zh: str
    short_zh: str
    members: float
    health: float
    employment: float
    rights: float


# members: share of workers; health, employment, rights: how well the organisation keeps up (1 = average).
ORGANISATIONS: tuple[Organisation, ...] = (
    Organisation("220102", "南关区总工会", "南关区", 13.0, 1.30, 1.20, 1.1),
    Organisation("220103", "宽城区总工会", "宽城区", 9.0, 1.05, 1.10, 1.2),
    Organisation("220104", "朝阳区总工会", "朝阳区", 14.0, 1.25, 1.15, 1.3),
    Organisation("220105", "二道区总工会", "二道区", 8.0, 0.75, 0.90, 1.0),
    Organisation("220106", "绿园区总工会", "绿园区", 9.0, 1.10, 0.85, 1.0),
    Organisation("220112", "双阳区总工会", "双阳区", 5.0, 0.80, 0.70, 0.8),
    Organisation("220113", "九台区总工会", "九台区", 6.0, 0.90, 0.80, 0.8),
    Organisation("220122", "农安县总工会", "农安县", 6.0, 0.45, 0.60, 0.7),
    Organisation("220182", "榆树市总工会", "榆树市", 5.5, 0.30, 0.45, 0.6),
    Organisation("220183", "德惠市总工会", "德惠市", 5.5, 0.70, 0.35, 0.7),
    Organisation("220184", "公主岭市总工会", "公主岭市", 6.0, 0.85, 0.75, 0.8),
    Organisation("IND-CONSTRUCTION", "建筑产业工会", "建筑产业工会", 4.0, 0.55, 1.20, 1.6),
    Organisation("IND-TRANSPORT", "交通运输产业工会", "交通运输产业工会", 3.0, 0.90, 0.90, 1.4),
    Organisation("IND-TRADE", "商贸金融产业工会", "商贸金融产业工会", 3.0, 1.20, 1.00, 0.9),
    Organisation("IND-MANUFACTURING", "装备制造产业工会", "装备制造产业工会", 2.0, 1.00, 1.30, 0.9),
    Organisation("DIR", "直属基层工会", "市直属", 2.0, 1.40, 0.80, 0.5),
)
ORGANISATION_CODES: tuple[str, ...] = tuple(o.code for o in ORGANISATIONS)
