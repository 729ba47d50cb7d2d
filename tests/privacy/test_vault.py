import errno
import os
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from worker_services.privacy import vault
from worker_services.secrets import Secrets

SECRET_TEXT = b"220102199003071234"


def keys(*previous: Secrets) -> Secrets:
    return Secrets(
        worker_key_secret=SecretStr("k"),
        vault_identity=SecretStr(str(pyrage.x25519.Identity.generate())),
        previous_vault_identities=tuple(each.vault_identity for each in previous),
    )


def read_all(root: Path, sha256: str, secrets: Secrets) -> bytes:
    with vault.reading(root, sha256, secrets) as stream:
        return stream.read()


def test_only_the_identity_opens_what_was_sealed():
    ours, theirs = keys(), keys()
    sealed = vault.seal(SECRET_TEXT, ours)
    assert SECRET_TEXT not in sealed
    assert vault.unseal(sealed, ours) == SECRET_TEXT
    with pytest.raises(vault.VaultDamaged):
        vault.unseal(sealed, theirs)


def test_what_an_earlier_identity_sealed_still_opens_and_new_things_are_sealed_for_the_new_one(tmp_path):
    earlier = keys()
    now = keys(earlier)
    sha256 = vault.store(tmp_path, b"before", earlier).sha256
    assert read_all(tmp_path, sha256, now) == b"before"
    assert vault.unseal(vault.seal(b"x", earlier), now) == b"x"
    with pytest.raises(vault.VaultDamaged):
        vault.unseal(vault.seal(b"x", now), earlier)


@given(chunks=st.lists(st.binary(max_size=3000), max_size=20))
def test_whatever_comes_in_pieces_comes_out_whole(tmp_path_factory, chunks):
    ours, root = keys(), tmp_path_factory.mktemp("vault")
    with vault.receive(root, ours) as incoming:
        for chunk in chunks:
            incoming.write(chunk)
    assert incoming.size == sum(map(len, chunks))
    assert read_all(root, incoming.sha256, ours) == b"".join(chunks)


def test_the_same_bytes_are_kept_once_and_for_longer(tmp_path):
    ours = keys()
    path = vault.path_of(tmp_path, vault.store(tmp_path, b"raw bytes", ours).sha256)
    before = path.read_bytes()
    os.utime(path, (0, 0))
    assert vault.store(tmp_path, b"raw bytes", ours).sha256 == path.stem
    assert path.read_bytes() == before
    assert path.stat().st_mtime > 0
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]


@pytest.mark.parametrize("place", [0.3, 0.7, 1.0])
def test_a_changed_byte_is_an_error_and_never_an_early_end(tmp_path, place):
    ours = keys()
    path = vault.path_of(tmp_path, vault.store(tmp_path, os.urandom(300_000), ours).sha256)
    sealed = bytearray(path.read_bytes())
    sealed[int((len(sealed) - 1) * place)] ^= 1
    path.write_bytes(sealed)
    with pytest.raises(vault.VaultDamaged):
        read_all(tmp_path, path.stem, ours)


def test_a_file_cut_short_is_an_error_and_never_an_early_end(tmp_path):
    ours = keys()
    path = vault.path_of(tmp_path, vault.store(tmp_path, os.urandom(300_000), ours).sha256)
    path.write_bytes(path.read_bytes()[:200_000])
    with pytest.raises(vault.VaultDamaged):
        read_all(tmp_path, path.stem, ours)


def test_a_reader_that_has_seen_enough_may_leave(tmp_path):
    ours = keys()
    sha256 = vault.store(tmp_path, os.urandom(3_000_000), ours).sha256
    with vault.reading(tmp_path, sha256, ours) as stream:
        assert len(stream.read(10)) == 10


def test_a_delivery_that_breaks_off_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), vault.receive(tmp_path, keys()) as incoming:
        incoming.write(b"half of it")
        raise KeyError
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_is_not_there_is_told(tmp_path):
    with pytest.raises(vault.VaultDamaged, match="retention"):
        read_all(tmp_path, "ab" * 32, keys())


def test_a_disk_that_takes_no_more_is_an_error_of_ours_and_leaves_nothing(tmp_path):
    script = """
import os, resource, sys
from pathlib import Path
import pyrage
from worker_services.privacy import vault
from worker_services.secrets import Secrets

resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))
secrets = Secrets(worker_key_secret="k", vault_identity=str(pyrage.x25519.Identity.generate()))
try:
    with vault.receive(Path(sys.argv[1]), secrets) as incoming:
        for _ in range(64):
            incoming.write(os.urandom(1 << 20))
except OSError as error:
    print(os.strerror(error.errno))
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert told.strip() == os.strerror(errno.EFBIG)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_memory_stays_flat_whatever_the_size(tmp_path):
    script = """
import os, resource, sys
from pathlib import Path
import pyrage
from worker_services.privacy import vault
from worker_services.secrets import Secrets

secrets = Secrets(worker_key_secret="k", vault_identity=str(pyrage.x25519.Identity.generate()))
with vault.receive(Path(sys.argv[1]), secrets) as incoming:
    for _ in range(int(sys.argv[2])):
        incoming.write(os.urandom(1 << 20))
with vault.reading(Path(sys.argv[1]), incoming.sha256, secrets) as stream:
    while stream.read(1 << 20):
        pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""

    def peak(megabytes: int) -> int:
        command = [sys.executable, "-c", script, str(tmp_path), str(megabytes)]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    small, large = peak(2), peak(200)
    assert large - small < 30_000, "kilobytes"
