"""Whether a text says what a notice must hold, instead of being one: a policy, an instruction, a glossary.

Owns two lists of ordinary turns of phrase: those of texts about notices (what "you" or "a notification" must
contain, definitions, what a host does with it), and those of somebody's own letter (a greeting, a close, who
writes and what happened). Statements prove nothing here, since instructions print them as examples. Pure.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .forms import Notice, Role

_NOTICE: Final = (
    r"(?:counter ?|dmca |written |valid |proper |complete |effective |infringement |take ?down |copyright )*"
    r"(?:notices?|notifications?|requests?|complaints?|claims?|forms?|letters?|counter ?claims?)"
)
_DESCRIBES: Final = (
    # What it must hold.
    rf"\b{_NOTICE} (?:\w+ ){{0,4}}(?:must|should|shall|has to|have to|needs? to|is required to|will need to|"
    r"ought to) (?:\w+ ){0,3}(?:includ|contain|identif|provid|be (?:a )?(?:written|in writing|signed|sent|"
    r"made|"
    r"submitted)|hold|have|set out|state|compris|consist|meet|comply|specif|list|cover)",
    rf"\b(?:requirements?|elements|contents?|parts|components|items) (?:\w+ ){{0,2}}(?:of|for|in) "
    rf"(?:an? |the |your |any )?{_NOTICE}\b",
    r"\b(?:include|provide|contain|supply|send|give|submit)s? (?:\w+ ){0,6}(?:the )?following"
    r"(?: \w+){0,3}\W*$",
    r"\b(?:you|the (?:sender|complainant|claimant|subscriber|complaining party|user|copyright owner|owner)|"
    r"one|senders|users|writers?) (?:must|should|shall|need to|have to|will need to|may|"
    r"can) (?:\w+ ){0,4}(?:includ|"
    r"provid|contain|send|submit|file|sign|state|identif|write|swear|consent|give|describ|add|attach|say|"
    r"list|"
    r"fill|mak|declar|confirm|explain|name)",
    # The statute's own list, and lists made after it.
    r"^\W*(?:\w{1,3}[.)] )?(?:an? )?(?:\w+ ){0,2}(?:statement|declaration|affirmation)s?\b(?: \w+| ,){0,8} "
    r"(?:that (?:you|the|he|she|they|it|your)|by (?:you|the)|under|of (?:your|the|good))",
    r"^\W*(?:\w{1,3}[.)] )?(?:an? )?(?:\w+ ){0,2}(?:identification|description|"
    r"physical or electronic signature|"
    r"electronic or physical signature|information reasonably sufficient)\b",
    r"^\W*(?:\w{1,3}[.)] )?(?:your|the (?:subscriber|sender|complaining party|user|"
    r"owner)s?) ?'?s? (?:\w+ ){0,3}"
    r"(?:name|address|signature|contact|telephone|phone|e ?mail|consent|full)\b",
    # What its writer does in it, whoever that is.
    r"\b(?:you|the (?:user|uploader|subscriber|sender|claimant|complainant)|an? (?:user|uploader|subscriber|"
    r"sender|student|claimant)|users|its (?:sender|writer|author)) (?:\w+ ){0,4}(?:declare|state|swear|"
    r"consent|"
    r"accept|sign|confirm|affirm)s?\b",
    rf"\b(?:an?|every|each|any) {_NOTICE} (?:needs?|states?|says?|contains?|includes?|holds?|requires?|"
    rf"consists?)\b",
    rf"\b{_NOTICE} ?, which (?:\w+ )?(?:needs?|states?|says?|contains?|includes?|holds?|consents?|"
    rf"requires?)\b",
    # Definitions, and what follows in general.
    rf"(?:^|[:.] ?)\W*(?:an? |the )?{_NOTICE}\W+(?:(?:is|are|means) (?:an? |the |how |what |sent|used|filed|"
    r"written)|an? (?:\w+ ){0,4}(?:sent|by which|with which|that|from|to|in which)\b)",
    r"\bif (?:you|a (?:user|person|subscriber|copyright owner|rights ?holder)|someone|somebody) (?:\w+ ){0,3}"
    r"(?:believ|think|feel|receiv|wish|want|are|is|send|sends|fil|has|have)",
    r"\b(?:we|the (?:host|provider|service provider|company|website|site|platform|service)) (?:will|may|"
    r"shall|"
    r"reserve|must|can|then) (?:\w+ ){0,3}(?:forward|restor|remov|respond|notif|terminat|review|send|"
    r"replac|disabl|act|pass|put)",
    r"\bhow to (?:\w+ ){0,2}(?:file|write|send|submit|report|respond|make|draft|prepare|fill)\b",
    r"\b(?:the )?law (?:requires|asks|demands|says)",
    r"\b(?:this|the following|our) (?:\w+ )?(?:page|guide|policy|article|glossary|faq|document|checklist|"
    r"section) "
    r"(?:\w+ ){0,2}(?:explain|describ|tell|set|list|show|cover|summari|outlin|appl|is)",
)
_WRITES: Final = (
    r"^\W*(?:dear|hello|hi|to whom|good (?:morning|day|afternoon|evening)|greetings)\b",
    r"^\W*(?:(?:yours? )?(?:sincerely|truly|faithfully)|(?:best|kind|warm)? ?regards|respectfully|thanks|"
    r"thank you|cheers|best)\b[^a-z]*(?:<|$)",
    r"/s/|^\W*(?:signed|signature)\W+(?:<|[^\W_])",
    r"\b(?:i am|i'm|we are) (?:writing|the (?:\w+ ){0,3}(?:owner|author|creator|photographer|holder|agent|"
    r"artist|"
    r"developer|maintainer)|contacting|reaching|sending|submitting|filing|a |an )",
    r"\bmy (?:name|client|company|repository|repo|account|project|photo\w*|book|song|video|code|work|content|"
    r"material|site|website|article|app|software|e ?mail|address|phone|telephone|page|file|game|film|"
    r"channel)\b",
    r"\b(?:i|we) (?:\w+ )?(?:hereby|request|ask|wrote|created|made|found|noticed|discovered|received|"
    r"retract|withdraw|"
    r"own|took|published|demand|dispute|object|live|can be reached|certify|uploaded)\b",
    r"\b(?:has|have|was|were|been) (?:\w+ ){0,2}(?:copied|stolen|posted|uploaded|removed|taken down|disabled|"
    r"reproduced|republished|published|infringed)\b[^.]*(?:<url>|\bmy\b|\bour\b)",
    r"\bplease (?:remove|take|restore|reinstate|delete|disable|act|put|retract|withdraw|disregard|reply|"
    r"contact me)\b",
    r"<private>",
)
_DESCRIBES_RE: Final = re.compile("|".join(_DESCRIBES))
_WRITES_RE: Final = re.compile("|".join(_WRITES))
_ENOUGH: Final = 3
_SPEAKS: Final = re.compile(
    r"\b(?:i|my|me|i'm|undersigned|hereby|mine)\b|"
    r"\bour (?:own|client|repositor|repo|work|account|project|name|code|photo|song|video|book|software|"
    r"company|"
    r"compan|firm|notice|claim|copyright)|\bwe (?:\w+ )?(?:own|believe|swear|represent|declare|certify|"
    r"are the)\b"
)
_ANSWERS: Final = re.compile(r"<private>|<url>|\b(?:i|my|our|we)\b")
_SAMPLE: Final = re.compile(r"[\"“«].{0,600}?[\"”»]|'[^']{20,600}'")


class Marks(NamedTuple):
    """How many marks speak for a text about notices, how many for somebody's own; whether "I" speaks."""

    about: int
    own: int
    spoken: bool

    @property
    def describes(self) -> bool:
        """Whether the text is about notices. A single mark is enough where nobody speaks."""
        if not self.own and not self.spoken:
            return self.about >= 1
        return self.about >= _ENOUGH and self.about > 2 * self.own


def marks_of(notice: Notice) -> Marks:
    """The marks of a text; samples in quotation marks and quoted mails count for nothing."""
    plain = [_SAMPLE.sub(" ", each.norm) for each in notice.said if each.role is not Role.QUOTED]
    about = sum(len(_DESCRIBES_RE.findall(each)) for each in plain)
    own = sum(_WRITES_RE.search(each) is not None for each in plain)
    for question in notice.questions:
        words = " ".join(each.norm for each in question.answer[:3])
        own += _ANSWERS.search(_SAMPLE.sub(" ", words)) is not None and not _DESCRIBES_RE.search(words)
    own += any("/" in each.url.partition("://")[2].strip("/") for each in notice.urls)
    return Marks(about, own, any(_SPEAKS.search(each) for each in plain))
