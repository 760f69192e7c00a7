"""The tokens that people carry."""

import jwt
import pytest
from autodmca_sandbox.people import AUTHORS, REVIEWERS, token_for

SECRET = "a secret of more than thirty-two bytes"
NOW_S = 1_800_000_000.0


def test_a_token_names_its_person_and_roles() -> None:
    token = token_for(REVIEWERS[0], SECRET)
    claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    assert (claims["sub"], claims["roles"]) == (str(REVIEWERS[0].user_id), ["reviewer"])


def test_a_token_ends_when_its_lifetime_is_over() -> None:
    token = token_for(AUTHORS[0], SECRET, now_s=NOW_S, lifetime_s=60)
    claims = jwt.decode(
        token, SECRET, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False}
    )
    assert claims["exp"] == NOW_S + 60
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(token_for(AUTHORS[0], SECRET, now_s=0.0), SECRET, algorithms=["HS256"])


def test_no_reviewer_is_an_author() -> None:
    assert not {person.user_id for person in AUTHORS} & {person.user_id for person in REVIEWERS}
