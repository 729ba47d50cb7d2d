"""What a partner hands over for one interval, or why it did not."""

from dataclasses import dataclass
from typing import Protocol


class Sink(Protocol):
    """Where a connector puts the raw bytes of a delivery, in order; what is written cannot be taken back."""

    def write(self, data: bytes) -> object: ...


@dataclass(frozen=True)
class Receipt:
    """What a partner says of a delivery that has come whole; what it does not declare is None.

    `source` says what was read; `fingerprint` changes when a file is replaced, other sources have none.
    """

    source: str
    declared_rows: int | None = None
    declared_sha256: str | None = None
    fingerprint: str | None = None


class DeliveryFault(Exception):
    """No delivery could be had. Both messages name what to do; neither ever holds a cell of a delivery."""

    def __init__(self, message_zh: str, message_en: str, *, retryable: bool) -> None:
        super().__init__(message_en)
        self.message_zh = message_zh
        self.message_en = message_en
        self.retryable = retryable


def unreachable(where: str, why: str) -> DeliveryFault:
    return DeliveryFault(
        f"无法连接 {where}（{why}）。请确认对方系统是否运行、网络是否通畅；系统将自动重试。",
        f"cannot reach {where} ({why}); check that the partner's system is up and the network open; retried by itself",
        retryable=True,
    )


def login_refused(where: str, conn_id: str) -> DeliveryFault:
    return DeliveryFault(
        f"{where} 拒绝登录。请核对连接 {conn_id} 的账号、口令或令牌，更正后重新运行。",
        f"{where} refused the login; correct the account, password or token of connection {conn_id}, then run again",
        retryable=False,
    )


def not_delivered(where: str, what: str) -> DeliveryFault:
    return DeliveryFault(
        f"{where} 上没有 {what}。请联系合作单位确认是否已交付；系统将自动重试，次日也会补取。",
        f"{what} is not at {where}; ask the partner whether it was delivered; retried by itself, and again next night",
        retryable=True,
    )


def bad_answer(where: str, what: str) -> DeliveryFault:
    return DeliveryFault(
        f"{where} 返回的内容不符合约定（{what}）。请将本提示转交合作单位技术人员。",
        f"{where} answered against the agreement ({what}); pass this on to the partner's engineers",
        retryable=True,
    )


def reading_refused(where: str, what: str) -> DeliveryFault:
    return DeliveryFault(
        f"{where} 不允许读取 {what}：登录成功，但账号没有读取权限。请合作单位为该账号开通读取权限后重新运行。",
        f"{where} does not let {what} be read: the login is good, but the account lacks the permission;"
        " ask the partner to grant it, then run again",
        retryable=False,
    )


def changed_while_read(where: str, what: str) -> DeliveryFault:
    return DeliveryFault(
        f"{where} 上的 {what} 在读取过程中发生变化（对方仍在写入或已替换），本次内容全部作废。系统将自动重试；"
        "请合作单位先以临时名称写完，再改为正式名称。",
        f"{what} at {where} changed while being read (still being written, or replaced), so nothing of it was kept;"
        " retried by itself; ask the partner to write under another name and rename when complete",
        retryable=True,
    )
