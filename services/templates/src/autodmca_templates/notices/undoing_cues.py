"""The words of those who undo: a claimant's retraction, a host's reversal.

Data only. Sources: the ordinary verbs by which people take a notice back and say why, and by which a host
reports that it undid one. Each cue counts once and looks at one normalised sentence; gaps are bounded, so
that matching is linear. A negative weight speaks against a kind.
"""

from typing import Final

from .kind_words import BRING_BACK, NOTICE, TAKE_BACK, TAKEN_BACK, THING, KindCue, anywhere, said

UNDOING_CUES: Final[tuple[KindCue, ...]] = (
    # The claimant (or the one who countered) takes it back.
    said(
        "retraction",
        4.5,
        rf"\b{TAKE_BACK}\b(?: [^ ]+){{0,8}} {NOTICE}\b|\b{NOTICE}(?: [^ ]+){{0,7}} {TAKEN_BACK}\b|"
        rf"\b(?:to|hereby|formally|be|please|kindly|i|we|fully|now) (?:withdraw|revoke)\b|"
        r"\b(?:retract|rescind)\b|\bnull and void\b|"
        rf"\bconsider (?:[^ ]+ ){{0,6}}{NOTICE} (?:[^ ]+ ){{0,6}}(?:closed|void|resolved)\b|"
        rf"\b(?:{TAKEN_BACK}|released|exempt(?:ed)?|excluded|removed) from (?:\w+ ){{0,4}}{NOTICE}",
    ),
    anywhere(
        "retraction",
        3.0,
        r"\bretractions?\b|\bwithdrawal\b|\brevocation\b|\brescission\b",
    ),
    said(
        "retraction",
        3.0,
        r"\b(?:remove|drop|lift|close|ignore|delete|stop|end|terminate|abandon|discontinue)(?:ing|"
        r"ped)? (?:[^ ]+ ){0,5}(?:my|our|this|the|that|a|previous|earlier|"
        r"part of) (?:[^ ]+ ){0,3}(?:dmca|take ?down|claim|complaint|request|counter ?notice|"
        r"notification|strike|process|procedure|case)\b|\b(?:remove|exclude|take off|"
        r"delete) (?:[^ ]+ ){1,8}from (?:[^ ]+ ){0,4}(?:notice|take ?down|list|complaint|dmca|claim|"
        r"request)\b",
    ),
    said(
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
    said(
        "retraction",
        2.0,
        r"\b(?:has|had|(?:they|users|owners|authors) have|they|he|she|user|owner|author|"
        r"now) (?:\w+ )?(?:complied|removed|deleted|changed|updated|added|corrected|fixed|addressed|"
        r"credited|apologi[sz]ed|purchased|rectified)\b",
    ),
    said(
        "retraction",
        1.5,
        r"\b(?:authori[sz]ed|permission|allow(?:ed)?|granted|licen[sc]ed|agree(?:d)?|permit(?:ted)?|"
        r"consent(?:ed)?|approve[ds]?) (?:\w+ ){0,4}(?:user|use|using|to use|keep|him|her|them|"
        r"publish|host|repositor\w*|repo)\b",
    ),
    said(
        "retraction",
        2.5,
        r"\b(?:i|we|our|my|us|client|team|colleague|agent|notice|request|claim|dmca|"
        r"take ?down)\b(?: [^ ]+){0,8} (?:sent|filed|submitted|issued|made|reported|included|listed|"
        r"targeted|was|were|were made|identified|flagged) (?:[^ ]+ ){0,4}(?:by |in )(?:mistake|error|"
        r"accident)|\b(?:mistakenly|erroneously|accidentally|inadvertently|incorrectly|"
        r"wrongly) (?:sent|filed|submitted|issued|reported|included|listed|targeted|identified|"
        r"flagged|claimed)|\b(?:my|our) (?:\w+ )?(?:mistake|error|fault)\b|\bapologi(?:es|[sz]e)\b",
    ),
    said(
        "retraction",
        1.0,
        r"\b(?:previous(?:ly)?|earlier|initial(?:ly)?|our last|"
        r"original(?:ly)?) (?:\w+ ){0,3}(?:submitted|filed|sent|issued|reported|notice|complaint|"
        r"request)",
    ),
    said(
        "retraction",
        2.5,
        rf"\b(?:please|kindly|can|could|may|should|to|be|request|"
        rf"allow) (?:[^ ]+ ){{0,5}}{BRING_BACK}\b(?! (?:access to )?(?:my|our))|\b{THING} (?:can|may|"
        rf"should|could) (?:now )?be {BRING_BACK}|\b{BRING_BACK} (?:[^ ]+ ){{0,3}}(?!access|account|"
        rf"it|them){THING}",
    ),
    said(
        "retraction",
        3.0,
        r"\b(?:please|kindly|can|could|you|to) (?:\w+ )?(?:ignore|disregard|cancel|drop|withdraw|"
        r"close|void) (?:it|this|that|them|these|those)\b|\bfalse alarm\b",
    ),
    said(
        "retraction",
        1.0,
        r"\b(?:my|our) (?:\w+ )?(?:dmca|take ?down|notice|complaint|claim)\b",
    ),
    # Who asks to cancel a notice against their own project disputes it.
    said(
        "retraction",
        -7.0,
        rf"\b{NOTICE} (?:\w+ )?(?:of|against|on|for|from) (?:my|our) (?:[^ ]+ )?(?:repo|project|"
        rf"account|fork|gist)|"
        r"\b(?:false|fraudulent|bogus|baseless) (?:\w+ )?(?:claim|notice|take ?down|dmca|report)",
    ),
    # The host tells what it undid, in the past.
    anywhere(
        "reversal",
        5.0,
        r"\bgithub (?:[^ ]+ ){0,5}(?:reversed|re ?instated|restored|re ?enabled|rescinded|retracted|"
        r"rejected|withdrawn|un ?done)\b|\bre ?instated (?:by|following|after|because|due|based|"
        r"pursuant)",
    ),
    said(
        "reversal",
        2.0,
        r"\bgithub (?:has|have|had|will|published|received|processed|staff|reconsidered|determined|"
        r"concluded)\b|\b(?:upon|after|on) (?:further|additional|closer|careful) (?:review|"
        r"consideration|investigation|analysis)\b",
    ),
    anywhere(
        "reversal",
        3.5,
        r"\b(?:we|we've|we have|host|team) (?:[^ ]+ ){0,5}(?:reversed|re ?instated|restored|"
        r"re ?enabled)\b|\b(?:decided|decision|determined) (?:[^ ]+ ){0,6}(?:reverse|re ?instate|"
        r"restore|reject)\b|\breversal of\b|\breversed (?:the|this|our|that|its)\b",
    ),
    anywhere(
        "reversal",
        2.0,
        r"\b(?:was|were|has been|have been|been|are|is) (?:\w+ )?(?:re ?instated|reversed|restored|"
        r"re ?enabled)\b",
    ),
    anywhere(
        "reversal",
        2.5,
        r"\bpreviously (?:processed|disabled|removed|published|posted|taken)|\bprocessed (?:in error|"
        r"by mistake|incorrectly)|\bprocessing (?:of )?(?:this|the|that)|\b(?:received|reviewed|"
        r"based on|light of) (?:[^ ]+ ){0,3}(?:additional|new|further) (?:information|evidence|"
        r"review)|\b(?:further|additional|closer) review\b|\b(?:not) (?:meet|satisfy|comply with|"
        r"fulfil\w*) (?:the |our |all )*(?:requirements|policy)",
    ),
)
