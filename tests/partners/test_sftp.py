import threading

import pytest
from pydantic import SecretStr

from tests.conftest import SUNDAY, House
from worker_services.partners import sftp
from worker_services.partners.delivery import DeliveryFault
from worker_services.partners.registry import load_partners


def transports() -> int:
    return sum(type(thread).__module__ == "paramiko.transport" for thread in threading.enumerate())


def test_no_connection_is_left_open_whether_the_login_is_taken_or_refused(house: House):
    source = load_partners()["maternity_hospital"].feeds["health_services"].source
    connection = house.connection("maternity_hospital")
    before = transports()
    assert sftp.fetch(connection, source, SUNDAY).raw
    refused = connection.model_copy(update={"password": SecretStr("wrong")})
    with pytest.raises(DeliveryFault, match="refused the login"):
        sftp.fetch(refused, source, SUNDAY)
    for thread in threading.enumerate():
        if type(thread).__module__ == "paramiko.transport":
            thread.join(timeout=5)
    assert transports() == before
