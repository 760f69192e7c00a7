"""`make quality`: a table for each domain function that is judged by quality, as Markdown.

The data is in `../shared`; what it is needed for says so and is left out where it is absent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.quality import notices, pictures, texts, urls, videos
from tests.quality.impersonators import judged, sandbox

TABLES: Final[dict[str, Callable[[], str]]] = {
    "Kinds and elements of notices": notices.table,
    "URLs in public notices": urls.table,
    "Copies of pictures": pictures.table,
    "Copies of texts, a fifth of whose words was changed": texts.table,
    "Clips of videos": videos.table,
    "Impersonators, on persons and words that nothing was fitted on": lambda: judged.table(judged.held_out()),
    "Impersonators, on the sandbox's networks": lambda: judged.table(sandbox.population()),
    "Posts that copy a person's, on the sandbox's networks": sandbox.copies,
    "Impersonators, on accounts written by hand": lambda: judged.table(judged.written()),
    "Impersonators of other cultures and scripts": lambda: judged.table(judged.written("cultures.toml")),
    "Impersonators in more languages": lambda: judged.table(judged.written("languages.toml")),
    "Impersonators, mixed": lambda: judged.table(judged.written("mixed.toml")),
}


def main() -> None:
    for title, table in TABLES.items():
        print(f"## {title}\n")
        try:
            print(table())
        except FileNotFoundError as error:
            print(f"left out: {error.filename} is not there")


if __name__ == "__main__":
    main()
