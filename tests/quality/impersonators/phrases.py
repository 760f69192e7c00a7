"""What accounts are called and say, by kind: each list in two halves, one to fit with and one to judge with.

The halves are every other entry, so that nothing that a judged account says was said when weights were
fitted. Some of the words are in the product's vocabulary and some on purpose are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple


class Phrases(NamedTuple):
    """The words of one half. `{name}` is the person's name."""

    bait: Sequence[str]
    fan: Sequence[str]
    parody_before: Sequence[str]
    parody_after: Sequence[str]
    region: Sequence[str]
    trade: Sequence[str]
    scam: Sequence[str]
    claim: Sequence[str]
    fan_bio: Sequence[str]
    parody_bio: Sequence[str]
    display_bait: Sequence[str]
    display_fan: Sequence[str]
    display_parody: Sequence[str]


_BAIT: Final = """
official support giveaway backup hq real vip promo help team giveaways rewards care crypto private verified
contact claims desk winners shop2 oficial service prize drop invest management second trading backup2
official_ page store exclusive_club payouts inner_circle helpdesk bonus airdrop presents booking gifts mgmt
foundation charityfund assistance secretary ceo chat tickets preorder
""".split()  # noqa: SIM905
_FAN: Final = """
fan fans fanpage fanclub daily updates news stan archive lovers quotes edits clips source army nation pics
memes community moments fanart fandom hub charts supporters admirers appreciation base_ world_of forum
lyrics gifs obsessed outfits interviews
""".split()  # noqa: SIM905
_PARODY_BEFORE: Final = """
not fake totallynot parody_ notreally mock faux evil definitelynot sarcastic almost drunk
""".split()  # noqa: SIM905
_PARODY_AFTER: Final = """
parody spoof satire ebooks bot notreal parodia parodie memes_parody fake lol joke
""".split()  # noqa: SIM905
_REGION: Final = """
us uk brasil de fr mx india jp es it world nyc london paris tr ca au global int id latam dubai
""".split()  # noqa: SIM905
_TRADE: Final = """
photo dev art writes phd md runs law cooks music studio realtor dental plumbing coach vet books tattoo abogado
notary farm fitness nails teacher hockey legal bakes barber choir tax violin garage dance mimar pottery tours
""".split()  # noqa: SIM905
_SCAM: Final = (
    "DM me on Telegram to claim your prize",
    "Giveaway is live! Message me to win $5,000",
    "Crypto investment tips, double your BTC in 24h. WhatsApp only",
    "You have been selected! Send a DM to get your reward",
    "Claim your gift card now, link below",
    "Text me on WhatsApp for the private fan meeting",
    "Invest with me and earn 300% weekly profit",
    "Only 10 winners left. Click the link to enter",
    "Escríbeme por WhatsApp para recibir tu premio del sorteo",
    "Donate to my foundation via CashApp or bitcoin",
    "Forex signals by {name}. Inbox me to start earning",
    "Schreib mir auf Telegram, Gewinnspiel endet heute",
    "DM for promo and exclusive giveaways",
    "Airdrop now open, connect your wallet: claim-{slug}.example",
    "Chama no WhatsApp, prêmio garantido",
    "Celebrity grant program. Contact me on t.me/{slug}",
)
_CLAIM: Final = (
    "Official account of {name}",
    "This is my backup account, main got hacked",
    "The real {name}. Do not trust others",
    "My new account, follow me here",
    "{name}'s private account for real supporters",
    "Official support team of {name}",
    "My second page. Old account was banned",
    "Personal account. Only account I use now",
    "Cuenta oficial de {name}",
    "Official backup of {name}",
    "Официальный аккаунт {name}",
    "Compte officiel",
)
_FAN_BIO: Final = (
    "Fan account of {name}. Not affiliated.",
    "Daily news and photos of {name}, run by fans",
    "We love {name}! Fan page since 2017",
    "Unofficial fan club",
    "Just a stan account for {name} 💜",
    "{name} updates, clips and quotes. This is a fan account",
    "fan page | all credit to {name}",
    "Club de fans de {name}, no oficial",
    "Biggest {name} fan in the world",
    "Fanseite, nicht offiziell",
    "Your best source for everything {name}. Fan-run.",
    "fã clube {name} 🇧🇷",
    "Supporters of {name} from everywhere",
    "{name} fandom archive, I am not {name}",
    "ファンアカウント 非公式",
    "fan edits, dm for removal, not associated with {name}",
)
_PARODY_BIO: Final = (
    "Parody account. Not affiliated with {name}.",
    "This is satire, obviously.",
    "not really {name}",
    "A spoof of {name}. Jokes only.",
    "Parodia. No soy {name}.",
    "What {name} would tweet if drunk. Parody",
    "Satirical takes. Fake account.",
    "parody, please do not sue",
    "Not the real {name}, just a joke account",
    "Parodie / humour",
    "Unofficial and unserious. Parody of {name}",
    "Пародия",
)
_DISPLAY_BAIT: Final = (
    "{name} Official",
    "{name} ✅",
    "{name} (Backup)",
    "Real {name}",
    "{name} Giveaway",
    "{name} 🎁 Support",
    "{name} - Private",
    "Team {name}",
    "{name} VIP",
    "{name} HQ",
    "The Official {name}",
    "{name} Help Center",
)
_DISPLAY_FAN: Final = (
    "{name} Fans",
    "{name} Fan Page",
    "{name} Daily",
    "{name} Updates",
    "{name} Fan Club",
    "{name} archive",
    "best of {name}",
    "{name} News (fan)",
    "{name} quotes",
    "{name} stan",
    "i love {name}",
    "{name} Source",
)
_DISPLAY_PARODY: Final = (
    "{name} (parody)",
    "Not {name}",
    "Fake {name}",
    "{name} Parody",
    "Definitely Not {name}",
    "{name}, but evil",
    "{name} [satire]",
    "Drunk {name}",
    "{name} (Not Really)",
    "{name} Bot",
)


def half(number: int) -> Phrases:
    """0 to fit with, 1 to judge with."""
    lists = (
        _BAIT,
        _FAN,
        _PARODY_BEFORE,
        _PARODY_AFTER,
        _REGION,
        _TRADE,
        _SCAM,
        _CLAIM,
        _FAN_BIO,
        _PARODY_BIO,
        _DISPLAY_BAIT,
        _DISPLAY_FAN,
        _DISPLAY_PARODY,
    )
    return Phrases(*(each[number::2] for each in lists))
