"""A retraction, and a notice under 17 U.S.C. 1201 about a circumvention tool."""

from autodmca_sandbox.drafts.draft import Draft, Slip

RETRACTION = Draft(
    name="Retraction after a licence came to light",
    kind="retraction",
    body="""Dear {{ host_name }} Copyright Agent,

On {{ notice_date }} we sent you a takedown notice concerning {{ material_url }}.

We have since learned that your user holds a licence for this material. We therefore withdraw our notice in
full and retract the claim of infringement. Please restore the content and remove any strike that
resulted from the notice.

We apologise for the inconvenience.

You can reach me at {{ owner_email }}.

/s/ {{ owner_name }}
""",
    variables=("host_name", "notice_date", "material_url", "owner_email", "owner_name"),
    slips=(Slip("On {{ notice_date }} we sent", "On {{ notice_date } we sent"),),
    occasions=(
        {
            "host_name": "Clipstream",
            "notice_date": "12 January 2026",
            "material_url": "https://clipstream.example/watch/k3v9",
            "owner_email": "rights@brightfold.example",
            "owner_name": "Ada Okafor",
        },
    ),
)

KEY_GENERATOR = Draft(
    name="Key generator for our software",
    kind="anti_circumvention",
    body="""Dear {{ host_name }} Copyright Agent,

I act for {{ owner_name }}, the owner of the copyright in the computer program "{{ work_title }}", published
at {{ work_url }}. Access to the program is controlled by a licence key, a technological measure that
effectively controls access to a work protected under Title 17.

Your service distributes a key generator that is primarily designed to circumvent this technological
measure, which 17 U.S.C. 1201(a)(2) prohibits. It is located at:

{% for url in urls %}
  - {{ url }}
{% endfor %}
Please remove it. I have a good faith belief that the distribution of the material described above is not
authorized by the copyright owner, its agent, or the law.

I swear, under penalty of perjury, that the information in this notification is accurate and that I am
authorized to act on behalf of the owner of an exclusive right that is allegedly infringed.

Contact: {{ signer_name }}, {{ owner_address }}, {{ owner_email }}, {{ owner_phone }}.

/s/ {{ signer_name }}
""",
    variables=(
        "host_name", "owner_name", "work_title", "work_url", "urls",
        "signer_name", "owner_address", "owner_email", "owner_phone",
    ),
    slips=(
        Slip("Contact: {{ signer_name }}, {{ owner_address }}, {{ owner_email }}, {{ owner_phone }}.\n"),
        Slip(" It is located at:\n\n{% for url in urls %}\n  - {{ url }}\n{% endfor %}"),
    ),
    occasions=(
        {
            "host_name": "Codebarn",
            "owner_name": "Tessera Audio GmbH",
            "work_title": "Tessera Reverb 4",
            "work_url": "https://tessera-audio.example/reverb",
            "urls": ["https://codebarn.example/anon/reverb4-keygen", "https://codebarn.example/anon/reverb4-keygen-mirror"],
            "signer_name": "Jonas Lindqvist",
            "owner_address": "Köpenicker Straße 20, 10997 Berlin, Germany",
            "owner_email": "legal@tessera-audio.example",
            "owner_phone": "+49 30 5555 0110",
        },
    ),
)  # fmt: skip
