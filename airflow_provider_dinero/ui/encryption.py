"""What the API server gives to a browser and expects back unchanged: encrypted, dated, and for one purpose only.

The API server stores nothing, so that any of its workers and replicas can handle the next request.
"""

import json
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


def seal(use: str, content: dict[str, Any]) -> str:
    """Return the content, encrypted.

    :param use: str, the purpose; `unseal` accepts no other
    :param content: dict, JSON types
    :return: str, of letters, digits, `-`, `_` and `=`
    """
    return _fernet(use).encrypt(json.dumps(content, ensure_ascii=False).encode()).decode()


def unseal(use: str, sealed: str, seconds: int) -> dict[str, Any] | None:
    """Return what was sealed, or None if it is too old, or was not sealed here for this purpose.

    :param use: str
    :param sealed: str
    :param seconds: int, maximum age
    """
    from cryptography.fernet import InvalidToken

    try:
        content: dict[str, Any] = json.loads(_fernet(use).decrypt(sealed.encode(), ttl=seconds))
    except (InvalidToken, UnicodeEncodeError):
        return None
    return content


def _fernet(use: str) -> "Fernet":
    """Return the cipher, from the secret that the API servers of a deployment share.

    Not `[core] fernet_key`: a deployment may leave that empty, and then Airflow encrypts nothing.
    """
    from airflow.api_fastapi.auth.tokens import get_signing_key
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    secret = get_signing_key("api", "secret_key").encode()
    key = HKDF(SHA256(), 32, salt=None, info=f"airflow-provider-dinero {use}".encode()).derive(secret)
    return Fernet(urlsafe_b64encode(key))
