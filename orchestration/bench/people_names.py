"""Names, places and spellings for made-up people: Chinese and English."""

import unicodedata
from collections.abc import Iterator
from random import Random


def words(text: str) -> list[str]:
    """Return the words of a block of text."""
    return text.split()


SURNAMES = """
王 wang 71 李 li 72 张 zhang 68 刘 liu 54 陈 chen 46 杨 yang 31 赵 zhao 27 黄 huang 27
周 zhou 25 吴 wu 25 徐 xu 20 孙 sun 19 胡 hu 16 朱 zhu 16 高 gao 15 林 lin 15 何 he 14
郭 guo 14 马 ma 13 罗 luo 12 梁 liang 12 宋 song 10 郑 zheng 10 谢 xie 9 韩 han 9
唐 tang 8 冯 feng 8 于 yu 8 董 dong 8 萧 xiao 7 程 cheng 7 曹 cao 7 袁 yuan 7 邓 deng 7
许 xu 7 傅 fu 6 沈 shen 6 曾 zeng 6 彭 peng 6 吕 lv 6 苏 su 6 卢 lu 6 蒋 jiang 6
蔡 cai 6 贾 jia 5 丁 ding 5 魏 wei 5 薛 xue 5 叶 ye 5 阎 yan 4 余 yu 5 潘 pan 5 杜 du 5
戴 dai 4 夏 xia 4 钟 zhong 4 汪 wang 4 田 tian 4 任 ren 4 姜 jiang 4 范 fan 4 方 fang 4
石 shi 4 姚 yao 4 谭 tan 4 廖 liao 4 邹 zou 3 熊 xiong 3 金 jin 4 陆 lu 4 郝 hao 3
孔 kong 3 白 bai 3 崔 cui 3 康 kang 3 毛 mao 3 邱 qiu 3 秦 qin 3 江 jiang 3 史 shi 3
顾 gu 3 侯 hou 3 邵 shao 2 孟 meng 2 龙 long 2 万 wan 2 段 duan 2 雷 lei 2 钱 qian 2
汤 tang 2 尹 yin 2 黎 li 2 易 yi 2 常 chang 2 武 wu 2 乔 qiao 2 贺 he 2 赖 lai 2
龚 gong 2 文 wen 2 覃 qin 2 单 shan 1 欧阳 ouyang 1 司马 sima 1 上官 shangguan 1
诸葛 zhuge 1
"""
"""Surname, its reading, and how many of a thousand bear it."""

SYLLABLES = """
bo 波博伯勃 bin 斌彬宾滨 chao 超潮朝 chen 晨辰臣琛 cheng 成诚程承 chun 春纯淳 dan 丹旦
dong 东冬栋董 fang 芳方坊 fei 飞菲斐非 feng 峰凤锋丰风枫 gang 刚钢岗 guo 国果 hai 海亥
hang 航杭 hao 浩豪皓昊郝 hong 红宏鸿洪虹 hua 华桦 hui 辉慧惠晖会 jia 佳嘉家加
jian 建健剑坚 jie 杰洁捷婕 jing 静晶京靖菁 juan 娟鹃 jun 军俊君骏钧 kai 凯楷恺 kang 康
ke 可科克 kun 坤昆 lan 兰岚 lei 磊蕾雷 li 丽莉立力利黎 liang 亮良梁 lin 琳林霖
ling 玲铃灵凌 long 龙隆 mei 美梅媚 min 敏民闽 ming 明鸣铭 na 娜纳 peng 鹏朋 ping 平萍苹
qi 琪齐琦祺 qian 倩茜谦 qiang 强 qing 青清庆晴 ran 然冉 rong 蓉荣容 rui 睿瑞锐蕊
shan 珊山 shi 诗世石 shu 淑书舒 song 松嵩 tao 涛陶桃 ting 婷庭 tian 天田
wei 伟薇威维玮炜 wen 文雯 wu 武 xia 霞夏 xiang 翔祥香 xiao 小晓 xin 欣鑫新心昕 xiu 秀修
xu 旭绪 xuan 轩萱 xue 雪学 yan 艳燕彦岩妍 yang 洋阳杨扬 yao 瑶耀 yi 怡毅艺逸
ying 颖莹英瑛盈 yong 勇永 yu 玉雨宇语钰 yuan 媛圆远 yue 月悦越 yun 云芸 ze 泽 zhe 哲喆
zhen 珍真振 zheng 政正 zhi 志智芝 zi 子紫梓 han 涵晗
"""
"""Readings and the characters of given names that share them."""

