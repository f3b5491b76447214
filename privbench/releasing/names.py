"""New names for images, patients and UIDs: the same for the same, and nobody's without the key."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from ..base.errors import PrivbenchError
from ..base.files import read_bytes
from ..base.progress import log

_KEY = 32  # bytes
_DIGITS = 20
"""Hexadecimal ones: of a million names two share a new one once in two trillion data sets."""
_UID_ROOT = "2.25."  # and the decimal of a UUID (PS3.5, annex B.2)
_VERSION, _VERSION_MASK = 8 << 76, 0xF << 76  # a UUID by a rule of one's own (RFC 9562)
_VARIANT, _VARIANT_MASK = 2 << 62, 3 << 62


class NewNames:
    """Keyed hashes (HMAC, RFC 2104, of SHA-256). Whoever holds the key can test whether a name is of somebody."""

    def __init__(self, key: bytes) -> None:
        """The key is 32 bytes, and may lie in no release."""
        self._key = key

    def file(self, name: str) -> str:
        """The stem, without an ending, for the file of that relative path: 20 hexadecimal digits."""
        return self._digest("file", name).hex()[:_DIGITS]

    def patient(self, patient: str) -> str:
        """20 hexadecimal digits for a patient's number."""
        return self._digest("patient", patient).hex()[:_DIGITS]

    def uid(self, uid: str) -> str:
        """A UID of PS3.5, annex B.2: `2.25.` and a UUID as a decimal."""
        number = int.from_bytes(self._digest("uid", uid)[:16], "big")
        return f"{_UID_ROOT}{number & ~_VERSION_MASK & ~_VARIANT_MASK | _VERSION | _VARIANT}"

    def _digest(self, kind: str, text: str) -> bytes:
        return hmac.new(self._key, f"{kind} {text}".encode("utf-8", "surrogateescape"), hashlib.sha256).digest()


def read_or_make_key(path: Path) -> bytes:
    """The key in that file; one is drawn where there is none, for its owner alone (600), and the folders above it made.

    Raises:
        PrivbenchError: the file is no key of 32 bytes, or others may read it.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.privbench-unfinished")
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(_KEY))
                file.flush()
                os.fsync(file.fileno())
            # A link and no renaming: where two processes draw a key at once, both take that of the first.
            os.link(part, path)
            log.warning("a new key was made: %s; keep it, and keep it secret", path)
        except FileExistsError:
            pass
        finally:
            part.unlink(missing_ok=True)
    key = read_bytes(path, "name a file for the key, which is made where there is none")
    if len(key) != _KEY:
        raise PrivbenchError(
            f"{path} holds {len(key)} bytes, where a key has {_KEY}: name the key's file, or one that is not there yet."
        )
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise PrivbenchError(f"Others than its owner may use the key {path}: `chmod 600` it, or make a new one.")
    return key
