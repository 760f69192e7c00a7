"""The words by which notices in Spanish, French, German, Portuguese and Japanese are known, as data.

Per language: what each statement of the statute says (all of its patterns in one sentence), which
words name a
kind, and how such letters close. Patterns look at text without accents and case, so that they are
written without;
gaps are bounded. Sources: ordinary translations of the statute's terms and how hosts' forms word them.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .model import ElementName

Patterns = tuple[re.Pattern[str], ...]


class Tongue(NamedTuple):
    """A language's cues. `about` is what pages that describe notices say, `closing` what stands before
    a name."""

    statements: dict[ElementName, Patterns]
    counter: re.Pattern[str]
    retraction: re.Pattern[str]
    request: re.Pattern[str]
    copied: re.Pattern[str]
    about: re.Pattern[str]
    closing: re.Pattern[str]


def _tongue(
    *,
    counter: str,
    retraction: str,
    request: str,
    copied: str,
    about: str,
    closing: str,
    **said: tuple[str, ...],
) -> Tongue:
    statements = {name: tuple(map(re.compile, patterns)) for name, patterns in said.items()}
    rest = map(re.compile, (counter, retraction, request, copied, about, closing))
    return Tongue(statements, *rest)  # type: ignore[arg-type]


TONGUES: Final[dict[str, Tongue]] = {
    "es": _tongue(
        goodFaith=(
            r"buena fe",
            r"\bno (?:\w+ ){0,3}autoriz|sin (?:\w+ ){0,3}(?:autoriz|permi|licenc|consent)|"
            r"\bni (?:por )?la ley",
        ),
        accuracy=(
            r"\binformacion|\bdatos|\bcontenido en|expuest|notificacion",
            r"\bexact|\bvera[zc]|\bverdader|\bcorrect|\bfidedign|\bciert",
        ),
        perjuryAuthority=(
            r"perjurio|juramento|falso testimonio",
            r"\btitular|propietari|autorizad|\bsoy (?:el|la) autor|represent|en nombre",
        ),
        cnPerjuryMistake=(r"perjurio|juramento|falso testimonio", r"\berror\b|\berronea|equivoc"),
        cnJurisdiction=(r"jurisdiccion|tribunal|juzgado", r"consient|acept|somet|conform"),
        cnService=(
            r"notificacion(?:es)? (?:judicial|legal|procesal|de (?:la )?demanda)|"
            r"emplazamiento|citacion|demanda",
            r"acept|recib",
        ),
        workIdentification=(
            r"\b(?:obra|fotografia|foto|libro|cancion|novela|ilustracion|articulo|video|"
            r"programa|pelicula|disco|curso|texto|dibujo)s?\b",
            r"\bmi\b|\bmis\b|nuestr|titular|\bautor|derechos|protegid|original|propiedad|"
            r"cliente",
        ),
        cnMaterial=(
            r"retirad|eliminad|suprimid|desactivad|bloquead|borrad",
            r"contenido|material|video|archivo|publicacion|entrada|pagina|cancion|foto|"
            r"tienda|anuncio",
        ),
        counter=r"contra ?-?notificacion",
        retraction=r"\b(?:retir(?:o|amos|ar)|desist\w+|revoc\w+|anul\w+|cancel\w+|"
        r"dej\w+ sin efecto) (?:\w+ ){0,6}(?:notificacion|solicitud|reclamacion|reclamo|"
        r"denuncia|queja|aviso)",
        request=r"retir|elimin|suprim|bloque|desactiv|\bborr",
        copied=r"\bcopi|sin (?:\w+ ){0,3}(?:permiso|autorizacion|consentimiento|licencia)|"
        r"infring|infracc|derechos? de autor|propiedad intelectual|plagi",
        about=r"\bdebe(?:ra|n|ran)? (?:\w+ ){0,3}(?:inclu|conten|indic|firm|identific|aport|"
        r"ser|present)|\bsi (?:usted )?(?:cree|considera|desea)|\bcomo (?:present|"
        r"redact|envi)|los siguientes (?:elementos|datos|requisitos)",
        closing=r"atentamente|saludos|cordialmente|firma(?:do)?\b",
    ),
    "fr": _tongue(
        goodFaith=(
            r"bonne foi",
            r"pas (?:\w+ ){0,3}autoris|sans (?:\w+ ){0,3}(?:autoris|permission|accord|"
            r"consentement|licence)|\bni (?:par )?la loi|non autoris",
        ),
        accuracy=(
            r"information|renseignement|\bdonnees|notification|contenu",
            r"\bexact|\bveridique|\bsincere|\bcorrect|\bvrai",
        ),
        perjuryAuthority=(
            r"parjure|sous serment|faux serment|fausse declaration",
            r"titulaire|proprietaire|autoris|habilit|l.auteur|mandat|au nom",
        ),
        cnPerjuryMistake=(
            r"parjure|sous serment|faux serment|fausse declaration",
            r"\berreur|erronee|meprise",
        ),
        cnJurisdiction=(r"juridiction|competence|tribuna", r"\baccept|consen|soumet"),
        cnService=(
            r"signification|assignation|acte(?:s)? de procedure|notification judiciaire|"
            r"citation",
            r"\baccept|recev",
        ),
        workIdentification=(
            r"\b(?:(?:oe|œ)uvre|photographie|photo|livre|chanson|roman|illustration|article|"
            r"video|logiciel|film|album|texte|dessin|morceau)s?\b",
            r"\bmon\b|\bma\b|\bmes\b|\bnotre|\bnos\b|titulaire|auteur|droits|protege|"
            r"original|propriete|client",
        ),
        cnMaterial=(
            r"retire|supprime|desactive|bloque|efface",
            r"contenu|video|fichier|publication|page|photo|morceau|article|annonce|boutique",
        ),
        counter=r"contre ?-?notification",
        retraction=r"\b(?:retir(?:e|ons|er)|annul\w+|revoqu\w+|renonc\w+|"
        r"abandonn\w+) (?:[\w'’]+ ){0,6}(?:notification|demande|reclamation|plainte|"
        r"signalement)",
        request=r"retir|supprim|desactiv|bloqu|\beffac",
        copied=r"\bcopi|sans (?:\w+ ){0,3}(?:autorisation|permission|accord|consentement|"
        r"licence)|contrefa|droits? d.auteur|propriete intellectuelle|plagi|violation",
        about=r"\bdoi(?:t|vent) (?:\w+ ){0,3}(?:compren|conten|inclu|indiqu|etre|comport|"
        r"identifi|mention)|\bsi vous (?:pensez|estimez|souhaitez|croyez)|"
        r"\bcomment (?:envoy|redig|depos|present)|les elements suivants|vous devez",
        closing=r"cordialement|salutations|sinceres|signature|\bsigne\b|respectueusement",
    ),
    "de": _tongue(
        goodFaith=(
            r"gutem glauben|gutglaubig|guten glaubens|treu und glauben|nach bestem wissen",
            r"nicht (?:\w+ ){0,6}(?:genehmigt|erlaubt|autorisiert|gestattet|gedeckt)|"
            r"ohne (?:\w+ ){0,3}(?:erlaubnis|genehmigung|zustimmung|lizenz)|unerlaubt|"
            r"unbefugt|weder",
        ),
        accuracy=(
            r"angaben|informationen|mitteilung|meldung|erklarung",
            r"\brichtig|\bkorrekt|\bzutreffend|\bwahr|wahrheitsgema|\bexakt|\bgenau",
        ),
        perjuryAuthority=(
            r"meineid|eidesstatt|\beid|unter strafe|strafandrohung",
            r"inhaber|rechteinhaber|urheber|befugt|berechtigt|bevollmachtigt|namen",
        ),
        cnPerjuryMistake=(
            r"meineid|eidesstatt|\beid|unter strafe|strafandrohung",
            r"irrtum|\bfehler|versehen|verwechslung|falschlich|irrtumlich",
        ),
        cnJurisdiction=(
            r"gericht|zustandigkeit",
            r"unterwerf|zustimm|stimme|einverstanden|akzeptier|erkenne",
        ),
        cnService=(
            r"zustellung|klageschrift|klage\b|schriftstuck",
            r"annehm|\bnehme|entgegen|akzeptier|einverstanden",
        ),
        workIdentification=(
            r"\b\w*(?:werk|fotografie|foto|bild|buch|lied|song|roman|illustration|artikel|"
            r"video|software|programm|film|album|text|zeichnung|kurs)(?:s|es|e|er|en|n)?\b",
            r"\bmein|\bunser|inhaber|urheber|autor|rechte|geschutzt|original|mandant",
        ),
        cnMaterial=(
            r"entfernt|geloscht|gesperrt|deaktiviert",
            r"inhalt|material|video|datei|beitrag|seite|bild|lied|song|anzeige|shop|"
            r"repository",
        ),
        counter=r"gegendarstellung|gegen ?-?(?:mitteilung|benachrichtigung|anzeige|meldung|"
        r"notifi)|widerspruch|counter ?-?noti",
        retraction=r"(?:ziehe|ziehen|nehme|nehmen) (?:\w+ ){0,8}zuruck|zuruck(?:ziehen|nehmen|"
        r"gezogen|genommen)|widerruf(?:e|en)\b|ruckzug",
        request=r"entfern|\blosch|\bsperr|deaktivier|herunterzunehmen|nehmen sie",
        copied=r"kopi|ohne (?:\w+ ){0,3}(?:erlaubnis|genehmigung|zustimmung|lizenz|"
        r"einwilligung)|urheberrecht|verletz|plagi|raubkopi",
        about=r"\bmuss (?:\w+ ){0,8}(?:enthalten|angeben|umfassen|unterschrieben|"
        r"unterzeichnet|nennen|sein)|\bwenn sie (?:\w+ ){0,4}(?:glauben|meinen|der)|"
        r"folgende(?:n)? (?:angaben|elemente|punkte)|\bsie mussen|\bso (?:reichen|"
        r"schreiben|stellen) sie",
        closing=r"gru(?:ß|ss)|hochachtungsvoll|unterschrift|gezeichnet|\bgez\b",
    ),
    "pt": _tongue(
        goodFaith=(
            r"boa ?-?fe",
            r"nao (?:\w+ ){0,4}(?:autoriz|permit|licenc)|sem (?:\w+ ){0,3}(?:autoriz|"
            r"permiss|licenc|consent)|\bnem (?:\w+ ){0,2}lei",
        ),
        accuracy=(
            r"informac|\bdados|notificacao|conteudo",
            r"\bexat|\bprecis|\bverdadeir|\bcorret|\bveridic|\bverac",
        ),
        perjuryAuthority=(
            r"perjurio|juramento|falso testemunho",
            r"titular|proprietari|detentor|autorizad|\bautora?\b|represent|em nome",
        ),
        cnPerjuryMistake=(
            r"perjurio|juramento|falso testemunho",
            r"\berro\b|\bengano|\bequivoc|erronea|incorreta",
        ),
        cnJurisdiction=(r"jurisdicao|tribunal|\bforo\b|competencia", r"concord|aceit|submet|consin|consent"),
        cnService=(
            r"citacao|intimacao|notificac(?:ao|oes) (?:judicia|lega)|acao judicial|processo",
            r"aceit|receb",
        ),
        workIdentification=(
            r"\b(?:obra|fotografia|foto|livro|cancao|musica|romance|ilustracao|artigo|video|"
            r"programa|filme|disco|album|curso|texto|desenho)s?\b",
            r"\bmeu|\bminha|nosso|nossa|titular|detentor|\bautor|direitos|protegid|original|"
            r"propriedade|cliente",
        ),
        cnMaterial=(
            r"removid|retirad|excluid|desativad|bloquead|apagad",
            r"conteudo|material|video|arquivo|publicacao|postagem|pagina|musica|foto|loja|"
            r"anuncio",
        ),
        counter=r"contra ?-?notificacao",
        retraction=r"\b(?:retir(?:o|amos|ar)|desist\w+|revog\w+|anul\w+|"
        r"cancel\w+) (?:\w+ ){0,6}(?:notificacao|solicitacao|reclamacao|denuncia|queixa|"
        r"aviso|pedido)",
        request=r"remov|retir|exclu|bloque|desativ|\bapag",
        copied=r"\bcopi|sem (?:\w+ ){0,3}(?:permissao|autorizacao|consentimento|licenca)|"
        r"infring|infrac|direitos? autora|propriedade intelectual|plagi|viola",
        about=r"\bdeve(?:ra|m|rao)? (?:\w+ ){0,3}(?:inclu|cont|indic|assin|identific|aprese|"
        r"ser|inform)|\bse voce (?:acredita|acha|deseja)|\bcomo (?:envi|redig|apresent)|"
        r"os seguintes (?:elementos|dados|requisitos)",
        closing=r"atenciosamente|cumprimentos|cordialmente|saudacoes|assinatura|assinado",
    ),
    "ja": _tongue(
        goodFaith=(r"誠実|善意|誠意", r"許諾|許可|承諾|認められ|権限|無断"),
        accuracy=(r"情報|記載|内容|通知", r"正確|真実|事実に相違|間違いな|相違な"),
        perjuryAuthority=(r"偽証", r"権利者|著作者|著作権者|代理|権限"),
        cnPerjuryMistake=(r"偽証", r"誤り|誤って|誤認|間違|過誤"),
        cnJurisdiction=(r"裁判所|管轄", r"同意|従|服"),
        cnService=(r"送達|訴状", r"受け|受領|応じ|同意"),
        workIdentification=(
            r"著作物|作品|写真|書籍|小説|楽曲|曲|イラスト|漫画|記事|動画|ソフト|映画|アルバム|絵",
            r"私|弊社|当社|当方|著作権|権利|オリジナル|創作|撮影|執筆|依頼者",
        ),
        cnMaterial=(
            r"削除|無効|停止|ブロック",
            r"コンテンツ|動画|ファイル|投稿|ページ|写真|楽曲|記事|素材|作品",
        ),
        counter=r"異議申|反対通知|対抗通知|カウンター",
        retraction=r"(?:申請|通知|申立て?|申し立て|請求|削除依頼|要請|申告)[^。]{0,15}(?:取り下げ|取下げ|撤回|取り消)",
        request=r"削除|停止|無効化|遮断|非公開",
        copied=r"無断|侵害|盗用|複製|転載|許可なく|許諾なく|著作権",
        about=r"(?:含め|記載し|含ま|必要が|添え)(?:る|なければ|てください|ねば|ている必要|あり)|必要があります|以下の(?:事項|項目|情報)|場合は、",
        closing=r"敬具|署名|草々|以上|よろしくお願い",
    ),
}
