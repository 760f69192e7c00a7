"""The words that accounts put around a person's name, and what they say by them.

Owns the vocabulary, folded as handles are; decides nothing. A word that is missing here is a leftover of no
known kind, which counts too, only less.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

from autodmca_social_media.matching.folding import fold

Kind = Literal["bait", "fan", "parody", "trade", "region", "filler", "other"]

BAIT: Final = """
official oficial officiel officielle offiziell ufficiale officieel resmi oficjalny offical ofc offic
officials support helpdesk helpline help helpcenter care customercare service services team staff hq
headquarters admin giveaway giveaways givaway sorteo sorteos gewinnspiel concours prize prizes winner
winners win rewards reward bonus airdrop airdrops claim claims promo promos promotion backup backups
backupaccount second 2nd secondary alt new newaccount nuevo neu nouveau private priv personal main
mainaccount verified verify verification real thereal realone vip exclusive crypto invest investment
investments investing trading trader trades fx forex btc bitcoin eth nft coin token wallet finance
financial fund funds charity foundation donate donations relief shop store boutique merch outlet deals
sale discount booking bookings management mgmt manager press agency agent assistant contact contacts dm
chat hotline onlyfans leaks leaked nsfw telegram whatsapp tv channel live stream account acct page profile
info inc corp llc desk office inbox direct secure security recovery billing payments refund cash money
lottery lotto grants tickets presale orders order preorders job jobs career careers hiring recruitment
refunds clearance login signin rewardz freebies freebie codes drops soporte suporte atendimento ayuda
ajuda aide hilfe kundendienst kundenservice assistenza pomoc destek yardim bantuan hotro cskh podderzhka
pomosch sorteio cekilis hadiah regalo regalos quatang cadeau cadeaux geschenk premio premios nagroda
nagrody konkurs concurso concurs vinci ganadores ganador gewinner asli chinhchu gercek verdadeiro
verdadera echt vero prawdziwy resmihesap oficjalne oficialni offisiell officiell yedek cadangan reserva
respaldo ersatz nueva nova nuovo novo novy baru yeni zapas zapasowe privado privata prive privat segunda
segundo deuxieme zweit zweitaccount ikinci kedua donaciones doacoes spenden dons bagis donasi tienda loja
magasin laden negozio sklep magaza toko ventas vendas ofertas descuentos rabatt indirim diskon inversion
inversiones investimento investimentos contato contacto kontakt iletisim
""".split()  # noqa: SIM905
FAN: Final = """
fan fans fanpage fanclub fansite fanaccount fanacc fanbase stan stans lover lovers army nation club
community update updates news daily archive archives pics photos quotes memes edits clips moments source
fandom fanart supporters admirers admirer fc hub subs translations charts stats tracker fas admiradores
hayran hayranlari hayransayfasi penggemar fanklub fanklubi faclube poklonniki fanpagina fanseite fanatic
fanatics forum wiki gallery addict addicts obsessed devoted crew squad gang girls facts lyrics gifs
""".split()  # noqa: SIM905
PARODY: Final = """
parody parodia parodie parodies satire satira spoof fake faux falso notreal notreally not totallynot
definitelynot almost nearly bot ebooks mock evil sarcastic drunk bored unreal imitation impression joke
jokes lol meme roast notthe isnt aint wannabe pretend nise oxi nicht inte ikke parodiya parodija mizah
parodihesap
""".split()  # noqa: SIM905
REGION: Final = """
us usa uk gb eu de ger fr es esp it ita br bra brasil brazil mx mex mexico ar arg argentina in ind india
jp jpn japan kr korea cn china id indo indonesia ph ru rus russia tr tur turkey turkiye ng nigeria za ca
can canada au aus australia nz ie ireland nl be pl pol se no fi dk asia europe africa latam ny nyc la
london paris berlin tokyo dubai uae ksa arabia world worldwide international intl int global deutschland
france espana italia polska sverige norge danmark suomi portugal pt sg singapore my malaysia th thailand
vn vietnam pk pakistan bd eg egypt il israel
""".split()  # noqa: SIM905
TRADE: Final = """
realtor realty realestate realestateagent realtors broker attorney lawyer law legal esq notary notaire
notar notario avocat avocate avvocato abogado abogada advogado advogada adv avukat rechtsanwalt anwalt
advokat advocaat prawnik hukuk llb md phd mba cpa dds dmd dvm doctor doc doktor doctora medico medica
medicin dentist dental dentista zahnarzt dentiste dishekimi nurse pflege vet tierarzt veterinaria
veterinario veterinaire psychologist psych psy psicologo psicologa psychologue therapist therapy coach
coaching trainer fitness yoga pilates teacher teaches tutor profe professor prof maestra lehrer lehrerin
ogretmen engineer engineering eng ingenieur ingeniero ingeniera muhendis mimar architect architecte
arquitecto arquitecta arch design designer designs interiors decor decorator carpenter carpentry woodwork
plumber plumbing roofing roofer electric electrician electrical builds builder construction welding
mechanic motors garage auto autos farmer farm farms garden gardens gardener gardening florist flowers
bakery baker bakes cakes cook cooks chef kitchen catering cafe coffee bar barista barber hair hairstylist
salon nails makeup mua beauty tattoo tattoos ink accountant accounting accounts tax taxes insurance
mortgage mortgages consulting consultant marketing seo copywriter writer writes author books editor
journalist reporter photo photographer photography foto fotograf fotografo fotografia pics film films
filmmaker videographer dev developer codes coder coding programmer software data tech researcher research
scientist science lab student studies uni librarian library tours guide travel travels runs runner running
cyclist cycling climbs surf skate golf tennis football soccer basketball chess immobilien immobilier
inmobiliaria imoveis emlak nieruchomosci notariusz lekarz kierowca fotografie svatby
""".split()  # noqa: SIM905
FILLER: Final = """
the its it im iam is this mr mrs ms dr hey hello ask meet my by of and x xo xx just only og a
""".split()  # noqa: SIM905

_KIND: Final[dict[str, Kind]] = {}
for _kind, _words in (
    ("filler", FILLER),
    ("region", REGION),
    ("trade", TRADE),
    ("fan", FAN),
    ("parody", PARODY),
    ("bait", BAIT),
):
    for _word in _words:
        _KIND[fold(_word)] = _kind  # type: ignore[assignment]
_LONGEST: Final = max(map(len, _KIND))
_ORDER: Final[tuple[Kind, ...]] = ("parody", "fan", "bait", "trade", "region", "filler")
_TELLING: Final = frozenset({"parody", "fan", "bait", "trade"})
_UNKNOWN: Final = 1_000
"""What an unknown letter costs against a word: no number of words is worth one."""


@lru_cache(maxsize=65_536)
def leftover(text: str) -> tuple[Kind, int]:
    """What kind of words stand beside a name, given as folded letters, and how many letters are none of
    them. Where there are several kinds, the one that says most: parody, fan, bait, trade; `other` where it is
    mostly unknown."""
    if not text:
        return "filler", 0
    size = len(text)
    costs = [_UNKNOWN * at for at in range(size + 1)]
    masks = [0] * (size + 1)
    for start in range(size):
        cost, mask = costs[start], masks[start]
        if cost + _UNKNOWN < costs[start + 1]:
            costs[start + 1], masks[start + 1] = cost + _UNKNOWN, mask
        for end in range(start + 1, min(size, start + _LONGEST) + 1):
            kind = _KIND.get(text[start:end])
            if kind is not None and cost + 1 < costs[end]:
                costs[end], masks[end] = cost + 1, mask | 1 << _ORDER.index(kind)
    unknown = costs[size] // _UNKNOWN
    kinds = [kind for place, kind in enumerate(_ORDER) if masks[size] >> place & 1]
    if unknown > len(text) / 2 or (unknown > 2 and not _TELLING.intersection(kinds)):
        return "other", unknown
    return (kinds[0] if kinds else "other"), unknown


@lru_cache(maxsize=65_536)
def stripped(text: str) -> str:
    """`text` without the words of three letters and more at its ends, as long as four letters are left."""
    while True:
        for size in range(min(_LONGEST, len(text) - 4), 2, -1):
            if text[-size:] in _KIND:
                text = text[:-size]
                break
            if text[:size] in _KIND:
                text = text[size:]
                break
        else:
            return text
