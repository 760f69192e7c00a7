"""What a notice is about: the work that was copied, and where the copied or removed material is.

Owns telling the writer's own work from the material complained of, by the words around each address.
A redacted address (`[private]`) in the place of one counts as given. Never judges whether it is enough.
"""

import re
from typing import Final

from autodmca_urls.finding import FoundUrl

from .forms import Notice, Question, Role, Said, refuses
from .statements import Evidence

# Words of (ii) "identification of the copyrighted work claimed to have been infringed", and how owners
# speak of it.
_OURS: Final = re.compile(
    r"\b(?:my|our|[\w.]+'s|his|her|their|client's|the company's|the author's|proprietary|original|"
    r"copyrighted|copy ?right) (?:[\w'.+-]+ ){0,4}?(?:works?|products?|softwares?|sources?|code|codes|"
    r"codebase|apps?|applications?|plug ?ins?|themes?|templates?|books?|courses?|lectures?|songs?|"
    r"music|recordings?|videos?|films?|movies?|games?|websites?|web ?pages?|site|contents?|"
    r"repositor(?:y|ies)|repos?|projects?|librar(?:y|ies)|files?|documents?|documentation|scripts?|"
    r"firmware|sdk|images?|photos?|photographs?|pictures?|articles?|tutorials?|texts?|exams?|tests?|"
    r"questions?|assignments?|solutions?|fonts?|icons?|designs?|data|datasets?|databases?|keys?|"
    r"modules?|packages?|programs?|publications?|materials?|assets?|extensions?|manuals?|drawings?|"
    r"artwork|maps?|models?|tools?|service|platform|api|algorithms?|slides?|novel|"
    r"intellectual property|ip)\b"
)
_WORK: Final = re.compile(
    r"\b(?:copy ?righted (?:works?|materials?|contents?)|original (?:works?|source|material|content|"
    r"version)|copyright (?:in|to|of|on|over|for)|proprietary|exclusive property|"
    r"intellectual property|property of)\b"
)
_OWNING: Final = re.compile(
    r"\b(?:own(?:s|ed|er|ers)?|belong(?:s|ing)?|holders?|authors?|authored|creat\w+|develop\w+|"
    r"publish\w+|publishers?|wrote|written by|produced|made by|cop(?:y|ies|ied|ying)|decompil\w+|"
    r"reproduc\w+|pirat\w+|stolen|stole|steal\w*|leak\w*|misappropriat\w*|proprietors?|protect(?:s|"
    r"ed)|property|i made|we made|derived|derivative|plagiari\w+|clone[sd]?|infring\w+|violat\w+|"
    r"unauthori[sz]ed|entitled|titled|isbn|registered|registration|available at|located|found at|"
    r"published at|uploaded|distribut\w+|employee|contractor|licensed?|paid|illegal\w*)\b"
)
_ANY_OF_OURS: Final = re.compile(
    r"\b(?:my|our) (?!(?:name|e ?mail|phone|address|contact|behalf|agents?|clients?|belief|knowledge|"
    r"rights?|copyrights?|permission|consent|requests?|notices?|attention|company|team|legal|earlier|"
    r"previous|counsel)\b)\w+"
)
_MAKER: Final = re.compile(
    r"\b(?:authors?|owners?|creators?|developers?|publishers?|proprietors?|copyright holders?|"
    r"rights ?holders?|makers?) of (?!(?:the |an |a |all |any |this )?(?:copyright|exclusive|owner|"
    r"content|material|work|right|above|said))"
)
_TITLE: Final = re.compile(r'"[^"]{3,90}"')
_WORK_LABEL: Final = re.compile(
    r"(?:\W|\d)*(?:(?:name|title|description|the|infringed|protected|original|copy ?righted|my|our|"
    r"of) ){0,4}?(?:works?|titles?|product|(?:original|copy ?righted|our|my) (?:\w+ ){0,2}(?:repo|"
    r"repository|project|source|code|site|website|content|material|urls?|link|"
    r"location))\b[^:<]{0,30}:? ?[:|] ?[^\W_]?<?[^\W_]"
)
# Sentences every notice holds that speak of "the work" without saying which.
_BOILERPLATE: Final = re.compile(
    r"good ?faith|perjur|exclusive right|accurate|fair use|read and understand|guide to"
)

