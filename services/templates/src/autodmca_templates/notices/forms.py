"""Who says each sentence: the writer, the form that asks, the host that publishes, or somebody quoted.

Owns roles and the pairing of a question with its answer. A question, an instruction or the statute's own
text asserts nothing; a first-person statement does, even in bold, unless it is answered with a refusal.
Never judges what a sentence means for the notice.
"""

import re
from enum import Enum
from typing import Final, NamedTuple

from autodmca_urls.finding import FoundUrl, find_urls

from .text import MAX_PROSE, Line, Passage, Sentence, bounded, lines, passages, sentences


class Role(Enum):
    """Whose words a sentence is."""

    SAID = "said"
    ASKED = "asked"
    HOST = "host"
    QUOTED = "quoted"


class Said(NamedTuple):
    """A sentence with its role; `strong` when it stands in bold or as a heading."""

    start: int
    end: int
    norm: str
    role: Role
    strong: bool
    passage: int
    """Where its passage starts."""


class Question(NamedTuple):
    """The asked sentences of a passage and the writer's plain words after it (`answer` may be empty).

    A statement in bold ends an answer: it is the form's next item.
    """

    norm: str
    start: int
    end: int
    answer: tuple[Said, ...]


class Notice(NamedTuple):
    """A text read once: everything the finders need."""

    text: str
    rows: list[Line]
    said: list[Said]
    questions: list[Question]
    urls: list[FoundUrl]
    """Every address, the host's and the quoted ones too."""


def read(text: str, *, quoted_counts: bool = False) -> Notice:
    """Read a text; with `quoted_counts` what is quoted is taken for the writer's own words."""
    rows = lines(text)
    if quoted_counts:
        rows = [row._replace(quoted=False) for row in rows]
    said = _roles(text, list(passages(rows)))
    return Notice(text, rows, said, list(_questions(said)), find_urls(text))


_FIRST_PERSON: Final = re.compile(r"\b(?:i|we|my|our|me|us|mine|ours|undersigned|i'm|i've|we've|we're)\b")
_SECOND_PERSON: Final = re.compile(r"\b(?:you|your|yours)\b")
_INTERROGATIVE: Final = re.compile(
    r"(?:\W|\d+[.)]|[a-z][.)])*(?:what|which|who|whose|where|when|how|why|is|are|do|does|did|have|has|"
    r"can|could|would|will|were|was|if|any)\b"
)
_REQUEST: Final = re.compile(
    r"\b(?:could|can|would|will) you\b|\bplease (?:remove|restore|take|disable|reinstate)\b"
)
# Imperatives of forms and guides; "please remove" and "please contact me" are a letter's own.
_INSTRUCTION: Final = re.compile(
    r"(?:\W|\d+[.)]|\(?[a-z][.)])*(?:please,? )?(?:also |kindly )?(?:provide|identify|describe|type|"
    r"enter|specify|list|state|include|indicate|explain|confirm|give|sign|check|tick|select|fill|copy|"
    r"clearly|tell|note|do not|use|repeat)\b"
)
_PLEASE_GIVE: Final = re.compile(
    r"\bplease (?:also )?(?:provide|identify|describe|type|enter|specify|list|indicate|explain|state|"
    r"sign)\b.*\byour?\b"
)
_TO_THE_WRITER: Final = re.compile(
    r"\b(?:you|your|must|following statement|below|if possible|if applicable|optional|required|us|"
    r"alleged\w*|claimed|sufficient|reasonably|full legal name)\b"
)
_BY_DOING: Final = re.compile(
    r"\b(?:by (?:typing|signing|submitting|checking|clicking)\b.*\byou|you (?:must|should|"
    r"are required|agree|are providing|may be liable|need to)|please (?:see|read) (?:our|the)\b|"
    r"if you are (?:unsure|submitting|reporting)\b|"
    r"we ask that|your (?:full |"
    r"legal )?(?:name|signature) )"
)
_WONDERS: Final = re.compile(r"\b(?:should|may|can|could|must|do|would|shall|am|are|is) (?:i|we|my|our)\b")
# Somebody explains what notices are like: "A counter notice must ...".
_EXPLAINS: Final = re.compile(
    r"\b(?:an?|your|any|every|valid|effective) (?:\w+ ){0,2}(?:notices?|notifications?|retractions?|"
    r"complaints?)(?:,[^,]{0,40},)? (?:in turn,? )?(?:must|should|shall|has to|have to|needs? to|"
    r"consists?|requires?|ought)\b"
)
# The statute's own sentences, copied as headings: "(v) A statement that the complaining party has ...".
_STATUTE: Final = re.compile(
    r"(?:\W|\(?[ivx\da-f]{1,4}[.)])*(?:(?:a|an|your|the|include a|the following) )?"
    r"(?:(?:written )?statement (?:by you |from you |under penalty of perjury |"
    r"made under penalty of perjury |,? ?)*(?:that|stating|of)\b|(?:physical|electronic|"
    r"digital)\b.{0,40}\bsignature of|identification of the\b.{0,60}\b(?:claimed|alleged|"
    r"that has been)|information reasonably sufficient|to be effective)"
)
_QUESTION_MARKED: Final = re.compile(r"\W*(?:q|question) ?\d{0,3} ?[:.)]")
_LETTERED: Final = re.compile(r"^\W*(?:a|q|ans|answer|question|response|reply) ?\d{0,3} ?: ?")

