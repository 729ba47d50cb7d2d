"""Ed25519 signatures (RFC 8032) of the ledger's entries.

The keys are written so that anybody can check a signature with OpenSSL alone: a public key is the one line of text
between the marks of a PEM file, what is signed is the entry's hash as it is written (64 hexadecimal digits).
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pydantic import SecretStr

KEY_BYTES = 32


@dataclass(frozen=True)
class Signer:
    """A private key that signs, and its public key as text."""

    _key: Ed25519PrivateKey
    public_key: str

    def sign(self, entry_hash: str) -> str:
        """The signature of an entry's hash, in base64."""
        return b64encode(self._key.sign(entry_hash.encode())).decode()


def signer(secret: SecretStr) -> Signer:
    """Read a private key of 64 hexadecimal digits. Raises ValueError without quoting it."""
    try:
        seed = bytes.fromhex(secret.get_secret_value())
    except ValueError:
        seed = b""
    if len(seed) != KEY_BYTES:
        raise ValueError("a signing key of the ledger is 64 hexadecimal digits, as 'openssl rand -hex 32' makes them")
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Signer(key, b64encode(public).decode())


def is_signed(entry_hash: str, signature: str, public_key: str) -> bool:
    """Whether the signature is that of the hash under the key; a text that is no key or no signature signs nothing."""
    try:
        _public(public_key).verify(b64decode(signature, validate=True), entry_hash.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(public_key: str) -> str:
    """What a key is called for short: 16 hexadecimal digits of its SHA-256."""
    return sha256(public_key.encode()).hexdigest()[:16]


def as_pem(public_key: str) -> str:
    """The key as a file that OpenSSL reads."""
    return f"-----BEGIN PUBLIC KEY-----\n{public_key}\n-----END PUBLIC KEY-----\n"


@lru_cache(maxsize=64)
def _public(public_key: str) -> Ed25519PublicKey:
    key = load_der_public_key(b64decode(public_key, validate=True))
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 key")
    return key