# Words of (iii) "identification of the material that is claimed to be infringing ... and information
# reasonably sufficient to permit the service provider to locate the material"; of (g)(3)(B)
# for what was removed.
_PLACE: Final = re.compile(
    r"\b(?:infring\w*|violat\w*|unauthori[sz]ed|illegal\w*|offend\w*|pirat\w*|stolen|stole|copied|"
    r"copies|posted|upload\w*|host(?:s|ed|ing)|found (?:at|in|on|here)|locat\w+|links?|urls?|"
    r"address(?:es)?|remove|removal|take ?down|taken down|delete|disable|repositor(?:y|ies)|repos?|"
    r"forks?|gists?|accounts?|users?|following|below)\b"
)
_REMOVED: Final = re.compile(
    r"\b(?:removed|removal|disabled|taken down|take ?down|blocked|suspended|my repo\w*|our repo\w*)\b"
)
_ORIGINAL: Final = re.compile(
    r"\b(?:original(?:ly)?|our (?:website|site|product|work|official|web)|my (?:website|site|product|"
    r"work|blog)|official|copy ?righted work|work (?:is|can be)|owned by|homepage|store|licen[cs]e)\b"
)
_POLICY: Final = re.compile(
    r"(?:https?://)?(?:(?:docs|help|support)\.github\.com|github\.com/(?:github/|contact|site/|terms|"
    r"security)|www\.copyright\.gov|(?:www\.)?law\.cornell\.edu|(?:www\.)?lumendatabase\.org|"
    r"(?:www\.)?chillingeffects\.org|[\w.]*wikipedia\.org)",
    re.IGNORECASE,
)
_ANY_POLICY: Final = re.compile(r"\bguide\b|\bpolicy\b|\bfair use\b")
_HOSTED: Final = re.compile(
    r"(?:https?://)?(?:[\w-]{1,63}\.){0,4}(?:github\.(?:com|io)|githubusercontent\.com|"
    r"gitlab\.com|bitbucket\.org|sourceforge\.net)/",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(
    r"\b(?:repositor(?:y|ies)|repos?|projects?|users?|accounts?|username|forks?|gists?|packages?|file|"
    r"files|page)\b(?: \w+){0,3}?[ :'\"(]*(?:<private>|<invalid>|<url>|[\w.-]+/[\w.-]+)|(?:^|"
    r"[\s:])<(?:private|invalid)>/|/<private>|\b(?:infring\w+|urls?|links?|location|located at|"
    r"found at)\b[^.<>]{0,80}(?:<private>|<invalid>)"
)
_ASKS_WORK: Final = re.compile(
    r"\b(?:copy ?righted|original|protected|infringed) (?:\w+ ){0,2}(?:works?|materials?|contents?|"
    r"property)\b|\bwork (?:you own|claimed|that)|\bdescribe the work|\bworks? (?:that )?(?:has|"
    r"have) been infringed"
)
_ASKS_PLACE: Final = re.compile(
    r"\b(?:infring\w+|alleged\w*) (?:\w+ ){0,3}(?:material|content|files?|work|url|item|project|link|"
    r"repositor)|what files|should be (?:taken down|removed)|\bfiles? (?:were|was) (?:taken down|"
    r"removed|disabled)|\blocat(?:e|ion)\b|specific files|(?:content|material|repositor\w+|"
    r"files?) that (?:was|were|has|have) (?:\w+ )?(?:removed|disabled|taken)"
)


def find_work(notice: Notice) -> Evidence | None:
    """Where the notice says which work was copied."""
    answered = _answer(
        notice, _ASKS_WORK, without=re.compile(r"\bis claimed to be infringing\b|\bopen source licen")
    )
    if answered:
        return answered
    best: tuple[float, Evidence] | None = None
    for each in notice.said:
        if each.role is not Role.SAID or _BOILERPLATE.search(each.norm):
            continue
        is_label = each.norm.endswith(":") and "<url>" not in each.norm
        weight = _weigh_work(each.norm) - 0.5 * is_label
        if weight >= 2.0 and (best is None or weight > best[0]):
            best = (weight, Evidence(each.start, each.end))
    return best[1] if best else None


def _weigh_work(norm: str) -> float:
    ours = (
        1.5
        if _OURS.search(norm)
        else 1.5 * bool(_MAKER.search(norm)) or float(bool(_ANY_OF_OURS.search(norm)))
    )
    named = bool(_WORK.search(norm)) + bool(_TITLE.search(norm)) + 2 * bool(_WORK_LABEL.match(norm))
    return ours + named + bool(_OWNING.search(norm))


def find_place(notice: Notice) -> Evidence | None:
    """Where the notice says which material infringes and where it is."""
    found = [(each, url) for each, url in _own_urls(notice)]
    answered = _answer(notice, _ASKS_PLACE)
    placed = [each for each, url in found if _HOSTED.match(url.url) and _PLACE.search(each.norm)]
    hosted = [url for _, url in found if _HOSTED.match(url.url)]
    if placed:
        return Evidence(placed[0].start, placed[0].end)
    if hosted:
        return Evidence(hosted[0].start, hosted[0].end)
    if answered:
        return answered
    return _in_context(notice, found) or _named(notice)


def find_removed(notice: Notice) -> Evidence | None:
    """Where a counter-notice says which material was removed and where it had been."""
    found = [(each, url) for each, url in _own_urls(notice)]
    for each, _ in found:
        if _REMOVED.search(each.norm):
            return Evidence(each.start, each.end)
    if found:
        return Evidence(found[0][1].start, found[0][1].end)
    return _answer(notice, _ASKS_PLACE) or _named(notice)


def _own_urls(notice: Notice) -> list[tuple[Said, FoundUrl]]:
    """The addresses in the writer's own sentences, without the host's policies and the law."""
    own: list[tuple[Said, FoundUrl]] = []
    at = 0
    for url in notice.urls:
        while at + 1 < len(notice.said) and notice.said[at].end <= url.start:
            at += 1
        if at < len(notice.said):
            each = notice.said[at]
            inside = each.start <= url.start < each.end
            if inside and each.role is Role.SAID and not _POLICY.match(url.url):
                own.append((each, url))
    return own


def _in_context(notice: Notice, found: list[tuple[Said, FoundUrl]]) -> Evidence | None:
    """The first address that the words before it, or around it, call infringing rather than original."""
    spoken = {each.start: url for each, url in reversed(found)}
    about_place = False
    for each in notice.said:
        if each.role in {Role.HOST, Role.QUOTED}:
            continue
        place, original = (
            bool(_PLACE.search(each.norm.replace("<url>", ""))),
            bool(_ORIGINAL.search(each.norm)),
        )
        if place or original:
            about_place = place and not original
        if about_place and each.start in spoken:
            return Evidence(spoken[each.start].start, spoken[each.start].end)
        if (
            about_place
            and "<url>" in each.norm
            and each.role is Role.SAID
            and not _ANY_POLICY.search(each.norm)
        ):
            return Evidence(each.start, each.end)
    return None


def _named(notice: Notice) -> Evidence | None:
    for each in notice.said:
        if each.role is Role.SAID and _NAMED.search(each.norm) and not _BOILERPLATE.search(each.norm):
            return Evidence(each.start, each.end)
    return None


def _answer(
    notice: Notice, asks: re.Pattern[str], *, without: re.Pattern[str] | None = None
) -> Evidence | None:
    """The answer to the first question about something that got one."""
    for question in notice.questions:
        if (
            asks.search(question.norm)
            and not (without and without.search(question.norm))
            and not refuses(question.answer)
        ):
            return _span(question)
    return None


def _span(question: Question) -> Evidence:
    return Evidence(question.answer[0].start, question.answer[-1].end)
