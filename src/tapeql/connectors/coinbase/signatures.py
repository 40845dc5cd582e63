"""What proves who we are: a JSON web token for Advanced Trade, an HMAC for Exchange."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any, Final

from tapeql.errors import VenueError

TOKEN_S: Final = 120
"""How long a token holds; every message takes a new one."""

VERIFY: Final = "GET/users/self/verify"


def exchange_proof(api_key: str, api_secret: str, passphrase: str, now_s: int) -> dict[str, str]:
    """The fields that sign a subscription.

    Source: docs.cdp.coinbase.com/exchange/websocket-feed/authentication. Raises VenueError.
    """
    try:
        key = base64.b64decode(api_secret, validate=True)
    except ValueError:
        raise VenueError("Coinbase Exchange: api_secret is not base64") from None
    signed = hmac.new(key, f"{now_s}{VERIFY}".encode(), hashlib.sha256).digest()
    return {
        "signature": base64.b64encode(signed).decode(),
        "key": api_key,
        "passphrase": passphrase,
        "timestamp": str(now_s),
    }


def advanced_token(api_key: str, api_secret: str, now_s: int, nonce: str | None = None) -> str:
    """A token for one websocket message: ES256 for a PEM key of P-256, EdDSA for 32 or 64 bytes of Ed25519 in base64.

    Source: docs.cdp.coinbase.com, "Advanced Trade WebSocket Authentication". Raises VenueError.
    """
    algorithm, key = _signing_key(api_secret)
    header = {"alg": algorithm, "kid": api_key, "nonce": nonce or secrets.token_hex(16), "typ": "JWT"}
    claims = {"sub": api_key, "iss": "cdp", "nbf": now_s, "exp": now_s + TOKEN_S}
    said = b".".join(_url64(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return (said + b"." + _url64(_sign(algorithm, key, said))).decode()


def _signing_key(secret: str) -> tuple[str, Any]:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    # Files that hold one line write the key's line ends as \n.
    secret = secret.replace("\\n", "\n").strip()
    try:
        if secret.startswith("-----BEGIN"):
            key = load_pem_private_key(secret.encode(), None)
            if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
                return "ES256", key
            if isinstance(key, Ed25519PrivateKey):
                return "EdDSA", key
        else:
            raw = base64.b64decode(secret, validate=True)
            if len(raw) in (32, 64):
                return "EdDSA", Ed25519PrivateKey.from_private_bytes(raw[:32])
    except Exception:  # What the library says may hold parts of the key.
        pass
    raise VenueError("Coinbase: api_secret is neither a PEM key of P-256 or Ed25519 nor 32 or 64 bytes in base64")


def _sign(algorithm: str, key: Any, said: bytes) -> bytes:
    if algorithm == "EdDSA":
        return bytes(key.sign(said))
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    r, s = decode_dss_signature(key.sign(said, ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _url64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
