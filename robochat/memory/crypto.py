"""Seals what is stored: AES-256-GCM for the records, HMAC-SHA256 to find a person.

Safety: both keys are derived from the given one by scrypt with the salt of the file (RFC 7914), so
a passphrase will do. Each record is bound to its row; a record that was changed or moved does not
open. What stays visible is how many people are remembered and how long each record is.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path
from typing import Protocol

MIN_KEY_CHARS = 12
MAX_KEY_BYTES = 4096
NONCE_BYTES = 12
SALT_BYTES = 16
# 32 MiB and about a tenth of a second, once at start.
SCRYPT = {'n': 2**15, 'r': 8, 'p': 1, 'maxmem': 2**26}


class MemoryKeyError(ValueError):
    """The key is missing, too short, wrong, or can't be used here."""


class Cipher(Protocol):
    """How records and their keys look on disk."""

    def row_of(self, key: str) -> str:
        """Return what stands for a person's key on disk."""

    def seal(self, text: str, row: str) -> bytes:
        """Turn a record into bytes."""

    def open(self, sealed: bytes, row: str) -> str:
        """Turn bytes back into a record; raises ValueError when they are not what was sealed."""


class Plain:
    """Leaves everything readable; for files without a key."""

    def row_of(self, key: str) -> str:
        """Return the key itself."""
        return key.encode(errors='replace').decode()

    def seal(self, text: str, row: str) -> bytes:
        """Encode."""
        return text.encode()

    def open(self, sealed: bytes, row: str) -> str:
        """Decode."""
        return sealed.decode()


class Sealed:
    """Authenticated encryption by the `cryptography` package."""

    def __init__(self, key: str, salt: bytes) -> None:
        check_key(key)
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        made = hashlib.scrypt(key.encode(), salt=salt, dklen=64, **SCRYPT)
        self._box, self._finding = AESGCM(made[:32]), made[32:]

    def row_of(self, key: str) -> str:
        """Hash a person's key with a key of our own, so that nobody else can try out names."""
        return hmac.new(self._finding, key.encode(errors='replace'), hashlib.sha256).hexdigest()

    def seal(self, text: str, row: str) -> bytes:
        """Encrypt under a fresh nonce."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._box.encrypt(nonce, text.encode(), row.encode())

    def open(self, sealed: bytes, row: str) -> str:
        """Decrypt; raises ValueError for a wrong key and for changed bytes."""
        from cryptography.exceptions import InvalidTag

        try:
            nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
            return self._box.decrypt(nonce, rest, row.encode()).decode()
        except InvalidTag as error:
            raise ValueError('the bytes were sealed with another key, or were changed') from error


def check_key(key: str) -> None:
    """Raise MemoryKeyError when a key is too short or nothing here can encrypt."""
    if len(key) < MIN_KEY_CHARS:
        raise MemoryKeyError(
            f'the key of the memory has {len(key)} characters: it needs {MIN_KEY_CHARS} or more; '
            'make one with: openssl rand -base64 32'
        )
    try:
        import cryptography.hazmat.primitives.ciphers.aead  # noqa: F401
    except ImportError as error:
        raise MemoryKeyError(
            'memory.key_file is set, but the package cryptography is not installed; get it with: '
            'pip install "robochat[memory]"'
        ) from error


def read_key(path: str) -> str:
    """Read a key from a file, without the blanks around it; an empty path means no key.

    Raises MemoryKeyError when the file can't be read or holds no usable key.
    """
    if not path:
        return ''
    try:
        raw = Path(path).expanduser().read_bytes()
        key = raw[: MAX_KEY_BYTES + 1].decode().strip()
    except OSError as error:
        raise MemoryKeyError(f"{path}: the key can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MemoryKeyError(f'{path}: the key must be text, such as base64') from error
    if len(raw) > MAX_KEY_BYTES:
        raise MemoryKeyError(f'{path}: has {len(raw)} bytes; a key has {MAX_KEY_BYTES} at most')
    check_key(key)
    return key
