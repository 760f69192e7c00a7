"""Why a connection could not be made, in words that say what to change. Knows errors, no connection."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Final

from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from autodmca_kafka.access import NotReached

# OpenSSL's X509_V_ERR_*: what is wrong with the certificate that a broker shows.
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_OTHER_NAME: Final = frozenset({62, 64})
_UNKNOWN_AUTHORITY: Final = frozenset({2, 18, 19, 20, 21})

_NO_TLS: Final = frozenset(
    {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"}
)
_EOF: Final = "UNEXPECTED_EOF_WHILE_READING"

# RFC 8446, section 5.1: what a TLS record begins with; an alert, to a client that speaks no TLS.
_TLS_TYPES: Final = frozenset({20, 21, 22, 23})
_TLS_MAJOR: Final = 3


class NoAnswer(ConnectionError):
    """What came is no answer of a Kafka broker; the text says what it looks like."""


def no_answer(head: bytes) -> NoAnswer:
    """Of the four bytes that should be an answer's length."""
    if head[0] in _TLS_TYPES and head[1] == _TLS_MAJOR:
        return NoAnswer("the listener speaks TLS, and this client does not")
    return NoAnswer(f"what comes does not begin as an answer of a Kafka broker: {head!r}")


def refusal(error: BaseException, protocol: str, host: str) -> NotReached:
    """What to say of `error`, of a try to connect to `host` with this security protocol."""
    causes = list(_causes(error))
    for each in causes:
        if isinstance(each, NotReached):
            return each
        if isinstance(each, NoAnswer):
            return NotReached(f"{each} (the security protocol is {protocol})", disagreement=True)
        if isinstance(each, ssl.SSLCertVerificationError):
            return NotReached(_certificate(each, host), disagreement=True)
        if isinstance(each, ssl.SSLError) and not _is_end(each):
            return NotReached(_tls(each, protocol), disagreement=True)
    if isinstance(error, SaslAuthenticationFailed):
        said = error.args[0] if error.args and error.args[0] else "without a reason"
        return NotReached(f"the broker refuses this client's credentials: {said}", disagreement=True)
    if isinstance(error, UnsupportedSaslMechanismError):
        return NotReached("the listener does not know this client's SASL mechanism", disagreement=True)
    if isinstance(error, IllegalSaslStateError):
        return NotReached(
            f"the listener has no SASL, and the security protocol is {protocol}", disagreement=True
        )
    if isinstance(error, TimeoutError):
        return NotReached("no answer in time")
    if any(_is_end(each) for each in causes) or type(error) is KafkaConnectionError:
        return NotReached(f"it ended the connection{_ended(protocol)}")
    if isinstance(error, OSError):
        return NotReached(error.strerror or str(error))
    return NotReached(f"it does not answer as a Kafka broker does: {error!r}", disagreement=True)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__


def _is_end(error: BaseException) -> bool:
    """Whether the other side is gone, and that is all that is known."""
    if isinstance(error, ssl.SSLError):
        return isinstance(error, ssl.SSLEOFError) or error.reason == _EOF
    return isinstance(error, (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, EOFError))


def _ended(protocol: str) -> str:
    if protocol in ("SSL", "SASL_SSL"):
        return (
            f" within the TLS handshake, as a listener without TLS does (the security protocol is {protocol})"
        )
    return f" before its first answer, as a listener with TLS may (the security protocol is {protocol})"


def _certificate(error: ssl.SSLCertVerificationError, host: str) -> str:
    said = error.verify_message
    if error.verify_code == _EXPIRED:
        return "the broker's certificate has expired"
    if error.verify_code == _NOT_YET_VALID:
        return "the broker's certificate is not valid yet"
    if error.verify_code in _OTHER_NAME:
        return f"the broker's certificate is not one for {host}"
    if error.verify_code in _UNKNOWN_AUTHORITY:
        return f"no authority in the CA file vouches for the broker's certificate ({said})"
    return f"the broker's certificate is not valid: {said}"


def _tls(error: ssl.SSLError, protocol: str) -> str:
    reason = error.reason or str(error)
    if reason in _NO_TLS:
        return f"the listener does not speak TLS, and the security protocol is {protocol}"
    words = reason.replace("_", " ").lower()
    if "alert" in words:
        alert = words.partition("alert ")[2]
        about = (
            "; it is about the client certificate" if "certificate" in alert or "ca" in alert.split() else ""
        )
        return f"the broker ends TLS with the alert '{alert}'{about}"
    return f"TLS failed: {words}"
