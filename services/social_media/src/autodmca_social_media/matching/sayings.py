"""What bios say of the account they belong to, by meaning and by language: the vocabulary of `statements`.

Owns the words alone. A word stands by itself; a phrase may stand anywhere, also in a longer word, so that a
stem serves for its endings. A saying belongs here only where somebody without ill intent would not write it.
"""

from __future__ import annotations

from typing import Final

FAN_WORDS: Final = """
fan fans fanpage fanclub fansite fanaccount fanacc fanbase stan stans fandom fanseite fanart admirer
admirers supporters fansub superfan fangirl fanboy fã fãs admirador admiradores admiradora admiradoras
hayran hayranı hayranları fanklub fanklubi fanoušci fanoušek fanit fanów wielbiciele rajongó rajongói
penggemar peminat фан фанат фанаты фанатов фанатский фаны фани фанклуб φανς φαν هوادار هواداران طرفدار
طرفداران
"""
FAN_PHRASES: Final = (
    "fan page, fan account, fan club, run by fans, we are fans, we love, made by fans, page de fans,"
    "club de fans, página de fans, página de fãs, pagina di fan, strona fanów, hâm mộ, halaman penggemar,"
    "hayran sayfa, фан-, поклонник, шанувальник, прихильник, θαυμαστ, معجب, محبي, محبين, מעריצ, प्रशंसक,"
    "फैन, แฟนคลับ, แฟนเพจ, ファン, 応援アカウント, 팬, 粉丝, 粉絲, 后援会, 後援會"
)
PARODY_WORDS: Final = """
parody parodia paródia parodie satire satira sátira spoof satirical parodic parodisi parodi ironie mockery
lampoon humor joke jokes comedy satyra satirisch satirique satirico parodisch parodistisch mizah
пародия пародія пародийный пародийная сатира шутка шутки жарт жарти παρωδία σάτιρα طنز ساخر ساخرة
"""
PARODY_PHRASES: Final = (
    "not the real, fake account, just a joke, for laughs, de mentira, de broma, conta de humor,"
    "cuenta de humor, compte humoristique, pour rire, nur spaß, zum spaß, per scherzo, tylko żart,"
    "jen vtip, sadece şaka, hanya bercanda, akun lelucon, tài khoản nhại, chế cho vui, محاكاة ساخرة,"
    "حساب ساخر, פרודיה, סאטירה, पैरोडी, व्यंग्य, हास्य, मज़ाक, ล้อเลียน, パロディ, ネタ垢, ネタアカ,"
    "패러디, 恶搞, 惡搞, 戏仿, 戲仿"
)
DISCLAIM_WORDS: Final = """
unofficial unaffiliated inoffiziell inoffizielle inoffizieller inoffizielles nieoficjalny nieoficjalna
nieoficjalne gayriresmi namesake onofficieel neoficial neoficiální neoficiálny inofficiell uofficiel
uoffisiell epävirallinen tocayo tocaya omonimo omonima homonyme xará adaş namensvetter тёзка тезка
"""
DISCLAIM_PHRASES: Final = (
    "not affiliated, no affiliation, not associated, not endorsed, un-official, not official,"
    "not the official, non officiel, no oficial, não oficial, non ufficiale, nicht offiziell,"
    "niet officieel, gayri resmi, resmi değil, resmi olmayan, nem hivatalos, tidak resmi,"
    "bukan akun resmi, không chính thức, hindi opisyal, not the real, not really, i am not, i'm not,"
    "not him, not her, not me, isn't me, no relation, not related, not that, different person,"
    "other person, not the actor, not the singer, not the one, no soy, não sou, je ne suis pas, non sono,"
    "ich bin nicht, nicht verwandt, nie jestem, nejsem, nu sunt, ikke i slekt, неофициальн, неофіційн,"
    "однофамил, однофаміл, не тот, не та самая, не той самий, ανεπίσημ, غير رسمي, غیررسمی, غیر رسمی,"
    "לא רשמי, अनौपचारिक, गैर-आधिकारिक, ไม่เป็นทางการ, 非公式, 本人ではあり, 同姓同名, 비공식, 동명이인,"
    "본인 아님, 非官方, 非本人, 不是本人, 同名"
)
SOLICIT_WORDS: Final = """
giveaway giveaways winner winners prize prizes telegram whatsapp cashapp paypal venmo zelle gpay paytm
bitcoin btc crypto eth usdt airdrop forex profit profits earn donate donations lottery grant payout signals
wallet promo presale whitelist giftcard giftcards moneygram sorteo sorteos premio premios ganador ganadores
ganaste sorteio prêmio ganhe ganhou pix doação vaquinha gagnez gagnant gagnants cagnotte gewinnspiel
gewinner gewonnen spenden vinci vincitore vincitori guadagna winactie winnaar cadeaubon wygraj wygrana
nagroda nagrody zrzutka zbiórka vyhraj výhra vinnare gavekort presentkort nyeremény premiu câștigă çekiliş
ödül kazan kazandınız bağış iban hadiah pemenang klaim donasi premyo рассрочка розыгрыш розыгрыши инвестиции
приз призы подарки выигрыш победитель победители заработок донат реквизиты телеграм телеграмм ватсап вотсап
розіграш переможець заробіток реквізити вайбер κλήρωση κερδίστε κερδίσατε νικητής δώρο δώρα δωρεά جائزة
جوائز هدية هدايا اربح فائز واتساب واتس تليجرام تيليجرام تلغرام تبرع تبرعات حوالة جایزه قرعه‌کشی تلگرام
واتساپ פרס פרסים הגרלה זכית מתנה טלגרם וואטסאפ תרומה תרומות
"""
SOLICIT_PHRASES: Final = (
    "dm me, dm us, dm now, dm to, send a dm, message me, message us to, text me, inbox me, send me,"
    "contact me on, contact my manager, text my manager, my manager's, write me, invest with, invest now,"
    "start investing, investment tips, investment plan, investment opportunit, crypto investment,"
    "trade with me, passive income, guaranteed return, recover your, for promo, click the link,"
    "claim your, win a, you won, you've won, won a, you have been selected, selected winner,"
    "limited offer, double your, gift card, cash app, cash prize, registration fee, processing fee,"
    "shipping fee, delivery fee, seed phrase, your login, your password, verify your, free keys,"
    "free tickets, private meet, fan meeting, meet and greet, meet & greet, western union, t.me/, wa.me/,"
    "escríbeme, mándame, envíame, has ganado, reclama tu, gana dinero, ganar dinero, dinero fácil,"
    "chama no, chame no, me chama, manda direct, resgate seu, renda extra, dinheiro fácil, écris-moi,"
    "écrivez-moi, contactez-moi, réclamez, argent facile, vous avez gagné, schreib mir, schreibt mir,"
    "melde dich bei mir, geld verdienen, hol dir dein, scrivimi, scrivetemi, hai vinto, in privato,"
    "stuur me, stuur een dm, napisz do mnie, odbierz, napiš mi, skicka dm, send dm, skriv til meg,"
    "tjäna pengar, írj nekem, scrie-mi, bana yaz, dm at, para kazan, kirim dm, hubungi saya, wa saya,"
    "nhận quà, nhận thưởng, quà tặng, trúng thưởng, kiếm tiền, chuyển khoản, liên hệ zalo, пиши в,"
    "пишите в, пиши мне, пишите мне, в личку, в директ, сбор средств, сбор на, перевод на карту, пишіть в,"
    "пишіть мені, в приват, в особист, збір на, збір коштів, στείλτε μήνυμα, στείλε μήνυμα, στείλτε μου,"
    "راسلني, راسلوني, تواصل معي, تواصلوا معي, كسب المال, شماره کارت, پیام بده, שלחו הודעה, שלחו לי,"
    "כתבו לי, इनाम, पुरस्कार जीत, गिफ्ट, मैसेज करें, व्हाट्सएप, टेलीग्राम, कमाएं, लॉटरी, ของรางวัล,"
    "ทักไลน์, แอดไลน์, โอนเงิน, 抽奖, 抽獎, 中奖, 中獎, 奖品, 獎品, 红包, 紅包, 加微信, 加我微信, 赚钱,"
    "賺錢, 领取, 領取, 捐款, プレゼント企画, プレゼントキャンペーン, 当選, 抽選, line追加, line登録,"
    "ライン追加, 副業, 稼げ, お金配り, 당첨, 경품, 추첨, 상품권, 카카오톡, 카톡, 오픈채팅, 텔레그램,"
    "투자 상담, 투자상담, 수익 보장, 리딩방, 입금, 후원 계좌"
)
CLAIM_WORDS: Final = """
official oficial officiel officielle offiziell ufficiale officieel oficjalny oficjalna oficjalne
"""
CLAIM_PHRASES: Final = (
    "official account, official page, official profile, official backup, backup account, back up account,"
    "second account, my second, my new account, new account, private account, personal account,"
    "my only account, only account, the real, real account, main account, my main, my backup, old account,"
    "got hacked, was hacked, got banned, was banned, got suspended, was suspended, got disabled,"
    "was disabled, lost access to, official support, support team, customer support, help center,"
    "cuenta de respaldo, nueva cuenta, cuenta nueva, segunda cuenta, cuenta privada, cuenta real,"
    "me hackearon, la verdadera, el verdadero, conta reserva, conta nova, nova conta, segunda conta,"
    "conta privada, fui hackead, o verdadeiro, a verdadeira, nouveau compte, compte de secours,"
    "compte privé, second compte, deuxième compte, a été piraté, le vrai, la vraie, offizieller account,"
    "offizielles profil, neuer account, mein neuer, zweitaccount, wurde gehackt, wurde gesperrt,"
    "privater account, der echte, die echte, nuovo account, nuovo profilo, secondo account,"
    "profilo privato, hackerato, il vero, la vera, officiële account, nieuw account, tweede account,"
    "is gehackt, nowe konto, drugie konto, zapasowe konto, nový účet, záložní účet, oficiální účet,"
    "nytt konto, ny konto, officiellt konto, offisiell konto, blev hackad, resmi hesap, resmi hesab,"
    "yeni hesab, yedek hesap, yedek hesab, hesabım çal, hesabım kap, gerçek hesap, akun resmi, akun asli,"
    "akun baru, akun cadangan, akun kedua, kena hack, tài khoản chính, chính chủ, tài khoản mới,"
    "tài khoản phụ, bị hack, trang chính thức, официальн, новый аккаунт, запасной аккаунт, второй аккаунт,"
    "взломали, заблокировали, настоящий аккаунт, єдиний акаунт, единственный аккаунт, офіційн,"
    "новий акаунт, запасний акаунт, другий акаунт, зламали, заблокували, справжній акаунт,"
    "επίσημος λογαριασμός, επίσημη σελίδα, επίσημο προφίλ, νέος λογαριασμός, νέος μου,"
    "δεύτερος λογαριασμός, ο αληθινός, η αληθινή, الحساب الرسمي, حساب رسمي, الصفحة الرسمية, حسابي الجديد,"
    "حساب احتياطي, حسابي الثاني, الحساب الحقيقي, حسابي القديم, حسابي الوحيد, صفحه رسمی, پیج رسمی,"
    "پیج جدید, اکانت جدید, החשבון הרשמי, חשבון רשמי, העמוד הרשמי, חשבון חדש, החשבון החדש, חשבון גיבוי,"
    "החשבון האמיתי, נפרץ, आधिकारिक, नया अकाउंट, बैकअप, हैक हो, असली अकाउंट, บัญชีทางการ, แอคใหม่,"
    "แอคสำรอง, โดนแฮก, 公式アカウント, 公式垢, サブアカウント, サブ垢, 新アカウント, 新垢, 裏アカ, 裏垢,"
    "本人です, 乗っ取られ, 予備アカウント, 공식 계정, 공식계정, 부계정, 새 계정, 본계정, 해킹, 진짜 계정,"
    "官方账号, 官方帳號, 官方号, 小号, 新号, 备用号, 備用帳號, 被盗, 被封, 唯一账号, 本人账号"
)
MONEY: Final = (
    "investment investments inversiones investimento investimentos investissement инвестиции інвестиції"
)
TRADES: Final = """
banker banking bank analyst analysts adviser advisor manager consultant operational fund firm
"""
