"""The words by which the kinds of notices are known, as data.

Sources: what 17 U.S.C. 512(c), 512(g) and 1201 make each kind say, and the ordinary verbs by which people
ask for a removal, dispute one, take a notice back, or report that one was undone. Each cue counts once.
Patterns look at one normalised sentence and have bounded gaps, so that matching is linear.
"""

import re
from typing import Final, NamedTuple

from .kind_words import ASK, BRING_BACK, NOTICE, REMOVE, TAKE_BACK, TAKEN_BACK, THING
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


KIND_CUES: Final[tuple[KindCue, ...]] = (
    # 512(c): an owner complains of copies and asks for their removal.
    _said(
        "takedown",
        1.5,
        r"\binfring(?:e|es|ed|ing|ement)\b",
    ),
    _said(
        "takedown",
        1.5,
        rf"\b{ASK}\b(?: [^ ]+){{0,12}} {REMOVE}\b|^\W*{REMOVE}\b|"
        r"\btake (?:\w+ ){1,3}down\b",
    ),
    _said(
        "takedown",
        1.5,
        r"\bunauthori[sz]ed\b|\bwithout (?:\w+ ){0,4}(?:permission|consent|authori[sz]ation|"
        r"licen[cs]e)|\bst(?:olen|ole|eal\w*)\b|\bpirat|\bleaked\b|\billegal(?:ly)?\b|\bplagiari|"
        r"\bcopied\b|\bdecompil|\bmisappropriat|\bviolat",
    ),
    _said(
        "takedown",
        1.0,
        r"\b(?:my|our|client'?s?|company'?s) (?:[^ ]+ ){0,3}(?:copyright|intellectual property|"
        r"proprietary|source code|software|code|product|work)|\bcopyright(?:ed)? (?:owner|holder|"
        r"works?|material|content|by|of|and belongs)|\bproprietary\b|\b(?:confidential|internal|"
        r"secret|private) (?:\w+ ){0,4}(?:code|repositor\w+|keys?|files?|documents?|data|information)",
    ),
    _said(
        "takedown",
        1.5,
        r"\b(?:is|are|was|were|been|has|have|user|users|students?|employee|someone|somebody|"
        r"who) (?:\w+ ){0,2}(?:posting|posted|published|publishing|upload(?:ed|ing)|shar(?:ed|ing)|"
        r"distribut(?:ed|ing)|reproduc(?:ed|ing|es)|copying|cop(?:ied|ies)|sell(?:ing)?|host(?:ed|"
        r"ing)|clon(?:ed|ing)|us(?:ed|ing) (?:my|our))\b",
    ),
    _said(
        "takedown",
        1.0,
        r"\bnotice of (?:\w+ )?infring|\b(?:dmca|copyright) (?:take ?down|complaint|infring\w+|notice|"
        r"request|claim|violation)|\bdigital millennium copyright act",
    ),
    _anywhere(
        "takedown",
        2.0,
        r"\bare you the copyright (?:holder|owner)|\ballegedly infringing\b|"
        r"\boriginal copyrighted work|\bcopyrighted work (?:that )?(?:you|claimed|has)|"
        r"\bguide to (?:filing|submitting) a dmca (?:take ?down )?notice",
    ),
    # Complaints of other laws, and questions, are no takedown unless they make its statements.
    _said(
        "takedown",
        -3.0,
        r"\btrade ?marks?\b|\bgdpr\b|\bright to (?:be forgotten|erasure)|\bpersonal data\b|"
        r"\bprivacy (?:violation|complaint|request)|\bdefam|\b(?:federal|ministry|roskomnadzor|"
        r"government|court) (?:\w+ ){0,4}(?:service|order|decision|law|agency)\b|\bpatent",
    ),
    # 512(g): somebody whose material was removed disputes the removal.
    _said(
        "counter_notice",
        3.5,
        r"\b(?:this|my|our|following|attached|below|submit\w*|fil(?:e|ed|ing)|send\w*|sent|issu\w+|"
        r"provid\w+|serv\w+|formal|dmca|as|is an?|of|under|hereby) (?:[^ ]+ ){0,4}counter ?(?:notice|"
        r"notification|claim)\b|^\W*(?:\w+ ){0,2}counter ?(?:notice|notification|claim)\b",
    ),
    # To take back, or to answer, a counter-notice is to send none.
    _said(
        "counter_notice",
        -5.0,
        rf"\b{TAKE_BACK}\b(?: [^ ]+){{0,5}} counter ?(?:notice|notification|claim)|"
        rf"\bcounter ?(?:notice|notification|claim)(?: [^ ]+){{0,5}} {TAKEN_BACK}\b|"
        r"\bcounter ?(?:notice|notification|claim)(?:'s)? (?:retraction|withdrawal)|\b(?:not|"
        r"no longer) (?:[^ ]+ ){0,3}(?:proceed|pursue|continue|go|want|"
        r"need)\b(?: [^ ]+){0,5} counter ?(?:notice|notification|claim)|"
        r"\bretraction of (?:\w+ ){0,3}counter",
    ),
    _anywhere(
        "counter_notice",
        1.0,
        r"\bcounter ?(?:notices?|notifications?|claims?)\b",
    ),
    _anywhere(
        "counter_notice",
        2.0,
        r"\bmis ?identif|\bresult of (?:a )?mistake",
    ),
    _anywhere(
        "counter_notice",
        2.5,
        r"\b(?:content|material|files?|repositor\w+|repo) (?:that |which )?(?:has|have|had|was|were|"
        r"been|is) (?:been )?(?:disabled|removed|taken down|blocked)|\bwhat files were taken down|"
        r"\bdo you want to (?:make changes|dispute)",
    ),
    _said(
        "counter_notice",
        2.0,
        r"\b(?:my|our) (?:\w+ ){0,3}(?:repositor\w+|repos?|projects?|contents?|accounts?|files?|"
        r"forks?|materials?|code)\b(?: [^ ]+){0,8} (?:removed|disabled|taken down|blocked|deleted|"
        r"suspended)|\b(?:removed|disabled|taken down|took down|blocked) (?:my|our)\b|"
        r"\b(?:take ?downs?|dmca|notices?|claims?|strikes?|removal) (?:\w+ )?(?:of|against|on|for|"
        r"about|targeting) (?:my|our)\b",
    ),
    _said(
        "counter_notice",
        2.5,
        r"\bdisput(?:e|ing) (?:\w+ ){0,3}(?:notice|claim|take ?down|removal|allegation|dmca|"
        r"complaint)|\b(?:appeal|contest|challenge|object to|oppose|"
        r"reject)(?:ing)? (?:\w+ ){0,4}(?:notice|claim|take ?down|removal|dmca|complaint)",
    ),
    _said(
        "counter_notice",
        1.5,
        rf"\b{BRING_BACK} (?:\w+ ){{0,3}}(?:my|our)\b",
    ),
    _said(
        "counter_notice",
        2.5,
        r"\b512 ?\( ?g ?\)",
    ),
    _said(
        "counter_notice",
        1.0,
        r"\bfair use\b(?! into)|\b(?:not|no|never) (?:\w+ ){0,4}infring|\b(?:false|fraudulent|bogus|"
        r"invalid|abusive|baseless) (?:\w+ )?(?:claim|notice|take ?down|dmca|report)|\b(?:claim|"
        r"notice|complaint|allegation|take ?down|report)s? (?:is|are|was|were) (?:\w+ )?(?:false|"
        r"wrong|incorrect|invalid|baseless|untrue|mistaken|fraudulent|unfounded|meritless|without)|"
        r"\b(?:response|respond\w*|reply\w*|answer\w*) (?:[^ ]+ ){0,6}(?:take ?down|notice|claim|dmca|"
        r"complaint)\b|\bi (?:am|'m) the (?:original |sole |content )?(?:author|owner|creator)|"
        r"\bcomplain(?:ant|ing party)\b",
    ),
    # The claimant (or the one who countered) takes it back.
    _said(
        "retraction",
        4.5,
        rf"\b{TAKE_BACK}\b(?: [^ ]+){{0,8}} {NOTICE}\b|\b{NOTICE}(?: [^ ]+){{0,7}} {TAKEN_BACK}\b|"
        rf"\b(?:to|hereby|formally|be|please|kindly|i|we|fully|now) (?:withdraw|revoke)\b|"
        r"\b(?:retract|rescind)\b|\bnull and void\b|"
        rf"\bconsider (?:[^ ]+ ){{0,6}}{NOTICE} (?:[^ ]+ ){{0,6}}(?:closed|void|resolved)\b|"
        rf"\b(?:{TAKEN_BACK}|released|exempt(?:ed)?|excluded|removed) from (?:\w+ ){{0,4}}{NOTICE}",
    ),
    _anywhere(
        "retraction",
        3.0,
        r"\bretractions?\b|\bwithdrawal\b|\brevocation\b|\brescission\b",
    ),
    _said(
        "retraction",
        3.0,
        r"\b(?:remove|drop|lift|close|ignore|delete|stop|end|terminate|abandon|discontinue)(?:ing|"
        r"ped)? (?:[^ ]+ ){0,5}(?:my|our|this|the|that|a|previous|earlier|"
        r"part of) (?:[^ ]+ ){0,3}(?:dmca|take ?down|claim|complaint|request|counter ?notice|"
        r"notification|strike|process|procedure|case)\b|"
        r"\b(?:remove|exclude|take off|delete) (?:[^ ]+ ){1,8}from (?:[^ ]+ ){0,4}(?:notice|"
        r"take ?down|list|complaint|dmca|claim|request)\b",
    ),
    _said(
        "retraction",
        2.5,
        r"\b(?:no longer|not) (?:\w+ )?(?:needed|necessary|required|relevant|valid|applicable|"
        r"infring\w+|pursu\w+|proceed)\b(?: anymore| any more)?|\b(?:do not|no longer) (?:want|wish|"
        r"need|intend) (?:[^ ]+ ){0,4}(?:anymore|any more|proceed|pursue|continue)\b|\b(?:resolved|"
        r"settled|amicabl\w+|reconcil\w+|satisfied)\b|\b(?:reached|come to|came to|made|"
        r"have) (?:an? )?(?:\w+ )?(?:agreement|understanding|settlement|resolution)\b|"
        r"\bmisunderstanding\b|\bchanged (?:my|our) mind|\bno longer (?:wish|want|have|claim|object|"
        r"consider|believe)",
    ),
    _said(
        "retraction",
        2.0,
        r"\b(?:has|had|(?:they|users|owners|authors) have|they|he|she|user|owner|author|"
        r"now) (?:\w+ )?(?:complied|removed|deleted|changed|updated|added|corrected|fixed|addressed|"
        r"credited|apologi[sz]ed|purchased|rectified)\b",
    ),
    _said(
        "retraction",
        1.5,
        r"\b(?:authori[sz]ed|permission|allow(?:ed)?|granted|licen[sc]ed|agree(?:d)?|permit(?:ted)?|"
        r"consent(?:ed)?|approve[ds]?) (?:\w+ ){0,4}(?:user|use|using|to use|keep|him|her|them|"
        r"publish|host|repositor\w*|repo)\b",
    ),
    _said(
        "retraction",
        2.5,
        r"\b(?:i|we|our|my|us|client|team|colleague|agent|notice|request|claim|dmca|"
        r"take ?down)\b(?: [^ ]+){0,8} (?:sent|filed|submitted|issued|made|reported|included|listed|"
        r"targeted|was|were|were made|identified|flagged) (?:[^ ]+ ){0,4}(?:by |in )(?:mistake|error|"
        r"accident)|\b(?:mistakenly|erroneously|accidentally|inadvertently|incorrectly|"
        r"wrongly) (?:sent|filed|submitted|issued|reported|included|listed|targeted|identified|"
        r"flagged|claimed)|\b(?:my|our) (?:\w+ )?(?:mistake|error|fault)\b|\bapologi(?:es|[sz]e)\b",
    ),
    _said(
        "retraction",
        1.0,
        r"\b(?:previous(?:ly)?|earlier|initial(?:ly)?|our last|"
        r"original(?:ly)?) (?:\w+ ){0,3}(?:submitted|filed|sent|issued|reported|notice|complaint|"
        r"request)",
    ),
    _said(
        "retraction",
        2.5,
        rf"\b(?:please|kindly|can|could|may|should|to|be|request|"
        rf"allow) (?:[^ ]+ ){{0,5}}{BRING_BACK}\b(?! (?:access to )?(?:my|our))|\b{THING} (?:can|"
        rf"may|should|could) (?:now )?be {BRING_BACK}|\b{BRING_BACK} (?:[^ ]+ ){{0,3}}(?!access|"
        rf"account|it|them){THING}",
    ),
    # The host tells what it undid, in the past.
    _anywhere(
        "reversal",
        5.0,
        r"\bgithub (?:[^ ]+ ){0,5}(?:reversed|re ?instated|restored|re ?enabled|rescinded|"
        r"retracted|rejected|withdrawn|un ?done)\b|"
        r"\bre ?instated (?:by|following|after|because|due|based|pursuant)",
    ),
    _said(
        "reversal",
        2.0,
        r"\bgithub (?:has|have|had|will|published|received|processed|staff|reconsidered|determined|"
        r"concluded)\b|\b(?:upon|after|on) (?:further|additional|closer|careful) (?:review|"
        r"consideration|investigation|analysis)\b",
    ),
    _anywhere(
        "reversal",
        3.5,
        r"\b(?:we|we've|we have|host|team) (?:[^ ]+ ){0,5}(?:reversed|re ?instated|restored|"
        r"re ?enabled)\b|\b(?:decided|decision|determined) (?:[^ ]+ ){0,6}(?:reverse|re ?instate|"
        r"restore|reject)\b|\breversal of\b|\breversed (?:the|this|our|that|its)\b",
    ),
    _anywhere(
        "reversal",
        2.0,
        r"\b(?:was|were|has been|have been|been|are|is) (?:\w+ )?(?:re ?instated|reversed|restored|"
        r"re ?enabled)\b",
    ),
    _anywhere(
        "reversal",
        2.5,
        r"\bpreviously (?:processed|disabled|removed|published|posted|taken)|\bprocessed (?:in error|"
        r"by mistake|incorrectly)|\bprocessing (?:of )?(?:this|the|that)|\b(?:received|reviewed|"
        r"based on|light of) (?:[^ ]+ ){0,3}(?:additional|new|further) (?:information|evidence|"
        r"review)|\b(?:further|additional|closer) review\b|\b(?:not) (?:meet|satisfy|comply with|"
        r"fulfil\w*) (?:the |our |all )*(?:requirements|policy)",
    ),
    # 1201: tools that get around access controls.
    _said(
        "anti_circumvention",
        1.5,
        r"\bcircumvent",
    ),
    _said(
        "anti_circumvention",
        2.5,
        r"\b1201\b|\banti ?circumvention",
    ),
    _said(
        "anti_circumvention",
        2.0,
        r"\btechnological (?:\w+ )?(?:protection )?measures?|\btechnical protection measures?|"
        r"\btpms?\b|\beffectively controls? access|\baccess controls?\b",
    ),
    _said(
        "anti_circumvention",
        1.0,
        r"\btraffick|\bdrm\b|\bdigital rights management|\bdecrypt|\bcryptographic|\bencrypt|\bbypass|"
        r"\bcrack|\bkeygen|\blicen[cs]e (?:check|key|verification)",
    ),
)