FEMALE = (
    "芳丽婷敏慧丹静雪艳玉佳玲欣霞美娜颖莹秀琳怡红凤兰倩悦菲梅薇云"
    "月琪洁燕萍瑶晓春雨娟紫诗"
)
MALE = (
    "伟杰建凯波辉磊刚俊勇浩军强飞东国海峰宇鑫明成涛天健家博坤康旭航斌超鹏哲毅永亮政松龙"
)
EITHER = "子文志小可然平晨华嘉睿林洋云佳宇欣新宏世庆"
TRADITIONAL = str.maketrans(
    "吴陈刘张杨赵黄孙马罗谢韩冯许吕苏卢叶贾谭钟陆顾蒋邓郑艳静丽伟涛慧杰军国强飞东凤兰华红"
    "云颖莹鹏龙维剑凯刚贵荣贤齐万汤龚赖贺阎邹",
    "吳陳劉張楊趙黃孫馬羅謝韓馮許呂蘇盧葉賈譚鍾陸顧蔣鄧鄭豔靜麗偉濤慧傑軍國強飛東鳳蘭華紅"
    "雲穎瑩鵬龍維劍凱剛貴榮賢齊萬湯龔賴賀閻鄒",
)
ZH_TITLES = {"男": ("先生", "师傅", "总"), "女": ("女士", "小姐", "太太")}
HANDLES = words("""
小鱼儿 随风 开心就好 阳光 lucky 清风明月 平安是福 momo 静待花开 Sunny 大白 岁月静好
一叶知秋 豆豆妈 AAA建材 往事随风 小太阳 Tina 橙子 奔跑的蜗牛
""")

