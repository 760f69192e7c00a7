"""A counter-notice under 17 U.S.C. 512(g)(3)."""

from autodmca_sandbox.drafts.draft import Draft, Slip

_JURISDICTION = """\
I consent to the jurisdiction of the Federal District Court for the judicial district in which my address is
located, or if my address is outside of the United States, for any judicial district in which
{{ provider_name }} may be found, and I will accept service of process from the person who provided the
notification or an agent of such person.
"""

COUNTER_NOTICE = Draft(
    name="Counter-notice for a book review",
    kind="counter_notice",
    body=f"""Counter-notification to {{{{ provider_name }}}}

On {{{{ removal_date }}}} you disabled access to my review, which appeared at {{{{ material_url }}}} before it
was removed, after a complaint by {{{{ complainant }}}}.

I swear, under penalty of perjury, that I have a good faith belief that the material was removed or
disabled as a result of mistake or misidentification of the material: the review quotes two sentences of
the book in order to discuss them.

{_JURISDICTION}
My name, address and telephone number are: {{{{ subscriber_name }}}}, {{{{ subscriber_address }}}},
{{{{ subscriber_phone }}}}. My email address is {{{{ subscriber_email }}}}.

/s/ {{{{ subscriber_name }}}}
""",
    variables=(
        "provider_name", "removal_date", "material_url", "complainant",
        "subscriber_name", "subscriber_address", "subscriber_phone", "subscriber_email",
    ),
    slips=(Slip(_JURISDICTION),),
    occasions=(
        {
            "provider_name": "Pagehaven",
            "removal_date": "3 March 2026",
            "material_url": "https://pagehaven.example/jonas/reviews/the-quiet-orchard",
            "complainant": "Orchard House Books",
            "subscriber_name": "Jonas Lindqvist",
            "subscriber_address": "Storgatan 11, 903 26 Umeå, Sweden",
            "subscriber_phone": "+46 90 555 01 77",
            "subscriber_email": "jonas@lindqvist.example",
        },
        {
            "provider_name": "Readershelf",
            "removal_date": "19 May 2026",
            "material_url": "https://readershelf.example/r/55210",
            "complainant": "an automated system of Orchard House Books",
            "subscriber_name": "Jonas Lindqvist",
            "subscriber_address": "Storgatan 11, 903 26 Umeå, Sweden",
            "subscriber_phone": "+46 90 555 01 77",
            "subscriber_email": "jonas@lindqvist.example",
        },
    ),
)  # fmt: skip
