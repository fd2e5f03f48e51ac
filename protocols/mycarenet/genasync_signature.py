"""A WS-Security header with an X.509 signature: made, and checked.

A timestamp of 30 seconds and the body are signed (exclusive canonical XML,
SHA-256; RSA or ECDSA), the certificate goes along.  This is the form of the real
header without what makes it trusted there: no SAML assertion, no XAdES-T.  It
serves the local stand-in and the simulated MyCareNet, and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from protocols.mycarenet.genasync_xml import SECURITY, SOAP, Element, add, first, text

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

LIFETIME: Final = 30.0  # seconds that a timestamp holds
_SKEW: Final = 5.0  # seconds that a clock may be ahead
_WSS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
UTILITY: Final = _WSS + "wssecurity-utility-1.0.xsd"
DSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_RSA: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_EC: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
_X509: Final = _WSS + "x509-token-profile-1.0#X509v3"
_BASE64: Final = _WSS + "soap-message-security-1.0#Base64Binary"
_ID: Final = f"{{{UTILITY}}}Id"
_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_SIGNED: Final = ("timestamp", "body")


class BadSignature(ValueError):
    """A header that proves nothing; the words say why."""


def sign(
    envelope: Element, *, key: PrivateKey, certificate: x509.Certificate, now: float
) -> None:
    """Add a `Security` header; nothing in the envelope may change afterwards."""
    head, body = envelope[0], envelope[1]
    body.set(_ID, "body")
    names = {"wsse": SECURITY, "wsu": UTILITY, "ds": DSIG}
    security = etree.SubElement(head, f"{{{SECURITY}}}Security", nsmap=names)
    security.set(f"{{{SOAP}}}mustUnderstand", "1")
    token = add(
        security,
        SECURITY,
        "BinarySecurityToken",
        base64.b64encode(certificate.public_bytes(Encoding.DER)).decode(),
        ValueType=_X509,
        EncodingType=_BASE64,
    )
    token.set(_ID, "certificate")
    stamp = add(security, UTILITY, "Timestamp")
    stamp.set(_ID, "timestamp")
    for name, moment in (("Created", now), ("Expires", now + LIFETIME)):
        add(stamp, UTILITY, name, datetime.fromtimestamp(moment, UTC).strftime(_TIME))
    signature = add(security, DSIG, "Signature")
    info = add(signature, DSIG, "SignedInfo")
    add(info, DSIG, "CanonicalizationMethod", Algorithm=_C14N)
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    add(info, DSIG, "SignatureMethod", Algorithm=_RSA if is_rsa else _EC)
    for name, signed in zip(_SIGNED, (stamp, body), strict=True):
        _add_reference(info, name, signed)
    value = _signed(key, _canonical(info))
    add(signature, DSIG, "SignatureValue", base64.b64encode(value).decode())
    held = add(add(signature, DSIG, "KeyInfo"), SECURITY, "SecurityTokenReference")
    add(held, SECURITY, "Reference", URI="#certificate", ValueType=_X509)


def verify(envelope: Element, *, now: float) -> x509.Certificate:
    """Return the certificate whose key signed; raises `BadSignature`.

    It says nothing about who issued that certificate.
    """
    security = first(envelope[0], "Security")
    if security is None:
        raise BadSignature("there is no Security header")
    info, stamp = first(security, "SignedInfo"), first(security, "Timestamp")
    if info is None or stamp is None:
        raise BadSignature("its Security header has no timestamp or no signature")
    try:
        certificate = x509.load_der_x509_certificate(
            base64.b64decode(text(security, "BinarySecurityToken"), validate=True)
        )
        value = base64.b64decode(text(security, "SignatureValue"), validate=True)
        created, expires = (
            datetime.strptime(text(stamp, name), _TIME).replace(tzinfo=UTC).timestamp()
            for name in ("Created", "Expires")
        )
    except (binascii.Error, ValueError) as error:
        raise BadSignature(f"its Security header cannot be read: {error}") from error
    if not created - _SKEW <= now <= expires:
        raise BadSignature("its timestamp is over, or not yet begun")
    digests = [text(each, "DigestValue") for each in info if each.get("URI")]
    wanted = [_digest(stamp), _digest(envelope[1])]
    if not hmac.compare_digest(" ".join(digests), " ".join(wanted)):
        raise BadSignature("its timestamp or body is not the one that was signed")
    _check(certificate, value, _canonical(info))
    return certificate


def _add_reference(info: Element, name: str, signed: Element) -> None:
    reference = add(info, DSIG, "Reference", URI=f"#{name}")
    transforms = add(reference, DSIG, "Transforms")
    add(transforms, DSIG, "Transform", Algorithm=_C14N)
    add(reference, DSIG, "DigestMethod", Algorithm=_SHA256)
    add(reference, DSIG, "DigestValue", _digest(signed))


def _digest(element: Element) -> str:
    return base64.b64encode(hashlib.sha256(_canonical(element)).digest()).decode()


def _canonical(element: Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def _signed(key: PrivateKey, data: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    pair = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    length = (key.key_size + 7) // 8  # XML signatures hold both numbers, bare
    return b"".join(number.to_bytes(length) for number in pair)


def _check(certificate: x509.Certificate, value: bytes, data: bytes) -> None:
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(value, data, padding.PKCS1v15(), hashes.SHA256())
            return
        if isinstance(key, ec.EllipticCurvePublicKey):
            half = len(value) // 2
            pair = (int.from_bytes(value[:half]), int.from_bytes(value[half:]))
            key.verify(encode_dss_signature(*pair), data, ec.ECDSA(hashes.SHA256()))
            return
    except InvalidSignature as error:
        raise BadSignature("its signature does not hold") from error
    raise BadSignature("its key is neither RSA nor EC")
