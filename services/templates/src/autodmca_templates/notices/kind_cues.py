"""The words by which the kinds of notices are known, as data.

Sources: what 17 U.S.C. 512(c), 512(g) and 1201 make each kind say, and the ordinary verbs by which people
ask for a removal, dispute one, take a notice back, or report that one was undone. Each cue counts once.
Patterns look at one normalised sentence and have bounded gaps, so that matching is linear.
"""

import re
from typing import Final, NamedTuple

from .model import NoticeKind


class KindCue(NamedTuple):
    """Words that speak for a kind (or, with a negative weight, against it)."""

    kind: NoticeKind
    weight: float
    pattern: re.Pattern[str]
    said_only: bool
    """Counts only in the writer's own sentences, not in what a form asks."""


def _said(kind: NoticeKind, weight: float, *patterns: str) -> KindCue:
    return KindCue(kind, weight, re.compile("|".join(patterns)), said_only=True)


def _anywhere(kind: NoticeKind, weight: float, *patterns: str) -> KindCue:
    return KindCue(kind, weight, re.compile("|".join(patterns)), said_only=False)


_NOTICE: Final = (
    r"(?:notices?|notifications?|take ?downs?|claims?|requests?|complaints?|reports?|dmcas?|submissions?|strikes?|"
    r"counter ?notices?|counter ?notifications?|counter ?claims?|filings?)"
)
_TAKE_BACK: Final = (
    r"(?:retract(?:ing|s)?|withdraw(?:ing|s)?|rescind(?:ing|s)?|revok(?:e|ing|es)|cancel(?:l?ing|s)?|disregard|annul|"
    r"take back|taking back|nullify|void|recall|undo|retire|pull back|call off|renounce|reverse|reversing|overturn)"
)
_TAKEN_BACK: Final = (
    r"(?:retracted|withdrawn|withdrew|rescinded|revoked|cancell?ed|disregarded|annulled|taken back|nullified|voided|"
    r"reversed|dropped|lifted|closed|ignored|dismissed|undone)"
)
_BRING_BACK: Final = r"(?:put (?:[^ ]+ ){1,4}back|restor(?:e|ed|ing)|re ?instat(?:e|ed|ing)|re ?enabl(?:e|ed|ing)|un ?block(?:ed|ing)?|re ?activat(?:e|ed|ing)|put back|bring back|reopen|re ?publish|unsuspend|make available again)"
_THING: Final = r"(?:repositor(?:y|ies)|repos?|contents?|projects?|accounts?|files?|materials?|code|forks?|gists?|access|pages?|<url>|it|them)"
_REMOVE: Final = r"(?:remov(?:e|al|ed|ing)|take ?down|taken down|taking down|disabl(?:e|ed|ing)|delet(?:e|ed|ion|ing)|block(?:ed)?|cease|suspend)"
_ASK: Final = r"(?:please|pls|kindly|request(?:s|ed|ing)?|ask(?:s|ed|ing)?|demand|want|require|urge|would like|need|must|hope|immediately|expeditiously)"

