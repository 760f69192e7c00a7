"""How the issuer's keys are fetched is said by settings, and by nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from autodmca_runtime import ConfigError, TokenSettings, TokenVerifier


async def test_the_environment_names_no_proxy_for_the_issuer(
    issuer: Any, keys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    issuer.keys = [keys.jwk("RS256", "a")]
    assert await TokenVerifier(TokenSettings(jwks_url=issuer.url)).refresh()


def test_a_file_of_authorities_that_is_none_stops_the_start_by_name(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for name, reason in (("empty.pem", "holds no certificate"), ("absent.pem", "cannot be read")):
        settings = TokenSettings(jwks_url="https://id.example.com/k", jwks_ca_file=str(tmp_path / name))
        with pytest.raises(ConfigError, match=f"JWT_JWKS_CA_FILE {reason}"):
            TokenVerifier(settings)
