"""How well notices are read: of which kind they are, and which elements of the statute they hold.

The cases and their labels are those of the tests of templates, where they are also held to a least.
"""

from __future__ import annotations

from collections.abc import Iterable

from autodmca_templates.notices import analyse, find_elements

from services.templates.tests.notice_cases import Row, Score, load, public, samples


def table() -> str:
    """Markdown tables: each set of texts, then kinds and elements over all notices together."""
    seen, held, written = public(held=False), public(held=True), samples()
    sets = {
        "public notices, cues were written with them in sight": Score(seen),
        "public notices, held back": Score(held),
        "samples, in many hands": Score(written),
    }
    lines = ["| texts | number | kinds right | elements in them | precision | recall |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for name, score in sets.items():
        all_ = score.elements
        figures = f"{score.kinds_right:.3f} | {all_.texts} | {all_.precision:.3f} | {all_.recall:.3f}"
        lines.append(f"| {name} | {score.texts} | {figures} |")
    for name, file, key in (
        ("short letters", "notice_letters.toml", "letter"),
        ("pages about notices, which are none", "notice_pages.toml", "page"),
    ):
        rows = load(file, key)
        right = sum(analyse(row["text"]).kind == row.get("kind", "other") for row in rows)
        lines.append(f"| {name} | {len(rows)} | {right / len(rows):.3f} | | | |")
    phrases = load("notice_phrases.toml", "phrase")
    right = sum(find_elements(row["text"], [row["element"]])[0].present is row["present"] for row in phrases)
    lines.append(f"| phrases that are an element, or look like one | {len(phrases)} | | {right} right | | |")
    every = Score([*seen, *held, *written])
    return "\n".join(
        [*lines, "", *_table("kind", every.by_kind()), "", *_table("element", every.by_element())]
    )


def _table(what: str, rows: Iterable[Row]) -> list[str]:
    head = [f"| {what} | texts | precision | recall |", "| --- | --- | --- | --- |"]
    return head + [f"| {row.name} | {row.texts} | {row.precision:.3f} | {row.recall:.3f} |" for row in rows]


if __name__ == "__main__":
    print(table())
