"""Proofs of who we are, against values made by other means."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tapeql.connectors.coinbase.signatures import advanced_token, exchange_proof
from tapeql.errors import VenueError

NOW_S = 1_620_000_000
SEED = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
"""The first key of RFC 8032, 7.1."""


def parts(token: str) -> tuple[dict[str, object], dict[str, object], bytes, bytes]:
    head, claims, signature = token.split(".")
    assert "=" not in token
    raw = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in (head, claims, signature)]
    return json.loads(raw[0]), json.loads(raw[1]), raw[2], f"{head}.{claims}".encode()


def test_exchange_signs_with_an_hmac() -> None:
    """The value is OpenSSL's: printf '1620000000GET/users/self/verify' | openssl dgst -sha256 -hmac 'not so secret'."""
    assert exchange_proof("key", "bm90IHNvIHNlY3JldA==", "phrase", NOW_S) == {
        "signature": "djsnWrAusSfIMicL/Sf/Ijuf0k+UPizfEDx/ilukDGk=",
        "key": "key",
        "passphrase": "phrase",
        "timestamp": "1620000000",
    }


@pytest.mark.parametrize("secret", [SEED, base64.b64encode(base64.b64decode(SEED) + bytes(32)).decode()])
def test_an_ed25519_key_signs_eddsa(secret: str) -> None:
    """EdDSA gives one signature; the key is 32 bytes, or 64 with its public half behind."""
    head, claims, signature, said = parts(advanced_token("organizations/o/apiKeys/k", secret, NOW_S, nonce="n"))
    assert head == {"alg": "EdDSA", "kid": "organizations/o/apiKeys/k", "nonce": "n", "typ": "JWT"}
    assert claims == {"sub": "organizations/o/apiKeys/k", "iss": "cdp", "nbf": NOW_S, "exp": NOW_S + 120}
    assert signature == Ed25519PrivateKey.from_private_bytes(base64.b64decode(SEED)).sign(said)


def pem(curve: SECP256R1 | SECP384R1, form: PrivateFormat = PrivateFormat.TraditionalOpenSSL) -> tuple[object, str]:
    key = generate_private_key(curve)
    return key, key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
def test_a_p256_key_signs_es256(form: PrivateFormat) -> None:
    """The signature is r and s of 32 bytes each, and the public key takes it; \\n for line ends will do."""
    key, text = pem(SECP256R1(), form)
    head, _, signature, said = parts(advanced_token("k", text.replace("\n", "\\n"), NOW_S))
    assert head["alg"] == "ES256"
    assert len(signature) == 64
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key.public_key().verify(encode_dss_signature(r, s), said, ECDSA(SHA256()))  # type: ignore[attr-defined]


def test_no_two_tokens_are_alike() -> None:
    """A nonce makes each its own."""
    assert advanced_token("k", SEED, NOW_S) != advanced_token("k", SEED, NOW_S)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "tell-nobody",
        "c2hvcnQ=",
        "-----BEGIN EC PRIVATE KEY-----\ntell-nobody\n-----END EC PRIVATE KEY-----",
        pem(SECP384R1())[1],
    ],
)
def test_a_secret_that_cannot_sign_is_refused_without_showing_it(secret: str) -> None:
    """The error says what is wanted and holds nothing of the secret."""
    with pytest.raises(VenueError, match="api_secret is neither") as caught:
        advanced_token("k", secret, NOW_S)
    assert "tell-nobody" not in str(caught.value)
    assert caught.value.__cause__ is None
    with pytest.raises(VenueError, match="not base64"):
        exchange_proof("k", "tell-nobody", "p", NOW_S)
