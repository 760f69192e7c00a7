"""The words by which the statute's statements are known, as data.

Each element is a list of weak cues over one normalised sentence (or a few in a row) and the weight at
which they amount to the statement. Sources: the wording of 17 U.S.C. 512(c)(3)(A) and 512(g)(3), and the
ordinary paraphrases of each of its terms: synonyms, inflections, other word orders, translations.
Patterns have no nested repetition, so that matching is linear.
"""

import re
from typing import Final, NamedTuple

from .model import ElementName


class Cue(NamedTuple):
    """A weight for any one of these words."""

    weight: float
    pattern: re.Pattern[str]


class Statement(NamedTuple):
    """A statement: enough of its cues together, none of its denials, in at most `span` sentences in a row."""

    cues: tuple[Cue, ...]
    enough: float
    anchor: re.Pattern[str]
    """Cheap test that must hold of the first sentence before any cue is tried."""
    denial: re.Pattern[str] | None
    span: int


def _cue(weight: float, *words: str) -> Cue:
    return Cue(weight, re.compile("|".join(words)))


_OATH: Final = (
    r"\bswear",
    r"\bsworn\b",
    r"\bdeclar",
    r"\bcertif",
    r"\baffirm",
    r"\battest",
    r"\bconfirm",
    r"\bstate\b",
    r"\boath\b",
    r"\bvow\b",
    r"\bwarrant\b",
    r"\brepresent\b",
    r"\bavow",
    r"\bverif(?:y|ies)\b",
    r"\bassert",
    r"\bassure",
    r"\backnowledge",
)
_PERJURY: Final = (r"\bperjur", r"\bpenalt(?:y|ies) of (?:law|false)", r"\bfalse (?:statement|declaration)s? (?:is|are|may)")
_MISTAKEN: Final = (
    r"\bmis ?take",
    r"\bmistaken",
    r"\bmis ?identif",
    r"\bin error\b",
    r"\berroneous",
    r"\bwrongly\b",
    r"\bwrongful",
    r"\bincorrectly\b",
    r"\bby error\b",
    r"\bfalsely\b",
    r"\bunjustly\b",
)

