"""Notices in other languages than English: the language is said, and what is found, at low confidence.

The letters were written for these tests, each before its language's cues were tried on it.
"""

from __future__ import annotations

import pytest
from autodmca_templates.notices import COUNTER_NOTICE_ELEMENTS, TAKEDOWN_ELEMENTS, analyse

TAKEDOWNS = {
    "es": """A quien corresponda:

Soy la autora de la fotografía "Amanecer en Cádiz", publicada en mi página. Ha sido copiada sin mi permiso en
https://ejemplo.example/fotos/77. Les pido que la retiren.

Creo de buena fe que ese uso no está autorizado por la titular de los derechos, su agente o la ley. La
información de
esta notificación es exacta y, bajo pena de perjurio, declaro que soy la titular de los derechos.

Mi correo es lucia@ejemplo.example, mi teléfono +34 600 123 456.

Atentamente,
Lucía Ramos
""",
    "fr": """Madame, Monsieur,

Je suis l'auteur du roman « Les Marées », dont une copie intégrale se trouve sans mon autorisation à l'adresse
https://exemple.example/livres/marees.pdf. Je vous demande de la supprimer.

Je crois de bonne foi que cette utilisation n'est pas autorisée par le titulaire des droits, son
mandataire ou la loi.
Les informations de cette notification sont exactes et je déclare, sous peine de parjure, être le
titulaire des droits.

Contact : paul@exemple.example, 01 23 45 67 89

Cordialement,
Paul Mercier
""",
    "de": """Sehr geehrte Damen und Herren,

ich bin der Urheber des Fotos „Nebel im Watt“. Es wurde ohne meine Erlaubnis kopiert und ist unter
https://beispiel.example/bilder/9 zu sehen. Bitte entfernen Sie es.

Ich bin in gutem Glauben, dass diese Nutzung weder vom Rechteinhaber noch von dessen Vertreter oder dem
Gesetz erlaubt
ist. Die Angaben in dieser Mitteilung sind richtig, und ich versichere unter Strafe des Meineids, dass
ich der Inhaber
der Rechte bin.

Sie erreichen mich unter jan@beispiel.example oder +49 40 1234567.

Mit freundlichen Grüßen
Jan Petersen
""",
    "pt": """Prezados senhores,

Sou o autor da música "Maré Cheia". Ela foi copiada sem a minha autorização e está em
https://exemplo.example/m/5. Peço
que seja removida.

Acredito de boa-fé que esse uso não é autorizado pelo titular dos direitos, por seu agente ou pela lei.
As informações
desta notificação são exatas e, sob pena de perjúrio, declaro que sou o titular dos direitos.

Meu e-mail é rui@exemplo.example e meu telefone é +55 11 91234 5678.

Atenciosamente,
Rui Campos
""",
    "ja": """ご担当者様

私は写真「朝の港」の著作権者です。下記のページに無断で転載されています。削除をお願いいたします。
https://rei.example/photo/12

この利用は、著作権者、その代理人または法律により許諾されていないと誠実に信じます。
この通知の情報は正確です。偽証罪の罰則のもとで、私が著作権者であることを宣言します。

連絡先：hana@rei.example、03-1234-5678

敬具
佐藤花
""",
}
COUNTERS = {
    "es": """Contranotificación

El vídeo que estaba en https://ejemplo.example/v/3 fue retirado. Declaro bajo pena de perjurio que creo
de buena fe que se
retiró por error o por una identificación equivocada del material.

Consiento la jurisdicción del tribunal federal de mi distrito. Aceptaré la notificación de la demanda.

Calle Mayor 3, Madrid, +34 600 123 456

Firma: Mario Vidal
""",
    "de": """Gegendarstellung

Mein Video unter https://beispiel.example/v/3 wurde gesperrt. Ich erkläre unter Strafe des Meineids,
dass ich in gutem
Glauben bin, dass das Material durch einen Irrtum oder eine Verwechslung entfernt wurde.

Ich stimme der Zuständigkeit des Bundesgerichts zu. Die Zustellung der Klageschrift nehme ich an.

Lindenweg 4, 20095 Hamburg, +49 40 1234567

Unterschrift: Eva Brandt
""",
}


@pytest.mark.parametrize("language", TAKEDOWNS)
def test_a_takedown_in_one_of_five_languages_is_read_at_low_confidence(language: str) -> None:
    analysis = analyse(TAKEDOWNS[language])
    assert (analysis.language, analysis.kind) == (language, "takedown")
    assert analysis.confidence <= 0.6
    assert [each.name for each in analysis.elements if each.present] == list(TAKEDOWN_ELEMENTS)
    for each in analysis.elements:
        assert each.quote == TAKEDOWNS[language][each.start : each.end]


@pytest.mark.parametrize("language", COUNTERS)
def test_a_counter_notice_in_another_language_is_read_at_low_confidence(language: str) -> None:
    analysis = analyse(COUNTERS[language])
    assert (analysis.language, analysis.kind) == (language, "counter_notice")
    assert [each.name for each in analysis.elements if each.present] == list(COUNTER_NOTICE_ELEMENTS)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (
            "Sono l'autore della fotografia e non ho dato il permesso di copiarla. È nella pagina del sito.",
            "it",
        ),
        ("Ik ben de maker van deze foto en het is niet met mijn toestemming op die pagina gezet.", "nl"),
        ("Эта фотография была скопирована без моего разрешения, прошу удалить её.", "und"),
        ("我是这张照片的作者，请删除未经许可的副本。", "zh"),
    ],
)
def test_a_language_without_cues_is_said_and_nothing_is_claimed(text: str, language: str) -> None:
    analysis = analyse(text)
    assert (analysis.language, analysis.kind, analysis.elements) == (language, "other", [])
    assert analysis.confidence <= 0.3


def test_names_and_addresses_do_not_make_a_text_foreign() -> None:
    text = "My video 'La casa de la abuela' was copied at https://de.example/der/die/das. Please remove it."
    assert analyse(text).language == "en"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("retraction", "Bonjour, je retire ma demande de suppression concernant la vidéo, nous avons trouvé "
         "un accord avec le propriétaire de la chaîne."),
        ("retraction", "先日お送りした削除の申請を取り下げます。相手方と話し合いがつきました。"),
        ("takedown", "Signalement: mes photos de mariage sont sur https://blog.example/p/3, copiées "
         "de mon site. Je n'ai jamais donné mon accord. Supprimez-les."),
        ("other", "Para presentar una notificación, usted debe incluir su firma, identificar la "
         "obra y declarar bajo pena de perjurio que es el titular. Si usted cree que hubo "
         "un error, envíe el formulario."),
    ],
)  # fmt: skip
def test_a_short_letter_in_another_language_is_told_by_what_it_asks(kind: str, text: str) -> None:
    assert analyse(text).kind == kind