KIND_CUES: Final[tuple[KindCue, ...]] = (
    # 512(c): an owner complains of copies and asks for their removal.
    _said("takedown", 1.5, r"\binfring(?:e|es|ed|ing|ement)\b"),
    _said("takedown", 1.5, rf"\b{_ASK}\b(?: [^ ]+){{0,12}} {_REMOVE}\b", rf"^\W*{_REMOVE}\b", r"\btake (?:\w+ ){1,3}down\b"),
    _said("takedown", 1.5, r"\bunauthori[sz]ed\b", r"\bwithout (?:\w+ ){0,4}(?:permission|consent|authori[sz]ation|licen[cs]e)", r"\bst(?:olen|ole|eal\w*)\b", r"\bpirat", r"\bleaked\b", r"\billegal(?:ly)?\b", r"\bplagiari", r"\bcopied\b", r"\bdecompil", r"\bmisappropriat", r"\bviolat"),
    _said("takedown", 1.0, r"\b(?:my|our|client'?s?|company'?s) (?:[^ ]+ ){0,3}(?:copyright|intellectual property|proprietary|source code|software|code|product|work)", r"\bcopyright(?:ed)? (?:owner|holder|works?|material|content|by|of|and belongs)", r"\bproprietary\b", r"\b(?:confidential|internal|secret|private) (?:\w+ ){0,4}(?:code|repositor\w+|keys?|files?|documents?|data|information)"),
    _said("takedown", 1.5, r"\b(?:is|are|was|were|been|has|have|user|users|students?|employee|someone|somebody|who) (?:\w+ ){0,2}(?:posting|posted|published|publishing|upload(?:ed|ing)|shar(?:ed|ing)|distribut(?:ed|ing)|reproduc(?:ed|ing|es)|copying|cop(?:ied|ies)|sell(?:ing)?|host(?:ed|ing)|clon(?:ed|ing)|us(?:ed|ing) (?:my|our))\b"),
    _said("takedown", 1.0, r"\bnotice of (?:\w+ )?infring", r"\b(?:dmca|copyright) (?:take ?down|complaint|infring\w+|notice|request|claim|violation)", r"\bdigital millennium copyright act"),
    _anywhere("takedown", 2.0, r"\bare you the copyright (?:holder|owner)", r"\ballegedly infringing\b", r"\boriginal copyrighted work", r"\bcopyrighted work (?:that )?(?:you|claimed|has)", r"\bguide to (?:filing|submitting) a dmca (?:take ?down )?notice"),
    # Complaints of other laws, and questions, are no takedown unless they make its statements.
    _said("takedown", -3.0, r"\btrade ?marks?\b", r"\bgdpr\b", r"\bright to (?:be forgotten|erasure)", r"\bpersonal data\b", r"\bprivacy (?:violation|complaint|request)", r"\bdefam", r"\b(?:federal|ministry|roskomnadzor|government|court) (?:\w+ ){0,4}(?:service|order|decision|law|agency)\b", r"\bpatent"),
    # 512(g): somebody whose material was removed disputes the removal.
    _said("counter_notice", 3.5, r"\b(?:this|my|our|following|attached|below|submit\w*|fil(?:e|ed|ing)|send\w*|sent|issu\w+|provid\w+|serv\w+|formal|dmca|as|is an?|of|under|hereby) (?:[^ ]+ ){0,4}counter ?(?:notice|notification|claim)\b", r"^\W*(?:\w+ ){0,2}counter ?(?:notice|notification|claim)\b"),
    # To take back, or to answer, a counter-notice is to send none.
    _said("counter_notice", -5.0, rf"\b{_TAKE_BACK}\b(?: [^ ]+){{0,5}} counter ?(?:notice|notification|claim)", rf"\bcounter ?(?:notice|notification|claim)(?: [^ ]+){{0,5}} {_TAKEN_BACK}\b", r"\bcounter ?(?:notice|notification|claim)(?:'s)? (?:retraction|withdrawal)", r"\b(?:not|n't|no longer) (?:[^ ]+ ){0,3}(?:proceed|pursue|continue|go|want|need)\b(?: [^ ]+){0,5} counter ?(?:notice|notification|claim)", r"\bretraction of (?:\w+ ){0,3}counter"),
    _anywhere("counter_notice", 1.0, r"\bcounter ?(?:notices?|notifications?|claims?)\b"),
    _anywhere("counter_notice", 2.0, r"\bmis ?identif", r"\bresult of (?:a )?mistake"),
    _anywhere("counter_notice", 2.5, r"\b(?:content|material|files?|repositor\w+|repo) (?:that |which )?(?:has|have|had|was|were|been|is) (?:been )?(?:disabled|removed|taken down|blocked)", r"\bwhat files were taken down", r"\bdo you want to (?:make changes|dispute)"),
    _said("counter_notice", 2.0, r"\b(?:my|our) (?:\w+ ){0,3}(?:repositor\w+|repos?|projects?|contents?|accounts?|files?|forks?|materials?|code)\b(?: [^ ]+){0,8} (?:removed|disabled|taken down|blocked|deleted|suspended)", r"\b(?:removed|disabled|taken down|took down|blocked) (?:my|our)\b", r"\b(?:take ?downs?|dmca|notices?|claims?|strikes?|removal) (?:\w+ )?(?:of|against|on|for|about|targeting) (?:my|our)\b"),
    _said("counter_notice", 2.5, r"\bdisput(?:e|ing) (?:\w+ ){0,3}(?:notice|claim|take ?down|removal|allegation|dmca|complaint)", r"\b(?:appeal|contest|challenge|object to|oppose|reject)(?:ing)? (?:\w+ ){0,4}(?:notice|claim|take ?down|removal|dmca|complaint)"),
    _said("counter_notice", 1.5, rf"\b{_BRING_BACK} (?:\w+ ){{0,3}}(?:my|our)\b"),
    _said("counter_notice", 2.5, r"\b512 ?\( ?g ?\)"),
    _said("counter_notice", 1.0, r"\bfair use\b(?! into)", r"\b(?:not|n't|no|never) (?:\w+ ){0,4}infring", r"\b(?:false|fraudulent|bogus|invalid|abusive|baseless) (?:\w+ )?(?:claim|notice|take ?down|dmca|report)", r"\b(?:claim|notice|complaint|allegation|take ?down|report)s? (?:is|are|was|were) (?:\w+ )?(?:false|wrong|incorrect|invalid|baseless|untrue|mistaken|fraudulent|unfounded|meritless|without)", r"\b(?:response|respond\w*|reply\w*|answer\w*) (?:[^ ]+ ){0,6}(?:take ?down|notice|claim|dmca|complaint)\b", r"\bi (?:am|'m) the (?:original |sole |content )?(?:author|owner|creator)", r"\bcomplain(?:ant|ing party)\b"),
    # The claimant (or the one who countered) takes it back.
    _said("retraction", 4.5, rf"\b{_TAKE_BACK}\b(?: [^ ]+){{0,8}} {_NOTICE}\b", rf"\b{_NOTICE}(?: [^ ]+){{0,7}} {_TAKEN_BACK}\b", rf"\b(?:to|hereby|formally|be|please|kindly|i|we|fully|now) (?:withdraw|revoke)\b", r"\b(?:retract|rescind)\b", r"\bnull and void\b", rf"\bconsider (?:[^ ]+ ){{0,6}}{_NOTICE} (?:[^ ]+ ){{0,6}}(?:closed|void|resolved)\b", rf"\b(?:{_TAKEN_BACK}|released|exempt(?:ed)?|excluded|removed) from (?:\w+ ){{0,4}}{_NOTICE}"),
    _anywhere("retraction", 3.0, r"\bretractions?\b", r"\bwithdrawal\b", r"\brevocation\b", r"\brescission\b"),
    _said("retraction", 3.0, rf"\b(?:remove|drop|lift|close|ignore|delete|stop|end|terminate|abandon|discontinue)(?:ing|ped)? (?:[^ ]+ ){{0,5}}(?:my|our|this|the|that|a|previous|earlier|part of) (?:[^ ]+ ){{0,3}}(?:dmca|take ?down|claim|complaint|request|counter ?notice|notification|strike|process|procedure|case)\b", r"\b(?:remove|exclude|take off|delete) (?:[^ ]+ ){1,8}from (?:[^ ]+ ){0,4}(?:notice|take ?down|list|complaint|dmca|claim|request)\b"),
    _said("retraction", 2.5, r"\b(?:no longer|not|n't) (?:\w+ )?(?:needed|necessary|required|relevant|valid|applicable|infring\w+|pursu\w+|proceed)\b(?: anymore| any more)?", r"\b(?:don't|do not|no longer) (?:want|wish|need|intend) (?:[^ ]+ ){0,4}(?:anymore|any more|proceed|pursue|continue)\b", r"\b(?:resolved|settled|amicabl\w+|reconcil\w+|satisfied)\b", r"\b(?:reached|come to|came to|made|have) (?:an? )?(?:\w+ )?(?:agreement|understanding|settlement|resolution)\b", r"\bmisunderstanding\b", r"\bchanged (?:my|our) mind", r"\bno longer (?:wish|want|have|claim|object|consider|believe)"),
    _said("retraction", 2.0, r"\b(?:has|had|(?:they|users|owners|authors) have|they|he|she|user|owner|author|now) (?:\w+ )?(?:complied|removed|deleted|changed|updated|added|corrected|fixed|addressed|credited|apologi[sz]ed|purchased|rectified)\b"),
    _said("retraction", 1.5, r"\b(?:authori[sz]ed|permission|allow(?:ed)?|granted|licen[sc]ed|agree(?:d)?|permit(?:ted)?|consent(?:ed)?|approve[ds]?) (?:\w+ ){0,4}(?:user|use|using|to use|keep|him|her|them|publish|host|repositor\w*|repo)\b"),
    _said("retraction", 2.5, r"\b(?:i|we|our|my|us|client|team|colleague|agent|notice|request|claim|dmca|take ?down)\b(?: [^ ]+){0,8} (?:sent|filed|submitted|issued|made|reported|included|listed|targeted|was|were|were made|identified|flagged) (?:[^ ]+ ){0,4}(?:by |in )(?:mistake|error|accident)", r"\b(?:mistakenly|erroneously|accidentally|inadvertently|incorrectly|wrongly) (?:sent|filed|submitted|issued|reported|included|listed|targeted|identified|flagged|claimed)", r"\b(?:my|our) (?:\w+ )?(?:mistake|error|fault)\b", r"\bapologi(?:es|[sz]e)\b"),
    _said("retraction", 1.0, r"\b(?:previous(?:ly)?|earlier|initial(?:ly)?|our last|original(?:ly)?) (?:\w+ ){0,3}(?:submitted|filed|sent|issued|reported|notice|complaint|request)"),
    _said("retraction", 2.5, rf"\b(?:please|kindly|can|could|may|should|to|be|request|allow) (?:[^ ]+ ){{0,5}}{_BRING_BACK}\b(?! (?:access to )?(?:my|our))", rf"\b{_THING} (?:can|may|should|could) (?:now )?be {_BRING_BACK}", rf"\b{_BRING_BACK} (?:[^ ]+ ){{0,3}}(?!access|account|it|them){_THING}"),
    # The host tells what it undid, in the past.
    _anywhere("reversal", 5.0, rf"\bgithub (?:[^ ]+ ){{0,5}}(?:reversed|re ?instated|restored|re ?enabled|rescinded|retracted|rejected|withdrawn|un ?done)\b", r"\bre ?instated (?:by|following|after|because|due|based|pursuant)"),
    _said("reversal", 2.0, r"\bgithub (?:has|have|had|will|published|received|processed|staff|reconsidered|determined|concluded)\b", r"\b(?:upon|after|on) (?:further|additional|closer|careful) (?:review|consideration|investigation|analysis)\b"),
    _anywhere("reversal", 3.5, r"\b(?:we|we've|we have|host|team) (?:[^ ]+ ){0,5}(?:reversed|re ?instated|restored|re ?enabled)\b", r"\b(?:decided|decision|determined) (?:[^ ]+ ){0,6}(?:reverse|re ?instate|restore|reject)\b", r"\breversal of\b", r"\breversed (?:the|this|our|that|its)\b"),
    _anywhere("reversal", 2.0, rf"\b(?:was|were|has been|have been|been|are|is) (?:\w+ )?(?:re ?instated|reversed|restored|re ?enabled)\b"),
    _anywhere("reversal", 2.5, r"\bpreviously (?:processed|disabled|removed|published|posted|taken)", r"\bprocessed (?:in error|by mistake|incorrectly)", r"\bprocessing (?:of )?(?:this|the|that)", r"\b(?:received|reviewed|based on|light of) (?:[^ ]+ ){0,3}(?:additional|new|further) (?:information|evidence|review)", r"\b(?:further|additional|closer) review\b", r"\b(?:not|n't) (?:meet|satisfy|comply with|fulfil\w*) (?:the |our |all )*(?:requirements|policy)"),
    # 1201: tools that get around access controls.
    _said("anti_circumvention", 1.5, r"\bcircumvent"),
    _said("anti_circumvention", 2.5, r"\b1201\b", r"\banti ?circumvention"),
    _said("anti_circumvention", 2.0, r"\btechnological (?:\w+ )?(?:protection )?measures?", r"\btechnical protection measures?", r"\btpms?\b", r"\beffectively controls? access", r"\baccess controls?\b"),
    _said("anti_circumvention", 1.0, r"\btraffick", r"\bdrm\b", r"\bdigital rights management", r"\bdecrypt", r"\bcryptographic", r"\bencrypt", r"\bbypass", r"\bcrack", r"\bkeygen", r"\blicen[cs]e (?:check|key|verification)"),
)

REFUSED_CIRCUMVENTION: Final = re.compile(
    r"\b(?:not|n't|no) (?:[^ ]+ ){0,4}(?:sufficient|enough|adequate)? ?(?:information|evidence)(?: [^ ]+){0,8} (?:valid )?anti ?circumvention"
)
"""A host's note that it took a notice for its copyright claims alone."""
