"""Query parameters that say from where a visitor came, never what a page shows. Data only.

Sources: what Google, Meta, Microsoft, Yandex, TikTok, X, LinkedIn, Pinterest, Snap, HubSpot, Mailchimp,
Marketo, Matomo, Adobe and Klaviyo say that their links carry. A name that some sites use for content
(`ref`, `source`, `si`, `from`) is not here.
"""

from __future__ import annotations

import re
from typing import Final

TRACKER: Final = re.compile(
    r"(?:utm_\w+|(?:mtm|pk|piwik|matomo|hsa)_\w+|gclid|gclsrc|dclid|gbraid|wbraid|gad_(?:source|campaignid)|srsltid"
    r"|fbclid|fb_action_(?:ids|types)|fb_source|msclkid|yclid|ysclid|_openstat|ymclid|twclid|ttclid|li_fat_id|epik"
    r"|sc_?cid|igshid|igsh|mc_[ce]id|mkt_tok|_hs(?:enc|mi)|__hs(?:tc|sc|fp)|hsctatracking|_ga|_gl|_ke|_kx"
    r"|vero_(?:id|conv)|oly_(?:anon|enc)_id|rb_clickid|wickedid|s_cid|ml_subscriber(?:_hash)?|dm_i|cvid_from)",
    re.IGNORECASE,
)
"""Matches the whole name of such a parameter."""
