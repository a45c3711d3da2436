"""What the API server hands to a browser and wants back untouched: encrypted, dated, and for one use only.

Nothing is kept in the API server, so that any of its workers and replicas may answer the next request.
"""

import json
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


def seal(use: str, content: dict[str, Any]) -> str:
    """Return the content, encrypted.

    :param use: str, what for; sealed for one use, it opens for no other
    :param content: dict, as JSON has it
    :return: str, of letters, digits, `-`, `_` and `=`
    """
    return _fernet(use).encrypt(json.dumps(content, ensure_ascii=False).encode()).decode()


def unseal(use: str, sealed: str, seconds: int) -> dict[str, Any] | None:
    """Return what was sealed, or None where it is too old, or was not sealed here for this use.

    :param use: str
    :param sealed: str
    :param seconds: int, how old it may be
    """
    from cryptography.fernet import InvalidToken

    try:
        content: dict[str, Any] = json.loads(_fernet(use).decrypt(sealed.encode(), ttl=seconds))
    except (InvalidToken, UnicodeEncodeError):
        return None
    return content


def _fernet(use: str) -> "Fernet":
    """Return the cipher, by the secret that the API servers of a deployment share.

    Not `[core] fernet_key`: a deployment may leave that empty, and then Airflow encrypts nothing.
    """
    from airflow.api_fastapi.auth.tokens import get_signing_key
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    secret = get_signing_key("api", "secret_key").encode()
    key = HKDF(SHA256(), 32, salt=None, info=f"airflow-provider-dinero {use}".encode()).derive(secret)
    return Fernet(urlsafe_b64encode(key))
