"""Two takedown notices under 17 U.S.C. 512(c)(3)(A)."""

from autodmca_sandbox.drafts.draft import Draft, Slip

_GOOD_FAITH = """\
I have a good faith belief that the use of the material in the manner complained of is not
authorized by the copyright owner, its agent, or the law.
"""
_PERJURY = """\
The information in this notification is accurate, and under penalty of perjury, I am authorized to
act on behalf of the owner of an exclusive right that is allegedly infringed.
"""
_OATH = """\
I swear, under penalty of perjury, that the information in the notification is accurate and that I am the
copyright owner or am authorized to act on behalf of the owner of an exclusive right that is allegedly
infringed.
"""

COURSE_VIDEOS = Draft(
    name="Course videos on file hosts",
    kind="takedown",
    body=f"""Dear {{{{ host_name }}}} Copyright Agent,

I am writing on behalf of {{{{ owner_name }}}}, the owner of the copyright in the video course
"{{{{ work_title }}}}", which is offered to enrolled students at {{{{ work_url }}}}.

Copies of the lectures of this course are stored on your service and may be downloaded by anybody, without
our permission, at the following addresses:

{{% for url in urls %}}
  - {{{{ url }}}}
{{% endfor %}}
Please remove these files, or disable access to them, without delay.

{_GOOD_FAITH}
{_PERJURY}
You can reach me at {{{{ owner_email }}}}, by telephone at {{{{ owner_phone }}}}, or by post at
{{{{ owner_address }}}}.

Sincerely,

/s/ {{{{ signer_name }}}}
""",
    variables=(
        "host_name", "owner_name", "work_title", "work_url", "urls",
        "owner_email", "owner_phone", "owner_address", "signer_name",
    ),
    slips=(Slip(_GOOD_FAITH), Slip("/s/ {{ signer_name }}\n")),
    occasions=(
        {
            "host_name": "Vaultbox",
            "owner_name": "Brightfold Academy Ltd.",
            "work_title": "Statistics for Working Engineers",
            "work_url": "https://brightfold.example/courses/statistics",
            "urls": ["https://vaultbox.example/f/8812/stat-eng-01.mp4", "https://vaultbox.example/f/8813/stat-eng-02.mp4"],
            "owner_email": "rights@brightfold.example",
            "owner_phone": "+1 415 555 0134",
            "owner_address": "88 Harbor Street, Suite 4, Oakland, CA 94607",
            "signer_name": "Ada Okafor",
        },
        {
            "host_name": "Filelagoon",
            "owner_name": "Brightfold Academy Ltd.",
            "work_title": "Linear Algebra, Slowly",
            "work_url": "https://brightfold.example/courses/linear-algebra",
            "urls": ["https://filelagoon.example/dl/linear-algebra-complete.zip"],
            "owner_email": "rights@brightfold.example",
            "owner_phone": "+1 415 555 0134",
            "owner_address": "88 Harbor Street, Suite 4, Oakland, CA 94607",
            "signer_name": "Ada Okafor",
        },
    ),
)  # fmt: skip

PHOTOGRAPHS = Draft(
    name="Photographs used by a shop",
    kind="takedown",
    body=f"""To whom it may concern,

I am the photographer and the exclusive owner of the copyright in the photographs published at
{{{{ work_url }}}}, among them "{{{{ work_title }}}}".

Your customer displays unauthorized copies of these photographs in its online shop, here:

{{% for url in urls %}}
  * {{{{ url }}}}
{{% endfor %}}
I ask you to take these copies down.

{_GOOD_FAITH}
{_OATH}
My contact information: {{{{ owner_name }}}}, {{{{ owner_address }}}}, email {{{{ owner_email }}}},
telephone {{{{ owner_phone }}}}.

Signed: /s/ {{{{ owner_name }}}}
""",
    variables=("work_url", "work_title", "urls", "owner_name", "owner_address", "owner_email", "owner_phone"),
    slips=(
        Slip(_OATH),
        Slip('among them "{{ work_title }}"', 'among them "{{ title }}"'),
    ),
    occasions=(
        {
            "work_url": "https://mireille.example/series/harbour",
            "work_title": "Cranes before rain",
            "urls": ["https://printsandmore.example/p/4471", "https://printsandmore.example/p/4472"],
            "owner_name": "Mireille Tan",
            "owner_address": "14 Rue des Tisserands, 69001 Lyon, France",
            "owner_email": "studio@mireille.example",
            "owner_phone": "+33 4 55 55 01 20",
        },
    ),
)
