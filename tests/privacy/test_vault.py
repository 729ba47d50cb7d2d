import pyrage
import pytest
from pydantic import SecretStr

from worker_services.privacy import vault
from worker_services.secrets import Secrets


def keys():
    return Secrets(worker_key_secret=SecretStr("k"), vault_identity=SecretStr(str(pyrage.x25519.Identity.generate())))


def test_only_the_identity_opens_what_was_sealed():
    ours, theirs = keys(), keys()
    sealed = vault.seal(b"220102199003071234", ours)
    assert b"220102199003071234" not in sealed
    assert vault.unseal(sealed, ours) == b"220102199003071234"
    with pytest.raises(pyrage.DecryptError):
        vault.unseal(sealed, theirs)


def test_one_changed_byte_is_seen():
    ours = keys()
    sealed = bytearray(vault.seal(b"raw bytes", ours))
    sealed[-1] ^= 1
    with pytest.raises(pyrage.DecryptError):
        vault.unseal(bytes(sealed), ours)


def test_the_same_bytes_are_kept_once(tmp_path):
    ours = keys()
    first = vault.store(tmp_path, "ab" * 32, b"raw bytes", ours)
    before = first.read_bytes()
    assert vault.store(tmp_path, "ab" * 32, b"raw bytes", ours) == first
    assert first.read_bytes() == before
    assert first.relative_to(tmp_path).as_posix() == f"ab/{'ab' * 32}.age"
