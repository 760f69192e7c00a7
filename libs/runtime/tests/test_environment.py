"""Settings: what fits is loaded exactly, and every key that does not fit is named at once."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from autodmca_runtime import (
    ConfigError,
    Env,
    KafkaSettings,
    Prefix,
    Problem,
    Secret,
    TokenSettings,
    describe,
    load,
)
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta


class Inner(msgspec.Struct, frozen=True, kw_only=True):
    size: Annotated[int, Env("SIZE", "How many.", "5"), Meta(ge=1, le=10)] = 5
    mode: Annotated[Literal["fast", "slow"], Env("MODE", "How.", "fast")] = "fast"


class Outer(msgspec.Struct, frozen=True, kw_only=True):
    name: Annotated[str, Env("NAME", "Who.", "edge-1")]
    key: Annotated[Secret | None, Env("KEY", "Kept to oneself.")] = None
    ratio: Annotated[float | None, Env("RATIO")] = None
    hosts: Annotated[tuple[str, ...], Env("HOSTS", example="a,b")] = ()
    on: Annotated[bool, Env("ON")] = False
    folder: Annotated[Path | None, Env("FOLDER")] = None
    started: int = 0
    inner: Inner


def problems(environ: dict[str, str], kind: type[msgspec.Struct] = Outer) -> dict[str, Problem]:
    with pytest.raises(ConfigError) as caught:
        load(kind, environ)
    return {problem.name: problem for problem in caught.value.problems}


def test_every_kind_of_value_is_read() -> None:
    environ = {
        "NAME": " edge-1 ",
        "KEY": "hush",
        "RATIO": "0.5",
        "HOSTS": "a, b,,c",
        "ON": "true",
        "FOLDER": "/srv",
        "SIZE": "7",
        "MODE": "slow",
    }
    expected = Outer(
        name="edge-1",
        key=Secret("hush"),
        ratio=0.5,
        hosts=("a", "b", "c"),
        on=True,
        folder=Path("/srv"),
        inner=Inner(size=7, mode="slow"),
    )
    assert load(Outer, environ) == expected


def test_unset_and_empty_variables_leave_the_defaults() -> None:
    assert load(Outer, {"NAME": "x", "SIZE": "", "HOSTS": "  "}) == Outer(name="x", inner=Inner())


def test_all_bad_keys_are_named_at_once_with_reason_and_example() -> None:
    found = problems({"RATIO": "nan", "SIZE": "11", "MODE": "quick", "ON": "perhaps"})
    assert list(found) == ["NAME", "RATIO", "ON", "SIZE", "MODE"]
    assert str(found["NAME"]) == "NAME is missing (for example NAME=edge-1)"
    assert str(found["SIZE"]) == "SIZE is '11': expected `int` <= 10 (for example SIZE=5)"
    assert found["MODE"].reason == "is 'quick': expected one of fast, slow"
    assert found["RATIO"].reason == "is 'nan': expected a finite number"


def test_a_misspelt_key_is_suggested() -> None:
    reason = problems({"KAFKA_BOOTSTRAP_SERVER": "x:1"}, KafkaSettings)["KAFKA_BOOTSTRAP_SERVERS"].reason
    assert reason == "is missing; is KAFKA_BOOTSTRAP_SERVER meant?"


def test_a_field_without_a_variable_and_without_a_default_is_a_mistake_of_ours() -> None:
    class Broken(msgspec.Struct):
        value: int

    with pytest.raises(TypeError, match="value"):
        load(Broken, {})


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    low: Annotated[int, Env("LOW")]
    high: Annotated[int, Env("HIGH")]

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("must be in order")


def test_what_keys_must_agree_on_is_reported_under_their_names() -> None:
    assert problems({"LOW": "2", "HIGH": "1"}, Pair) == {
        "LOW, HIGH": Problem("LOW, HIGH", "must be in order")
    }
    assert list(problems({"LOW": "2", "HIGH": "x"}, Pair)) == ["HIGH"]


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_any_text_gives_settings_or_a_config_error_that_names_its_keys(
    a: str, b: str, c: str, d: str
) -> None:
    environ = {"NAME": a, "SIZE": b, "RATIO": c, "HOSTS": d, "MODE": a, "ON": b}
    bad: tuple[Problem, ...] = ()
    try:
        settings = load(Outer, environ)
    except ConfigError as error:
        bad = error.problems
    assert {problem.name for problem in bad} <= environ.keys()
    assert all(problem.reason for problem in bad)
    assert bad or 1 <= settings.inner.size <= 10


@given(st.integers(1, 10), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
def test_what_is_written_out_is_read_back(size: int, ratio: float, on: bool) -> None:
    environ = {"NAME": "x", "SIZE": str(size), "RATIO": repr(ratio), "ON": str(on).lower()}
    assert load(Outer, environ) == Outer(name="x", ratio=ratio, on=on, inner=Inner(size=size))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=12, max_size=31))
def test_no_error_and_no_repr_shows_a_secret(secret: str) -> None:
    settings = Outer(name="x", key=Secret(secret), inner=Inner())
    shown = [repr(settings), str(settings.key), f"{settings.key}"]
    try:
        shown.append(repr(load(TokenSettings, {"JWT_SECRET": secret})))
    except ConfigError as error:
        shown.append(str(error))
    # (letters of it may stand in an error by chance: the whole of it may not)
    assert not any(secret in text for text in shown)


def test_a_secret_is_revealed_only_by_name() -> None:
    assert Secret("hush").reveal() == "hush"
    assert Secret("hush") == Secret("hush") != Secret("other")
    assert Secret("hush") != "hush"
    assert len({Secret("hush"), Secret("hush")}) == 1
    with pytest.raises(TypeError):
        pickle.dumps(Secret("hush"))


def test_a_password_in_an_address_is_not_shown() -> None:
    reason = problems({"JWT_JWKS_URL": "ftp://user:hunter22@id/"}, TokenSettings)["JWT_JWKS_URL"].reason
    assert "hunter22" not in reason


@pytest.mark.parametrize(
    ("environ", "bad"),
    [
        ({}, {"JWT_SECRET"}),
        ({"JWT_SECRET": "short"}, {"JWT_SECRET"}),
        ({"JWT_JWKS_URL": "id.example.com"}, {"JWT_JWKS_URL"}),
        ({"JWT_JWKS_URL": "http://[::1/jwks"}, {"JWT_JWKS_URL"}),
        ({"JWT_JWKS_URL": "https://id/jwks", "JWT_ALGORITHMS": "HS256"}, {"JWT_ALGORITHMS"}),
        ({"JWT_SECRET": "s" * 32, "JWT_ALGORITHMS": "none"}, {"JWT_ALGORITHMS"}),
        ({"JWT_SECRET": "s" * 32, "JWT_LEEWAY_SECONDS": "-1"}, {"JWT_LEEWAY_SECONDS"}),
        ({"JWT_SECRET": "s", "JWT_ALGORITHMS": "HS256", "JWT_JWKS_URL": "x"}, {"JWT_SECRET", "JWT_JWKS_URL"}),
    ],
)
def test_token_settings_that_cannot_work_are_refused(environ: dict[str, str], bad: set[str]) -> None:
    assert set(problems(environ, TokenSettings)) == bad


def test_the_table_of_settings_names_every_variable() -> None:
    table = describe(Outer)
    assert "| `SIZE` | int | `5` | How many. Example: `5`. |" in table
    assert "| `NAME` | str | required | Who. Example: `edge-1`. |" in table
    assert "| `KEY` | secret | none | Kept to oneself. |" in table
    assert "| `MODE` | `fast`, `slow` | `fast` | How. Example: `fast`. |" in table
    assert "| `HOSTS` | list, separated by commas | none |" in table


class Twice(msgspec.Struct, frozen=True, kw_only=True):
    pictures: Inner
    videos: Annotated[Inner, Prefix("VIDEO_")] = Inner(size=7)


def test_a_struct_that_is_held_twice_has_a_prefix_and_defaults_of_its_own() -> None:
    assert load(Twice, {}) == Twice(pictures=Inner(), videos=Inner(size=7))
    environ = {"SIZE": "1", "VIDEO_MODE": "slow"}
    assert load(Twice, environ) == Twice(pictures=Inner(size=1), videos=Inner(size=7, mode="slow"))
    assert problems({"SIZE": "0", "VIDEO_SIZE": "11"}, Twice).keys() == {"SIZE", "VIDEO_SIZE"}
    rows = describe(Twice).splitlines()[2:]
    assert [row.split(" | ")[0:3:2] for row in rows] == [
        ["| `SIZE`", "`5`"],
        ["| `MODE`", "`fast`"],
        ["| `VIDEO_SIZE`", "`7`"],
        ["| `VIDEO_MODE`", "`fast`"],
    ]


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("hush\n")
    settings = load(Outer, {"NAME": "x", "KEY": "", "KEY_FILE": str(file)})
    assert settings.key == Secret("hush")


@pytest.mark.parametrize(
    ("content", "environ", "reason"),
    [
        (b"hush", {"KEY": "other"}, "is set, and so is KEY"),
        (b" \n", {}, "names an empty file"),
        (b"\xff\xfe", {}, "is no text"),
        (None, {}, "No such file"),
    ],
)
def test_a_secret_s_file_that_is_no_use_is_named_without_the_secret(
    tmp_path: Path, content: bytes | None, environ: dict[str, str], reason: str
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    found = problems({"NAME": "x", "KEY_FILE": str(file), **environ})
    assert reason in found["KEY_FILE"].reason
    assert "hush" not in found["KEY_FILE"].reason
    assert list(found) == ["KEY_FILE"]


def test_only_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "name").write_text("edge-1")
    assert problems({"NAME_FILE": str(tmp_path / "name")})["NAME"].reason.startswith("is missing")


def test_a_struct_may_read_a_secret_s_file_by_itself(tmp_path: Path) -> None:
    class Own(msgspec.Struct, frozen=True, kw_only=True):
        key: Annotated[Secret | None, Env("KEY")] = None
        key_file: Annotated[str | None, Env("KEY_FILE")] = None

    assert load(Own, {"KEY_FILE": "/nowhere"}) == Own(key=None, key_file="/nowhere")
