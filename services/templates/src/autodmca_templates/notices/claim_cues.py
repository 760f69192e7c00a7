"""The words of those who claim: an owner's takedown, a user's counter-notice, a claim of circumvention.

Data only. Sources: what 17 U.S.C. 512(c), 512(g) and 1201 make each say, and the ordinary verbs by which
people ask for a removal or dispute one. Each cue counts once and looks at one normalised sentence; gaps are
bounded, so that matching is linear. A negative weight speaks against a kind.
"""

from typing import Final

from .kind_words import ASK, BRING_BACK, REMOVE, TAKE_BACK, TAKEN_BACK, KindCue, anywhere, said

CLAIM_CUES: Final[tuple[KindCue, ...]] = (
    # 512(c): an owner complains of copies and asks for their removal.
    said(
        "takedown",
        1.5,
        r"\binfring(?:e|es|ed|ing|ement)\b",
    ),
    said(
        "takedown",
        1.5,
        rf"\b{ASK}\b(?: [^ ]+){{0,12}} {REMOVE}\b|^\W*{REMOVE}\b|"
        r"\btake (?:\w+ ){1,3}down\b",
    ),
    said(
        "takedown",
        1.5,
        r"\bunauthori[sz]ed\b|\bwithout (?:\w+ ){0,4}(?:permission|consent|authori[sz]ation|"
        r"licen[cs]e)|\bst(?:olen|ole|eal\w*)\b|\bpirat|\bleaked\b|\billegal(?:ly)?\b|\bplagiari|"
        r"\bcopied\b|\bdecompil|\bmisappropriat|\bviolat",
    ),
    said(
        "takedown",
        1.0,
        r"\b(?:my|our|client'?s?|company'?s) (?:[^ ]+ ){0,3}(?:copyright|intellectual property|"
        r"proprietary|source code|software|code|product|work)|\bcopyright(?:ed)? (?:owner|holder|"
        r"works?|material|content|by|of|and belongs)|\bproprietary\b|\b(?:confidential|internal|"
        r"secret|private) (?:\w+ ){0,4}(?:code|repositor\w+|keys?|files?|documents?|data|information)",
    ),
    said(
        "takedown",
        1.5,
        r"\b(?:is|are|was|were|been|has|have|user|users|students?|employee|someone|somebody|"
        r"who) (?:\w+ ){0,2}(?:posting|posted|published|publishing|upload(?:ed|ing)|shar(?:ed|ing)|"
        r"distribut(?:ed|ing)|reproduc(?:ed|ing|es)|copying|cop(?:ied|ies)|sell(?:ing)?|host(?:ed|"
        r"ing)|clon(?:ed|ing)|us(?:ed|ing) (?:my|our))\b",
    ),
    said(
        "takedown",
        1.0,
        r"\bnotice of (?:\w+ )?infring|\b(?:dmca|copyright) (?:take ?down|complaint|infring\w+|notice|"
        r"request|claim|violation)|\bdigital millennium copyright act",
    ),
    anywhere(
        "takedown",
        2.0,
        r"\bare you the copyright (?:holder|owner)|\ballegedly infringing\b|"
        r"\boriginal copyrighted work|\bcopyrighted work (?:that )?(?:you|claimed|has)|"
        r"\bguide to (?:filing|submitting) a dmca (?:take ?down )?notice",
    ),
    # Complaints of other laws, and questions, are no takedown unless they make its statements.
    said(
        "takedown",
        -3.0,
        r"\btrade ?marks?\b|\bgdpr\b|\bright to (?:be forgotten|erasure)|\bpersonal data\b|"
        r"\bprivacy (?:violation|complaint|request)|\bdefam|\b(?:federal|ministry|roskomnadzor|"
        r"government|court) (?:\w+ ){0,4}(?:service|order|decision|law|agency)\b|\bpatent",
    ),
    # 512(g): somebody whose material was removed disputes the removal.
    said(
        "counter_notice",
        3.5,
        r"\b(?:this|my|our|following|attached|below|submit\w*|fil(?:e|ed|ing)|send\w*|sent|issu\w+|"
        r"provid\w+|serv\w+|formal|dmca|as|is an?|of|under|hereby) (?:[^ ]+ ){0,4}counter ?(?:notice|"
        r"notification|claim)\b|^\W*(?:\w+ ){0,2}counter ?(?:notice|notification|claim)\b",
    ),
    # To take back, or to answer, a counter-notice is to send none.
    said(
        "counter_notice",
        -5.0,
        rf"\b{TAKE_BACK}\b(?: [^ ]+){{0,5}} counter ?(?:notice|notification|claim)|"
        rf"\bcounter ?(?:notice|notification|claim)(?: [^ ]+){{0,5}} {TAKEN_BACK}\b|"
        r"\b(?:user|they|he|she|developer|owner|party|infringer|defendant|uploader) (?:\w+ ){0,3}"
        r"(?:filed|submitted|sent|issued|provided) (?:\w+ ){0,2}counter|\bcounter ?(?:notice|"
        r"notification|claim)(?:'s)? (?:retraction|withdrawal)|\b(?:not|"
        r"no longer) (?:[^ ]+ ){0,3}(?:proceed|pursue|continue|go|want|"
        r"need)\b(?: [^ ]+){0,5} counter ?(?:notice|notification|claim)|"
        r"\bretraction of (?:\w+ ){0,3}counter",
    ),
    anywhere(
        "counter_notice",
        1.0,
        r"\bcounter ?(?:notices?|notifications?|claims?)\b",
    ),
    anywhere(
        "counter_notice",
        2.0,
        r"\bmis ?identif|\bresult of (?:a )?mistake",
    ),
    anywhere(
        "counter_notice",
        2.5,
        r"\b(?:content|material|files?|repositor\w+|repo) (?:that |which )?(?:has|have|had|was|were|"
        r"been|is) (?:been )?(?:disabled|removed|taken down|blocked)|\bwhat files were taken down|"
        r"\bdo you want to (?:make changes|dispute)",
    ),
    said(
        "counter_notice",
        2.0,
        r"\b(?:my|our) (?:\w+ ){0,3}(?:repositor\w+|repos?|projects?|contents?|accounts?|files?|"
        r"forks?|materials?|code)\b(?: [^ ]+){0,8} (?:removed|disabled|taken down|blocked|deleted|"
        r"suspended)|\b(?:removed|disabled|taken down|took down|blocked) (?:my|our)\b|"
        r"\b(?:take ?downs?|dmca|notices?|claims?|strikes?|removal) (?:\w+ )?(?:of|against|on|for|"
        r"about|targeting) (?:my|our)\b",
    ),
    said(
        "counter_notice",
        2.5,
        r"\b(?:dmca|take ?downs?|notices?|strikes?|removal) (?:\w+ )?(?:of|against|on) (?:my|"
        r"our) (?:\w+ )?(?:repo|project|account|fork|gist)|\bdisput(?:e|ing) (?:\w+ ){0,3}(?:notice|"
        r"claim|take ?down|removal|allegation|dmca|complaint)|\b(?:appeal|contest|challenge|object to|"
        r"oppose|reject)(?:ing)? (?:\w+ ){0,4}(?:notice|claim|take ?down|removal|dmca|complaint)",
    ),
    said(
        "counter_notice",
        1.5,
        rf"\b{BRING_BACK} (?:\w+ ){{0,3}}(?:my|our)\b",
    ),
    said(
        "counter_notice",
        2.5,
        r"\b512 ?\( ?g ?\)",
    ),
    said(
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
    # 1201: tools that get around access controls.
    said(
        "anti_circumvention",
        1.5,
        r"\bcircumvent",
    ),
    said(
        "anti_circumvention",
        2.5,
        r"\b1201\b|\banti ?circumvention",
    ),
    said(
        "anti_circumvention",
        2.0,
        r"\btechnological (?:\w+ )?(?:protection )?measures?|\btechnical protection measures?|"
        r"\btpms?\b|\beffectively controls? access|\baccess controls?\b",
    ),
    said(
        "anti_circumvention",
        1.0,
        r"\btraffick|\bdrm\b|\bdigital rights management|\bdecrypt|\bcryptographic|\bencrypt|\bbypass|"
        r"\bcrack|\bkeygen|\blicen[cs]e (?:check|key|verification)",
    ),
)