STATEMENTS: Final[dict[ElementName, Statement]] = {
    # (v) "a good faith belief that use of the material in the manner complained of is not authorized by the
    # copyright owner, its agent, or the law"
    "goodFaith": Statement(
        (
            _cue(2.0, r"\bgood ?faiths?\b", r"\bbona ?fide\b", r"\bgood believe\b", r"\bgoodwill belie"),
            _cue(1.0, r"\bbelie(?:f|ve|ves|ved|ving)\b", r"\bconvinced\b", r"\bconviction\b", r"\bmy opinion\b", r"\bbest of (?:my|our|his|her|their) (?:\w+ and )?(?:knowledge|information)"),
            _cue(
                0.9,
                r"\bnot (?:\w+ ){0,2}(?:authori[sz]ed|permitted|allowed|licen[sc]ed|approved|consented|granted|legal|lawful)",
                r"\bun ?(?:authori[sz]ed|licen[sc]ed|lawful|permitted)",
                r"\bwithout (?:\w+ ){0,4}(?:permission|authori[sz]ation|consent|licen[cs]e|approval|authority)",
                r"\bno (?:\w+ )?(?:permission|authori[sz]ation|consent|licen[cs]e|right)\b",
                r"\b(?:never|neither|nor|nobody|n't|isn't|wasn't) (?:\w+ ){0,3}(?:authori[sz]|permi|allow|licen|consent)",
                r"\binfring",
                r"\billegal",
                r"\bviolat",
            ),
            _cue(
                1.2,
                r"\b(?:its|their|his|her|my|our|an|any|the) (?:\w+ )?(?:agents?|representatives?)\b[ ,]*(?:\w+ ){0,2}(?:or|and|nor)\b",
                r"\b(?:or|nor|and|by) (?:\w+ ){0,4}(?:the )?laws?\b",
                r"\bpermitted by law\b",
                r"\bcopyright (?:owner|holder)s?,",
            ),
            _cue(
                0.6,
                r"\b(?:i|we|undersigned) (?:\w+ ){0,4}(?:think|consider|hold|state|assert|affirm|confirm|declare|certify|swear|"
                r"attest|submit|represent|allege|claim|feel)\b",
            ),
        ),
        enough=3.0,
        anchor=re.compile(r"faith|fide|belie|convin|opinion|best of"),
        denial=re.compile(
            r"mis ?take|mis ?identif|\b(?:no|not have|n't have|lack(?:s|ing)?|without|never had|not hold|not in) (?:\w+ ){0,2}"
            r"(?:good faith|bona fide|belief)"
        ),
        span=2,
    ),
    # (vi) "the information in the notification is accurate"
    "accuracy": Statement(
        (
            _cue(2.0, r"\baccura(?:te|cy|tely)\b", r"\baccurat", r"\btruthful", r"\btrue and (?:correct|complete|accurate)", r"\bcorrect and (?:true|complete)"),
            _cue(1.5, r"\btrue\b", r"\bcorrect\b", r"\bexact\b", r"\bveracity\b", r"\btruth\b", r"\bfactual", r"\bcorrectness\b"),
            _cue(
                1.0,
                r"\binformations?\b",
                r"\bstatements?\b",
                r"\bnotice\b",
                r"\bnotification",
                r"\bcontents?\b",
                r"\bforegoing\b",
                r"\babove\b",
                r"\bfacts\b",
                r"\bdetails\b",
                r"\bdata\b",
                r"\beverything\b",
                r"\bparticulars\b",
                r"\bcomplaint\b",
                r"\bletter\b",
                r"\brequest\b",
                r"\bclaims?\b",
                r"\breport\b",
                r"\be ?mail\b",
                r"\ball (?:that )?(?:i|we)\b",
            ),
            _cue(0.75, *_PERJURY, *_OATH, r"\bknowledge\b"),
        ),
        enough=3.0,
        anchor=re.compile(r"accura|tru[et]|correct|exact|veraci|factual"),
        denial=re.compile(
            r"\b(?:not|n't|never|cannot \w+|no guarantee|whether) (?:\w+ ){0,4}(?:accura|tru[et]|correct)|\binaccura|\buntrue|\bincorrect"
        ),
        span=1,
    ),
    # (vi) "and under penalty of perjury, that the complaining party is authorized to act on behalf of the
    # owner of an exclusive right that is allegedly infringed"
    "perjuryAuthority": Statement(
        (
            _cue(2.0, *_PERJURY, r"\bunder (?:\w+ )?oath\b"),
            _cue(
                1.0,
                r"\b(?:am|are|is|as|being|me|i'm|we're|being) (?:\w+ ){0,6}(?:owners?|holders?|authors?|creators?|proprietors?)\b",
                r"\bown(?:s|ed)? (?:\w+ ){0,4}(?:copyright|right|work|content|material)",
                r"\b(?:owner|holder)s? of\b",
                r"\b(?:authori[sz]ed|entitled|empowered|permitted|allowed|right|authority|appointed|mandated|engaged|retained)\b"
                r"(?: \w+){0,4} (?:act|represent|submit|file|send|make|issue|agent|behalf)",
                r"\bon (?:\w+ )?behalf\b",
                r"\bbehalf of\b",
                r"\bact for\b",
                r"\bauthori[sz]ed (?:agent|representative)",
                r"\bcopyright (?:owner|holder)",
                r"\bexclusive rights?\b",
            ),
        ),
        enough=3.0,
        anchor=re.compile(r"perjur|oath|penalt|false"),
        denial=re.compile(r"mis ?take|mis ?identif|\b(?:not|n't|cannot|refuse to|without) (?:\w+ ){0,2}(?:swear|declare|certify|affirm)\b"),
        span=4,
    ),
    # (g)(3)(C) "under penalty of perjury that the subscriber has a good faith belief that the material was removed
    # or disabled as a result of mistake or misidentification"
    "cnPerjuryMistake": Statement(
        (
            _cue(2.0, *_PERJURY, r"\bunder (?:\w+ )?oath\b"),
            _cue(1.5, *_MISTAKEN),
            _cue(0.5, r"\bgood ?faith\b", r"\bbelie(?:f|ve)", r"\bbona ?fide\b"),
            _cue(0.5, r"\bremov", r"\bdisabl", r"\btaken down\b", r"\btake ?down\b", r"\bblocked\b", r"\bdelet", r"\bmaterial\b"),
        ),
        enough=3.5,
        anchor=re.compile(r"perjur|oath|penalt|mis ?take|mis ?identif|error|erron|wrong"),
        denial=re.compile(
            r"\b(?:not|n't|cannot|refuse to|never) (?:\w+ ){0,3}(?:swear|declare|good faith|perjury)|\bno mistake|\bnot (?:\w+ ){0,2}(?:a |by )?mistake"
        ),
        span=3,
    ),
    # (g)(3)(D) "consents to the jurisdiction of Federal District Court for the judicial district in which the
    # address is located"
    "cnJurisdiction": Statement(
        (
            _cue(2.0, r"\bjurisdictions?\b", r"\bdistrict courts?\b", r"\bfederal courts?\b", r"\bcompetent courts?\b", r"\bcourts? (?:of|in|for)\b"),
            _cue(
                1.0,
                r"\bconsent",
                r"\bsubmit",
                r"\bagree",
                r"\baccept",
                r"\backnowledge",
                r"\bsubject (?:myself|ourselves|to)\b",
                r"\brecogni[sz]e",
                r"\byield",
                r"\bwaiv",
                r"\ballow",
                r"\bacquiesc",
                r"\bapprove",
            ),
            _cue(0.4, r"\bdistrict\b", r"\bfederal\b", r"\bcalifornia\b", r"\bjudicial\b", r"\bcourts?\b"),
        ),
        enough=3.0,
        anchor=re.compile(r"jurisdic|court"),
        denial=re.compile(
            r"\b(?:not|n't|cannot|refuse to|decline to|never|nor|neither|without|object to) (?:\w+ ){0,3}"
            r"(?:consent|submit|accept|agree|recogni[sz]e|jurisdiction|subject)"
        ),
        span=1,
    ),
    # (g)(3)(D) "and that the subscriber will accept service of process from the person who provided notification"
    "cnService": Statement(
        (
            _cue(
                2.0,
                r"\bservice of (?:\w+ ){0,2}(?:process|papers|documents|summons|proceedings|suit|lawsuit|notice)",
                r"\bprocess (?:of )?servi(?:ce|ng)\b",
                r"\bserv(?:e|ed|ing|ice) (?:\w+ ){0,5}(?:process|papers|documents|summons|lawsuit|proceedings)",
                r"\bservices? of (?:the )?process",
                r"\blegal (?:process|service|papers|summons)",
                r"\b(?:summons|process) (?:\w+ ){0,3}(?:from|served)",
                r"\bservice (?:\w+ ){0,4}from (?:the )?(?:person|party|complain|claim|copyright)",
                r"\bbe served\b",
            ),
            _cue(
                1.0,
                r"\baccept",
                r"\breceiv",
                r"\bagree",
                r"\bconsent",
                r"\ballow",
                r"\backnowledg",
                r"\bwaiv",
                r"\bwilling\b",
                r"\bmay be served\b",
                r"\bcan be served\b",
                r"\bwelcome",
                r"\bsubmit",
                r"\bauthori[sz]e",
            ),
        ),
        enough=3.0,
        anchor=re.compile(r"serv|process|summons"),
        denial=re.compile(
            r"\b(?:not|n't|cannot|refuse to|decline to|never|nor|neither|unable to) (?:\w+ ){0,3}(?:accept|receive|agree|consent|be served)"
        ),
        span=1,
    ),
}


def weigh(statement: Statement, norm: str) -> float:
    """The weight of a statement's cues in normalised words; 0 when its anchor is missing or it is denied."""
    if not statement.anchor.search(norm) or (statement.denial and statement.denial.search(norm)):
        return 0.0
    return sum(cue.weight for cue in statement.cues if cue.pattern.search(norm))