# Sentences that a publishing host puts in front of a notice it shows: third person about "this notice".
_HOST: Final = re.compile(
    r"\bbefore disabling any content in relation to this\b|"
    r"\bto learn about when and why \w+ may process\b|\bcontacted the owners of some or all of the\b|"
    r"\bprovided information on how to submit a\b|\bbecause the reported (?:network|repositor)|"
    r"\b(?:github|we|host|the company) (?:has |have )?(?:processed|did not find|determined|"
    r"could not find|disabled)\b.*\b(?:this|the|that) (?:takedown|dmca|notice|network|repositor)|"
    r"\bhas been processed against\b|\bprocessed the takedown\b"
)
_RULE: Final = re.compile(r"\n[ \t]{0,3}(?:-{3,}|\*{3,}|_{3,})[ \t]{0,3}\r?\n")
_LONGEST_PREAMBLE: Final = 4_000
_ENOUGH: Final = 160
"""Characters of somebody's own words without which the host's sentences are the message itself."""


def _roles(text: str, passed: list[Passage]) -> list[Said]:
    every = bounded(
        ((passage, each) for passage in passed for each in sentences(text, passage.start, passage.end)),
        lambda item: len(item[1].norm) + 20,
        MAX_PROSE,
    )
    host = [bool(_HOST.search(each.norm)) for _, each in every]
    rule = _RULE.search(text, 0, _LONGEST_PREAMBLE)
    if rule and _is_preamble(
        [(each, mark) for (_, each), mark in zip(every, host, strict=True) if each.end <= rule.end()]
    ):
        host = [mark or each.end <= rule.end() for (_, each), mark in zip(every, host, strict=True)]
    own = sum(
        len(each.norm)
        for (passage, each), mark in zip(every, host, strict=True)
        if not mark and not passage.quoted
    )
    if own < _ENOUGH:
        host = [False] * len(every)
    said: list[Said] = []
    asking: Passage | None = None
    for (passage, each), is_host in zip(every, host, strict=True):
        role = Role.SAID
        if passage.quoted:
            role = Role.QUOTED
        elif is_host:
            role = Role.HOST
        elif passage is asking or _asks(each, passage):
            role = Role.ASKED
            if passage.strong or "following statement" in each.norm or "copy and paste" in each.norm:
                asking = passage
        said.append(
            Said(each.start, each.end, _LETTERED.sub("", each.norm), role, passage.strong, passage.start)
        )
    return said


def _is_preamble(before: list[tuple[Sentence, bool]]) -> bool:
    """Whether the sentences above the first rule are the host's: some are known as such, nobody says "I"."""
    return any(mark for _, mark in before) and not any(
        re.search(r"\b(?:i|my)\b", each.norm) for each, _ in before
    )


def _asks(each: Sentence, passage: Passage) -> bool:
    norm = each.norm
    if _QUESTION_MARKED.match(norm):
        return True
    if _LETTERED.match(norm):
        return False
    first = bool(_FIRST_PERSON.search(norm.replace("contact us", "").replace("our guide", "")))
    asks_you = bool(_SECOND_PERSON.search(norm))
    if _EXPLAINS.search(norm):
        return True
    tail = norm[-40:].split("(")[0] if norm.endswith(")") else norm
    if tail.rstrip("\"' *:").endswith("?"):
        open_question = not first and bool(_INTERROGATIVE.match(norm))
        return not _REQUEST.search(norm) and (asks_you or open_question or bool(_WONDERS.search(norm)))
    if _STATUTE.match(norm):
        return not _FIRST_PERSON.search(norm) or asks_you
    if (_INSTRUCTION.match(norm) and _TO_THE_WRITER.search(norm)) or (asks_you and _PLEASE_GIVE.search(norm)):
        return True
    if asks_you and _BY_DOING.search(norm) and not re.match(r"(?:i|we)\b", norm):
        return True
    return passage.strong and not first


def _questions(said: list[Said]) -> "list[Question]":
    found: list[Question] = []
    asked: list[Said] = []
    answer: list[Said] = []
    for each in [*said, None]:
        if each is not None and each.role is Role.SAID and not each.strong:
            if asked:
                answer.append(each)
            continue
        follows = each is not None and each.role is Role.ASKED and asked and each.passage == asked[-1].passage
        if each is not None and follows and not answer:
            asked.append(each)
            continue
        if asked:
            found.append(
                Question(
                    " ".join(a.norm for a in asked[-4:]), asked[0].start, asked[-1].end, tuple(answer[:40])
                )
            )
        asked = [each] if each is not None and each.role is Role.ASKED else []
        answer = []
    return found


_YES: Final = re.compile(
    r"\W*(?:yes|y|yep|yeah|sure|of course|certainly|absolutely|correct|true|ok|okay|agreed?|"
    r"confirm(?:ed)?|accept(?:ed)?|acknowledged?|x|✓|✔|☑|☒|done|affirmative|si|oui|ja|i (?:do|am|have|"
    r"will|agree|confirm|accept|consent|acknowledge|understand|swear|certify|believe)|we (?:do|are|"
    r"have|will|agree|confirm|accept|consent|swear|certify|believe))\b|\W*[✓✔☑]"
)
_NO: Final = re.compile(
    r"\W*(?:no|n|nope|none|n/?a|not (?:applicable|available|provided|yet|known|sure|really)|null|nil|"
    r"unknown|false|-+|\.+|refused?|declined?|empty|blank|to be (?:completed|provided|added|"
    r"filled)\b.*|tbd|todo|left blank|(?:i|we) (?:do not|did not|will not|refuse|decline|disagree|"
    r"am not|are not|have not)\b.*|no[,.;:! ].*)\W*$"
)


def affirms(answer: tuple[Said, ...]) -> bool:
    """Whether an answer says yes."""
    return bool(answer) and not refuses(answer) and bool(_YES.match(answer[0].norm))


def refuses(answer: tuple[Said, ...]) -> bool:
    """Whether an answer says no, or says nothing."""
    return (
        not answer
        or not any(c.isalnum() or c in "✓✔☑" for c in answer[0].norm)
        or bool(_NO.match(answer[0].norm))
    )