FORENAMES_F = """
Mary 9 Patricia 7 Jennifer 7 Linda 7 Elizabeth 7 Barbara 6 Susan 6 Jessica 6 Sarah 6
Karen 5 Lisa 5 Nancy 5 Margaret 5 Sandra 4 Ashley 4 Kimberly 4 Emily 5 Donna 4
Michelle 4 Carol 4 Amanda 4 Melissa 4 Deborah 4 Stephanie 4 Rebecca 4 Laura 4 Sharon 3
Cynthia 3 Kathleen 3 Amy 3 Angela 3 Anna 3 Brenda 3 Pamela 3 Nicole 3 Samantha 3
Katherine 3 Christine 3 Helen 3 Rachel 3 Charlotte 3 Olivia 3 Isabella 3 Emma 3
Georgia 2 Chloe 2 Zoë 1 Siobhán 1
"""
FORENAMES_M = """
James 9 Robert 8 John 8 Michael 8 David 8 William 8 Richard 7 Joseph 6 Thomas 6
Christopher 6 Charles 5 Daniel 6 Matthew 6 Anthony 5 Mark 5 Donald 4 Steven 4 Andrew 5
Paul 4 Joshua 4 Kenneth 4 Kevin 4 Brian 4 Timothy 4 Ronald 3 George 4 Jason 4 Edward 4
Jeffrey 3 Ryan 4 Jacob 3 Gary 3 Nicholas 4 Eric 3 Jonathan 3 Stephen 4 Lawrence 3
Benjamin 3 Samuel 4 Gregory 3 Alexander 3 Patrick 3 Jack 3 Raymond 2 Adam 3 Zachary 2
Oliver 2 Liam 2 José 1
"""
FAMILY_NAMES = """
Smith 30 Johnson 20 Williams 20 Brown 20 Jones 20 Miller 12 Davis 12 Wilson 14
Anderson 14 Taylor 16 Thomas 10 Moore 8 Martin 12 Jackson 8 Thompson 12 White 12
Harris 10 Clark 9 Lewis 9 Robinson 9 Walker 10 Young 8 Allen 7 King 9 Wright 9 Scott 8
Hill 8 Green 9 Adams 7 Baker 7 Nelson 6 Campbell 8 Mitchell 7 Roberts 8 Carter 6
Phillips 7 Evans 8 Turner 7 Parker 6 Collins 6 Edwards 6 Stewart 6 Morris 7 Murphy 7
Cook 6 Rogers 6 Morgan 6 Cooper 6 Reed 4 Bailey 5 Bell 5 Kelly 8 Howard 5 Ward 6 Cox 5
Richardson 5 Watson 5 Brooks 4 Bennett 5 Gray 5 Hughes 5 Price 4 Sanders 3 Ross 4
Foster 4 Powell 4 Sullivan 4 Russell 4 Jenkins 4 Fisher 4 Gibson 4 Hayes 4 Murray 5
Kennedy 4 Wells 3 McDonald 5 Reid 4 Hunt 3 Stevens 4 Bryant 3 O'Brien 4 Ryan 6 Nguyen 9
Lee 9 Chen 4 Singh 6 Ashworth 1 Fitzgerald 2 Macquarie 1 Smith-Jones 1 García 1 Müller 1
Papadopoulos 1 Van Dyk 1
"""
NICKNAMES = {
    formal: tuple(short.split("/"))
    for formal, short in (
        pair.split(":")
        for pair in words("""
William:Bill/Will Robert:Bob/Rob James:Jim/Jamie Michael:Mike/Mick Richard:Rick/Dick
Joseph:Joe Thomas:Tom Christopher:Chris Charles:Charlie Daniel:Dan/Danny Matthew:Matt
Anthony:Tony Donald:Don Steven:Steve Andrew:Andy/Drew Joshua:Josh Kenneth:Ken Kevin:Kev
Timothy:Tim Ronald:Ron Edward:Ed/Ted Jeffrey:Jeff Nicholas:Nick Jonathan:Jon
Stephen:Steve Lawrence:Larry Benjamin:Ben Samuel:Sam Gregory:Greg Alexander:Alex
Patrick:Pat Raymond:Ray Zachary:Zach David:Dave John:Jack Mary:Molly Patricia:Pat/Trish
Jennifer:Jen/Jenny Elizabeth:Liz/Beth Barbara:Barb Susan:Sue Jessica:Jess
Margaret:Maggie/Peggy Sandra:Sandy Kimberly:Kim Michelle:Shelly Amanda:Mandy
Deborah:Deb/Debbie Stephanie:Steph Rebecca:Becky/Bec Kathleen:Kathy Angela:Angie
Pamela:Pam Samantha:Sam Katherine:Kate/Kathy Christine:Chris Rachel:Rach Isabella:Bella
Charlotte:Charlie
""")
    )
}

