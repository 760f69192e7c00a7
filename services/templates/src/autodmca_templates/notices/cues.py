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
    r"\bswear|\bsworn\b|\bdeclar|\bcertif|\baffirm|\battest|\bconfirm|\bstate\b|\boath\b|\bvow\b|"
    r"\bwarrant\b|\brepresent\b|\bavow|\bverif(?:y|ies)\b|\bassert|\bassure|\backnowledge"
)
_PERJURY: Final = (
    r"\bperjur|\bpenalt(?:y|ies) of (?:law|false)|\bfalse (?:statement|declaration)s? (?:is|are|may)"
)
_MISTAKEN: Final = (
    r"\bmis ?take|\bmistaken|\bmis ?identif|\bin error\b|\berroneous|\bwrongly\b|\bwrongful|"
    r"\bincorrectly\b|\bby error\b|\bfalsely\b|\bunjustly\b"
)

STATEMENTS: Final[dict[ElementName, Statement]] = {
    # (v) "a good faith belief that use of the material in the manner complained of is not authorized by the
    # copyright owner, its agent, or the law"
    "goodFaith": Statement(
        (
            _cue(
                2.0,
                r"\bgood ?faiths?\b|\bbona ?fide\b|\bgood believe\b|\bgoodwill belie",
            ),
            _cue(
                1.0,
                r"\bbelie(?:f|ve|ves|ved|ving)\b|\bconvinced\b|\bconviction\b|\bmy opinion\b|"
                r"\bbest of (?:my|our|his|her|their) (?:\w+ and )?(?:knowledge|information)",
            ),
            _cue(
                0.9,
                r"\bnot (?:\w+ ){0,2}(?:authori[sz]ed|permitted|allowed|licen[sc]ed|approved|"
                r"consented|granted|legal|lawful)|\bun ?(?:authori[sz]ed|licen[sc]ed|lawful|"
                r"permitted)|\bwithout (?:\w+ ){0,4}(?:permission|authori[sz]ation|consent|licen[cs]e|"
                r"approval|authority)|\bno (?:\w+ )?(?:permission|authori[sz]ation|consent|licen[cs]e|"
                r"right)\b|\b(?:never|neither|nor|nobody) (?:\w+ ){0,3}(?:authori[sz]|permi|allow|"
                r"licen|consent)|\binfring|\billegal|\bviolat",
            ),
            _cue(
                1.2,
                r"\b(?:its|their|his|her|my|our|an|any|the) (?:\w+ )?(?:agents?|"
                r"representatives?)\b[ ,]*(?:\w+ ){0,2}(?:or|and|nor)\b|\b(?:or|nor|and|"
                r"by) (?:\w+ ){0,4}(?:the )?laws?\b|\bpermitted by law\b|\bcopyright (?:owner|"
                r"holder)s?,",
            ),
            _cue(
                0.6,
                r"\b(?:i|we|undersigned) (?:\w+ ){0,4}(?:think|consider|hold|state|assert|affirm|"
                r"confirm|declare|certify|swear|attest|submit|represent|allege|claim|feel)\b",
            ),
        ),
        enough=3.0,
        anchor=re.compile(r"faith|fide|belie|convin|opinion|best of"),
        denial=re.compile(
            r"mis ?take|mis ?identif|\b(?:no|not have|lack(?:s|ing)?|without|never had|not hold|"
            r"not in) (?:\w+ ){0,2}(?:good faith|bona fide|belief)|\b(?:i|we) (?:can|could|do|"
            r"did) not (?:\w+ ){0,4}good faith"
        ),
        span=2,
    ),
    # (vi) "the information in the notification is accurate"
    "accuracy": Statement(
        (
            _cue(
                2.0,
                r"\baccura(?:te|cy|tely)\b|\baccurat|\btruthful|\btrue and (?:correct|complete|"
                r"accurate)|\bcorrect and (?:true|complete)",
            ),
            _cue(
                1.5,
                r"\btrue\b|\bcorrect\b|\bexact\b|\bveracity\b|\btruth\b|\bfactual|\bcorrectness\b",
            ),
            _cue(
                1.0,
                r"\binformations?\b|\bstatements?\b|\bnotice\b|\bnotification|\bcontents?\b|"
                r"\bforegoing\b|\babove\b|\bfacts\b|\bdetails\b|\bdata\b|\beverything\b|"
                r"\bparticulars\b|\bcomplaint\b|\bletter\b|\brequest\b|\bclaims?\b|\breport\b|"
                r"\be ?mail\b|\ball (?:that )?(?:i|we)\b",
            ),
            _cue(
                0.75,
                _PERJURY,
                _OATH,
                r"\bknowledge\b|\b(?:is|are|be) (?:\w+ ){0,2}(?:true|correct|exact)\b",
            ),
        ),
        enough=3.0,
        anchor=re.compile(r"accura|tru[et]|correct|exact|veraci|factual"),
        denial=re.compile(
            r"\b(?:not|never|no guarantee|whether) (?:\w+ ){0,4}(?:accura|tru[et]|correct)|\binaccura|"
            r"\buntrue|\bincorrect"
        ),
        span=1,
    ),
    # (vi) "and under penalty of perjury, that the complaining party is authorized to act on behalf of the
    # owner of an exclusive right that is allegedly infringed"
    "perjuryAuthority": Statement(
        (
            _cue(
                2.0,
                _PERJURY,
                r"\bunder (?:\w+ )?oath\b",
            ),
            _cue(
                1.0,
                r"\b(?:am|are|is|as|being|me|i'm|we're|being) (?:\w+ ){0,6}(?:owners?|holders?|"
                r"authors?|creators?|proprietors?)\b|\bown(?:s|ed)? (?:\w+ ){0,4}(?:copyright|right|"
                r"work|content|material)|\b(?:owner|holder)s? of\b|\b(?:authori[sz]ed|entitled|"
                r"empowered|permitted|allowed|right|authority|appointed|mandated|engaged|retained)\b"
                r"(?: \w+){0,4} (?:act|represent|submit|file|send|make|issue|agent|behalf)|"
                r"\bon (?:\w+ )?behalf\b|\bbehalf of\b|\bact for\b|\bauthori[sz]ed (?:agent|"
                r"representative)|\bcopyright (?:owner|holder)|\bexclusive rights?\b",
            ),
        ),
        enough=3.0,
        anchor=re.compile(r"perjur|oath|penalt|false"),
        denial=re.compile(
            r"mis ?take|mis ?identif|\b(?:not|refuse to|without) (?:\w+ ){0,2}(?:swear|declare|"
            r"certify|affirm)\b"
        ),
        span=4,
    ),
    # (g)(3)(C) "under penalty of perjury that the subscriber has a good faith belief that the material was
    # removed or disabled as a result of mistake or misidentification"
    "cnPerjuryMistake": Statement(
        (
            _cue(
                2.0,
                _PERJURY,
                r"\bunder (?:\w+ )?oath\b",
            ),
            _cue(1.5, _MISTAKEN),
            _cue(
                0.5,
                r"\bgood ?faith\b|\bbelie(?:f|ve)|\bbona ?fide\b",
            ),
            _cue(
                0.5,
                r"\bremov|\bdisabl|\btaken down\b|\btake ?down\b|\bblocked\b|\bdelet|\bmaterial\b",
            ),
        ),
        enough=3.5,
        anchor=re.compile(r"perjur|oath|penalt|mis ?take|mis ?identif|error|erron|wrong"),
        denial=re.compile(
            r"\b(?:not|refuse to|never) (?:\w+ ){0,3}(?:swear|declare|good faith|perjury)|"
            r"\bno mistake|\bnot (?:\w+ ){0,2}(?:a |by )?mistake"
        ),
        span=3,
    ),
    # (g)(3)(D) "consents to the jurisdiction of Federal District Court for the judicial district in which the
    # address is located"
    "cnJurisdiction": Statement(
        (
            _cue(
                2.0,
                r"\bjurisdictions?\b|\bdistrict courts?\b|\bfederal courts?\b|\bcompetent courts?\b|"
                r"\bcourts? (?:of|in|for)\b",
            ),
            _cue(
                1.0,
                r"\bconsent|\bsubmit|\bagree|\baccept|\backnowledge|\bsubject (?:myself|ourselves|"
                r"to)\b|\brecogni[sz]e|\byield|\bwaiv|\ballow|\bacquiesc|\bapprove",
            ),
            _cue(
                0.4,
                r"\bdistrict\b|\bfederal\b|\bcalifornia\b|\bjudicial\b|\bcourts?\b",
            ),
        ),
        enough=3.0,
        anchor=re.compile(r"jurisdic|court"),
        denial=re.compile(
            r"\b(?:not|refuse to|decline to|never|nor|neither|without|object to) (?:\w+ ){0,3}"
            r"(?:consent|submit|accept|agree|recogni[sz]e|jurisdiction|subject)"
        ),
        span=1,
    ),
    # (g)(3)(D) "and that the subscriber will accept service of process from the person who
    # provided notification"
    "cnService": Statement(
        (
            _cue(
                2.0,
                r"\bservice of (?:\w+ ){0,2}(?:process|papers|documents|summons|proceedings|suit|"
                r"lawsuit|notice)|\bprocess (?:of )?servi(?:ce|ng)\b|\bserv(?:e|ed|ing|"
                r"ice) (?:\w+ ){0,5}(?:process|papers|documents|summons|lawsuit|proceedings)|"
                r"\bservices? of (?:the )?process|\blegal (?:process|service|papers|summons)|"
                r"\b(?:summons|process) (?:\w+ ){0,3}(?:from|served)|"
                r"\bservice (?:\w+ ){0,4}from (?:the )?(?:person|party|complain|claim|copyright)|"
                r"\bbe served\b",
            ),
            _cue(
                1.0,
                r"\baccept|\breceiv|\bagree|\bconsent|\ballow|\backnowledg|\bwaiv|\bwilling\b|"
                r"\bmay be served\b|\bcan be served\b|\bwelcome|\bsubmit|\bauthori[sz]e",
            ),
        ),
        enough=3.0,
        anchor=re.compile(r"serv|process|summons"),
        denial=re.compile(
            r"\b(?:not|refuse to|decline to|never|nor|neither|unable to) (?:\w+ ){0,3}(?:accept|"
            r"receive|agree|consent|be served)"
        ),
        span=1,
    ),
}


def weigh(statement: Statement, norm: str) -> float:
    """The weight of a statement's cues in normalised words; 0 when its anchor is missing or it is denied."""
    if not statement.anchor.search(norm) or (statement.denial and statement.denial.search(norm)):
        return 0.0
    return sum(cue.weight for cue in statement.cues if cue.pattern.search(norm))
