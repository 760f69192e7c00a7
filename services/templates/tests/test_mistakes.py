"""What is answered when the program itself is wrong."""

from __future__ import annotations

from autodmca_service.testing import Site

CONTENT = {"name": "Mine", "kind": "retraction", "body": "I retract my notice."}


async def test_a_mistake_of_the_model_is_answered_as_ours_and_nothing_to_try_again(
    site: Site,
) -> None:
    site.log.broken = True
    answer = await site(11, "POST", "/v1/templates", CONTENT)
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:autodmca:problem:internal"
    assert "retry-after" not in answer.headers