ZH_CITIES = {
    "北京市": ("010", "朝阳区 海淀区 丰台区 通州区"),
    "上海市": ("021", "浦东新区 徐汇区 杨浦区 闵行区"),
    "广州市": ("020", "天河区 海珠区 番禺区 越秀区"),
    "深圳市": ("0755", "南山区 福田区 宝安区 龙岗区"),
    "杭州市": ("0571", "西湖区 滨江区 余杭区 拱墅区"),
    "成都市": ("028", "武侯区 锦江区 高新区 青羊区"),
    "武汉市": ("027", "武昌区 江岸区 洪山区 汉阳区"),
    "西安市": ("029", "雁塔区 未央区 碑林区 莲湖区"),
}
ZH_ROADS = words("""
人民路 中山路 解放路 和平路 文化路 科技路 长江路 黄河路 南京路 新华路 幸福路 学院路
滨河路 花园路 迎宾路 建设路 环城路 东风路
""")
ZH_ESTATES = words("""
阳光花园 世纪花园 碧桂园 翠湖苑 金色家园 春江花月 锦绣江南 恒大名都 万科城 怡景苑
书香门第 绿地世纪城 保利花园 御景湾
""")
EN_CITIES = {
    "Sydney": (20, "Newtown Bondi Epping Paddington"),
    "Melbourne": (30, "Carlton Brunswick Richmond Fitzroy"),
    "Brisbane": (40, "Toowong Kensington Chermside Indooroopilly"),
    "Perth": (60, "Subiaco Fremantle Claremont Joondalup"),
    "Adelaide": (50, "Norwood Glenelg Unley Prospect"),
}
EN_STREETS = words("""
Albert Victoria Station Church George Queen Mill High Bridge Chapel Wattle Hill Beach
Garden Railway Forest Park King Banksia Ocean
""")
EN_KINDS = {"Street": "St", "Road": "Rd", "Avenue": "Ave", "Lane": "Ln"}
KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _weighted(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return names, some of two words, and the number after each."""
    names: list[str] = []
    weights: list[int] = []
    words: list[str] = []
    for word in text.split():
        if word.isdigit():
            names.append(" ".join(words))
            weights.append(int(word))
            words = []
        else:
            words.append(word)
    return tuple(names), tuple(weights)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    words = text.split()
    yield from zip(words[::2], words[1::2], strict=True)


_SURNAME_ROWS, _SURNAME_WEIGHTS = _weighted(SURNAMES)
SURNAME_READING = dict(row.split() for row in _SURNAME_ROWS)
_SURNAMES = tuple(row.split()[0] for row in _SURNAME_ROWS)
SOUNDS = dict(_pairs(SYLLABLES))
READING = {character: sound for sound, them in SOUNDS.items() for character in them}
_FORENAMES = {"F": _weighted(FORENAMES_F), "M": _weighted(FORENAMES_M)}
_FAMILY_NAMES = _weighted(FAMILY_NAMES)


def surname(chance: Random, language: str) -> str:
    """Return a surname, common ones more often."""
    if language == "zh":
        return chance.choices(_SURNAMES, _SURNAME_WEIGHTS)[0]
    return chance.choices(*_FAMILY_NAMES)[0]


def given(chance: Random, language: str, gender: str) -> str:
    """Return a given name of one or two characters, or an English one."""
    if language == "en":
        return chance.choices(*_FORENAMES[gender])[0]
    own = FEMALE if gender == "F" else MALE
    count = 1 if chance.random() < 0.11 else 2
    return "".join(chance.choice(own * 3 + EITHER) for _ in range(count))


def reading(family: str, given_name: str) -> tuple[str, str]:
    """Return the toneless pinyin of both parts."""
    return SURNAME_READING[family], "".join(READING[one] for one in given_name)


def homophone(chance: Random, given_name: str) -> str:
    """Return the name with one character written as another of the same sound."""
    places = [
        place
        for place, character in enumerate(given_name)
        if len(SOUNDS[READING[character]]) > 1
    ]
    if not places:
        return given_name
    place = chance.choice(places)
    own = given_name[place]
    other = chance.choice([one for one in SOUNDS[READING[own]] if one != own])
    return given_name[:place] + other + given_name[place + 1 :]


def slip(chance: Random, text: str) -> str:
    """Return a Latin text with one slip of the keyboard."""
    letters = [at for at, letter in enumerate(text[:-1]) if letter.isalpha()]
    place = chance.choice(letters)
    kind = chance.choice(("drop", "swap", "double", "neighbour"))
    if kind == "drop":
        return text[:place] + text[place + 1 :]
    if kind == "swap":
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    letter = text[place]
    row = next((row for row in KEYBOARD if letter.lower() in row), "er")
    near = row[max(0, row.find(letter.lower()) + chance.choice((-1, 1))) % len(row)]
    near = near.upper() if letter.isupper() else near
    end = place if kind == "double" else place + 1
    return text[:place] + near + text[end:]


def ascii_only(text: str) -> str:
    """Return a name as it stands in a mailbox: without accents and marks."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return plain.replace("'", "").replace("-", "").replace(" ", "")
