"""TLS and SASL settings: what fits together, what does not, and that nobody sees a password."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from autodmca_runtime import ConfigError, KafkaSecurity, KafkaSettings, Secret, load
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.certificates import Authority

SASL = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": "edge"}
PASSWORD = "hunter2 and more"


def problems(environ: Mapping[str, str]) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        load(KafkaSecurity, environ)
    return {problem.name.removeprefix("KAFKA_"): problem.reason for problem in caught.value.problems}


def test_without_any_setting_there_is_neither_tls_nor_sasl() -> None:
    security = load(KafkaSettings, {"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092"}).security
    assert (security.protocol, security.encrypted, security.authenticated) == ("PLAINTEXT", False, False)
    assert security.files() == ()


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"SSL_CA_FILE": "/ca"}, {"SSL_CA_FILE"}),
        ({"SSL_CERTIFICATE_FILE": "/c", "SSL_KEY_FILE": "/k"}, {"SSL_CERTIFICATE_FILE", "SSL_KEY_FILE"}),
        ({"SASL_MECHANISM": "PLAIN", "SASL_TOKEN_FILE": "/t"}, {"SASL_MECHANISM", "SASL_TOKEN_FILE"}),
        ({"SECURITY_PROTOCOL": "SSL", "SASL_PASSWORD": "x"}, {"SASL_PASSWORD"}),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_KEY_FILE": "/k"}, {"SSL_CERTIFICATE_FILE"}),
        ({"SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SSL_CA_FILE": "/ca"}, {"SSL_CA_FILE", "SASL_MECHANISM"}),
        ({"SECURITY_PROTOCOL": "SASL_SSL"}, {"SASL_MECHANISM"}),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "SASL_MECHANISM": "OAUTHBEARER"}, {"SASL_TOKEN_FILE"}),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "SASL_MECHANISM": "PLAIN"}, {"SASL_USERNAME", "SASL_PASSWORD"}),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "SASL_MECHANISM": "GSSAPI"}, {"SASL_MECHANISM"}),
        ({"SECURITY_PROTOCOL": "TLS"}, {"SECURITY_PROTOCOL"}),
    ],
)
def test_what_cannot_be_meant_is_named(environ: dict[str, str], named: set[str]) -> None:
    assert problems({f"KAFKA_{name}": value for name, value in environ.items()}).keys() == named


def test_one_password_and_for_one_mechanism(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    both = {**SASL, "KAFKA_SASL_PASSWORD": PASSWORD, "KAFKA_SASL_PASSWORD_FILE": str(file)}
    assert "one of the two" in problems(both)["SASL_PASSWORD"]
    bearer = {**both, "KAFKA_SASL_MECHANISM": "OAUTHBEARER", "KAFKA_SASL_TOKEN_FILE": str(file)}
    assert problems(bearer).keys() == {"SASL_USERNAME", "SASL_PASSWORD", "SASL_PASSWORD_FILE"}


def test_a_password_is_seen_by_nobody(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    one = load(KafkaSecurity, {**SASL, "KAFKA_SASL_PASSWORD": PASSWORD})
    other = load(KafkaSecurity, {**SASL, "KAFKA_SASL_PASSWORD_FILE": str(file)})
    assert one.password_now() == other.password_now() == PASSWORD
    assert PASSWORD not in f"{one!r}{one}{other!r}"
    wrong = {"KAFKA_SASL_PASSWORD": PASSWORD, "KAFKA_SASL_TOKEN_FILE": "/nowhere"}
    assert PASSWORD not in str(problems({**SASL, **wrong}))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_a_file_of_a_password_holds_one_line(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Or is named, without a word of what it holds."""
    file = tmp_path_factory.getbasetemp() / "some-password"
    file.write_bytes(data)
    # Without TLS, whose authorities would be read each time.
    clear = {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_PASSWORD_FILE": str(file)}
    environ = {**SASL, **clear}
    try:
        line = data.decode().strip("\r\n")
        good = bool(line) and not set(line) & set("\0\1\r\n")
    except UnicodeDecodeError:
        good = False
    if good:
        assert load(KafkaSecurity, environ).password_now() == line
    else:
        assert problems(environ)["SASL_PASSWORD_FILE"].startswith(f"{file} cannot be used: it ")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for variable in ("SSL_CA_FILE", "SSL_CERTIFICATE_FILE"):
        reason = problems({"KAFKA_SECURITY_PROTOCOL": "SSL", f"KAFKA_{variable}": str(tmp_path / "no")})[
            variable
        ]
        assert "No such file" in reason
    certificate = Authority(tmp_path).issue("client")
    given = {"KAFKA_SSL_CERTIFICATE_FILE": str(certificate), "KAFKA_SSL_KEY_FILE": str(tmp_path)}
    assert "Is a directory" in problems({"KAFKA_SECURITY_PROTOCOL": "SSL", **given})["SSL_KEY_FILE"]


def test_files_that_hold_something_else_are_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, other, text = authority.issue("one"), authority.issue("two"), tmp_path / "text"
    text.write_text("no PEM")
    key = ec.generate_private_key(ec.SECP256R1())
    encrypted = tmp_path / "encrypted.key"
    encrypted.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"a passphrase"),
        )
    )

    def reason(**settings: Path) -> str:
        environ = {f"KAFKA_SSL_{name}_FILE": str(value) for name, value in settings.items()}
        (found,) = problems({"KAFKA_SECURITY_PROTOCOL": "SSL", **environ}).values()
        return found

    assert reason(CA=text).endswith("cannot be used: no certificate or crl found")
    assert "not what PEM files hold" in reason(CERTIFICATE=text)
    assert "key values mismatch" in reason(CERTIFICATE=certificate, KEY=other)
    assert f"with KAFKA_SSL_KEY_FILE {other}" in reason(CERTIFICATE=certificate, KEY=other)
    assert "the key is encrypted" in reason(CERTIFICATE=certificate, KEY=encrypted)


def test_files_are_read_as_they_are_now(tmp_path: Path) -> None:
    authority, file = Authority(tmp_path), tmp_path / "token"
    file.write_text("one")
    certificate = authority.issue("client")
    security = KafkaSecurity(
        protocol="SASL_SSL",
        ca_file=str(authority.file),
        certificate_file=str(certificate),
        mechanism="OAUTHBEARER",
        token_file=str(file),
    )
    assert security.files() == (str(authority.file), str(certificate), str(file))
    (before,) = security.ssl_context().get_ca_certs()
    authority.file.write_bytes(Authority(tmp_path, "another").file.read_bytes())
    (after,) = security.ssl_context().get_ca_certs()
    assert before != after
    file.write_text("two\n")
    assert security.token_now() == "two"
    file.unlink()
    with pytest.raises(ValueError, match=f"KAFKA_SASL_TOKEN_FILE {file} cannot be used: No such file"):
        security.token_now()


def test_a_password_given_by_a_program_is_a_secret_too() -> None:
    security = KafkaSecurity(
        protocol="SASL_PLAINTEXT", mechanism="SCRAM-SHA-256", username="edge", password=Secret(PASSWORD)
    )
    assert security.authenticated
    assert not security.encrypted
    assert PASSWORD not in repr(KafkaSettings(bootstrap_servers="kafka:9092", security=security))
