"""What people write: pools of phrasings by language, kind and topic."""

from itertools import product

import numpy as np

TOPICS = (
    "ORDER_STATUS",
    "DELIVERY_LATE",
    "RETURN",
    "REFUND",
    "PRODUCT_FAULT",
    "BILLING",
    "ACCOUNT",
    "PRODUCT_ADVICE",
    "COMPLAINT",
    "OTHER",
)
LANGUAGES = ("zh", "en")

OPENINGS = {
    "zh": ("", "你好，", "请问一下，", "麻烦看一下，", "在吗？", "客服您好，"),
    "en": ("", "Hi, ", "Hello there, ", "Good day. ", "Quick question: ", "Hey, "),
}
GREETINGS = {
    "zh": ("您好，", "感谢您的耐心等待，", "亲，", "很高兴为您服务，"),
    "en": ("Hello, ", "Thanks for waiting. ", "Hi there, ", "Good to hear from you. "),
}

# cores of the customer's first message
ASKS = {
    "zh": {
        "ORDER_STATUS": (
            "我的订单{order}现在到哪一步了",
            "订单{order}发货了吗",
            "帮我查一下{order}的物流",
            "前几天买的{product}什么时候能到",
            "{order}一直显示待发货",
        ),
        "DELIVERY_LATE": (
            "订单{order}说好昨天送到，今天还没收到",
            "快递三天没动了，单号{order}",
            "我的{product}怎么还没送来，已经超时了",
            "{order}的配送晚了好几天",
            "物流一直卡在中转站，能催一下吗",
        ),
        "RETURN": (
            "我想退货，订单{order}",
            "{product}尺寸不合适，怎么退",
            "退货地址是哪里，单号{order}",
            "七天无理由退货怎么申请",
            "{order}里的东西想换一个型号",
        ),
        "REFUND": (
            "退款什么时候到账，订单{order}",
            "{order}已经退回去一周了还没退钱",
            "申请了退款一直在审核",
            "退款金额不对，{order}少退了运费",
            "钱退到哪张卡上了",
        ),
        "PRODUCT_FAULT": (
            "刚收到的{product}打不开机",
            "{product}用了两天就坏了",
            "订单{order}收到的东西有裂痕",
            "{product}一直有异响，是不是质量问题",
            "保修怎么走，{product}充不进电",
        ),
        "BILLING": (
            "我要开发票，订单{order}",
            "{order}被扣了两次款",
            "发票抬头写错了能改吗",
            "优惠券没有抵扣，{order}多收了钱",
            "账单上有一笔不认识的扣款",
        ),
        "ACCOUNT": (
            "登录不上账号，一直提示验证码错误",
            "想换绑手机号",
            "忘记密码了怎么找回",
            "会员积分不见了",
            "怎么修改收货地址和姓名",
        ),
        "PRODUCT_ADVICE": (
            "{product}有哪几种颜色",
            "想买{product}，和老款有什么区别",
            "{product}适合送老人吗",
            "这款{product}支持快充吗",
            "{product}什么时候有活动",
        ),
        "COMPLAINT": (
            "我要投诉，{order}的问题没人处理",
            "你们的服务态度太差了",
            "说了三遍还没解决，我要找你们经理",
            "{order}的事再不处理我就打12315",
            "上次那个客服直接挂我电话",
        ),
        "OTHER": (
            "你们门店几点关门",
            "想了解一下企业采购",
            "你们还招兼职吗",
            "附近有没有实体店",
            "可以上门回收旧机吗",
        ),
    },
    "en": {
        "ORDER_STATUS": (
            "where is my order {order}?",
            "has order {order} been dispatched yet?",
            "can you track {order} for me please",
            "when will the {product} I bought arrive?",
            "{order} still says processing",
        ),
        "DELIVERY_LATE": (
            "order {order} was due yesterday and nothing came",
            "tracking for {order} has not moved for three days",
            "my {product} is late, what is going on?",
            "the courier missed the slot for {order} again",
            "delivery is way overdue, can you chase it?",
        ),
        "RETURN": (
            "I would like to return order {order}",
            "the {product} does not fit, how do I send it back?",
            "where do I get a return label for {order}?",
            "am I still inside the 30 day return window?",
            "can I swap the {product} for another size?",
        ),
        "REFUND": (
            "when will I get my refund for {order}?",
            "I sent {order} back a week ago and no money yet",
            "my refund is still pending",
            "the refund for {order} is short by the postage",
            "which card did the refund go to?",
        ),
        "PRODUCT_FAULT": (
            "the {product} will not switch on",
            "my {product} stopped working after two days",
            "{order} arrived cracked",
            "the {product} makes a strange noise",
            "how does the warranty work, my {product} is broken",
        ),
        "BILLING": (
            "I need a VAT invoice for {order}",
            "I was charged twice for {order}",
            "the name on my invoice is wrong",
            "my voucher was not applied to {order}",
            "there is a payment on my statement I do not know",
        ),
        "ACCOUNT": (
            "I cannot log in, the code never arrives",
            "I want to change my phone number",
            "I forgot my password",
            "my loyalty points have vanished",
            "how do I change my address and name?",
        ),
        "PRODUCT_ADVICE": (
            "which colours does the {product} come in?",
            "how does the {product} differ from last year's?",
            "is the {product} a good present for my dad?",
            "does the {product} support fast charging?",
            "will the {product} be in the sale?",
        ),
        "COMPLAINT": (
            "I want to complain, nobody is dealing with {order}",
            "your service has been dreadful",
            "third time I ask, get me a manager",
            "sort out {order} or I go to trading standards",
            "your colleague hung up on me last time",
        ),
        "OTHER": (
            "what time does your shop close?",
            "do you sell to businesses?",
            "are you hiring at the moment?",
            "is there a store near me?",
            "do you take old devices for recycling?",
        ),
    },
}

# cores of the agent's first reply
REPLIES = {
    "zh": {
        "ORDER_STATUS": (
            "我帮您查询订单{order}的状态",
            "{order}已经出库，正在运输途中",
            "您的{product}预计两天内送达",
            "系统显示{order}正在拣货",
        ),
        "DELIVERY_LATE": (
            "非常抱歉让您久等，我马上联系快递催{order}",
            "{order}因为天气原因延误了",
            "给您带来不便很抱歉，我登记加急派送",
            "已经向承运商发起查件",
        ),
        "RETURN": (
            "退货可以在订单页提交，我发链接给您",
            "{order}在退货期内，可以免费上门取件",
            "请保持{product}包装完好后寄回",
            "我先帮您登记换货申请",
        ),
        "REFUND": (
            "退款一般三到五个工作日原路返回",
            "{order}的退款财务已经审核通过",
            "我帮您核对一下退款金额",
            "退款会回到您付款的账户",
        ),
        "PRODUCT_FAULT": (
            "很抱歉{product}出现故障，请先长按电源键十秒试试",
            "请发一张{product}的照片给我",
            "可以安排维修或者换新",
            "{order}还在保修期内",
        ),
        "BILLING": (
            "电子发票我马上给您补开",
            "我核实一下{order}的扣款记录",
            "多扣的部分会在三天内退回",
            "请提供一下发票抬头和税号",
        ),
        "ACCOUNT": (
            "我给您重新发送验证码",
            "换绑手机号需要核对身份",
            "请点击忘记密码重新设置",
            "积分明细我帮您查一下",
        ),
        "PRODUCT_ADVICE": (
            "{product}目前有三种颜色",
            "新款{product}主要升级了电池",
            "这款{product}很适合送礼",
            "{product}下周有满减活动",
        ),
        "COMPLAINT": (
            "非常抱歉给您带来不好的体验，我来跟进到底",
            "您反映的问题我已经升级给主管",
            "我理解您的心情，{order}今天内给您答复",
            "我代表公司向您道歉",
        ),
        "OTHER": (
            "门店营业到晚上九点",
            "企业采购请留下联系方式",
            "您可以在官网查看附近门店",
            "这个问题我帮您转给相关同事",
        ),
    },
    "en": {
        "ORDER_STATUS": (
            "let me look up order {order} for you.",
            "{order} has left our warehouse and is on its way.",
            "your {product} should be with you within two days.",
            "{order} is being picked right now.",
        ),
        "DELIVERY_LATE": (
            "so sorry for the delay, I am chasing the courier about {order}.",
            "{order} was held up by the weather.",
            "I have asked for priority delivery on this one.",
            "I have opened an enquiry with the carrier.",
        ),
        "RETURN": (
            "you can start the return from your orders page.",
            "{order} is inside the return window, collection is free.",
            "please keep the {product} in its box.",
            "I have booked an exchange for you.",
        ),
        "REFUND": (
            "refunds take three to five working days.",
            "the refund for {order} has been approved.",
            "let me check the amount with our finance team.",
            "it goes back to the card you paid with.",
        ),
        "PRODUCT_FAULT": (
            "sorry about the {product}, please hold the power key for ten seconds.",
            "could you send me a photo of the {product}?",
            "we can repair it or send a new one.",
            "{order} is still under warranty.",
        ),
        "BILLING": (
            "I will send the invoice again in a moment.",
            "let me check the payments on {order}.",
            "the extra charge will be returned in three days.",
            "which name and VAT number should we use?",
        ),
        "ACCOUNT": (
            "I have sent you a new code.",
            "to change the number I need to verify you first.",
            "please use the forgotten password link.",
            "let me look into your points.",
        ),
        "PRODUCT_ADVICE": (
            "the {product} comes in three colours.",
            "the new {product} has a larger battery.",
            "the {product} makes a lovely present.",
            "the {product} will be in next week's offer.",
        ),
        "COMPLAINT": (
            "I am very sorry about this, I will see it through myself.",
            "I have passed this to my team leader.",
            "I understand, you will hear about {order} today.",
            "please accept our apologies.",
        ),
        "OTHER": (
            "our shops close at nine in the evening.",
            "for business sales please leave your details.",
            "the store finder on our site shows the nearest one.",
            "let me pass this on to the right colleague.",
        ),
    },
}

# what a customer adds later: a lead and a matter, so that twenty or more arise
MORE = {
    "zh": (
        ("那", "另外", "我再确认一下，", "可是"),
        (
            "大概要等多久",
            "能不能快一点",
            "我上次也是这样说的",
            "需要我提供什么资料吗",
            "运费谁来出",
            "可以发短信通知我吗",
        ),
    ),
    "en": (
        ("And ", "But ", "One more thing, ", "To be sure, "),
        (
            "how long will that take?",
            "can it go any faster?",
            "I was told the same last time.",
            "do you need anything from me?",
            "who pays for the postage?",
            "can you text me when it is done?",
        ),
    ),
}
ANSWERS = {
    "zh": (
        ("好的，", "明白，", "请您放心，", "是这样的，"),
        (
            "我这边已经登记了",
            "预计明天会有结果",
            "系统正在查询请稍等",
            "请提供一下收件人姓名",
            "运费由我们承担",
            "处理完会短信通知您",
        ),
    ),
    "en": (
        ("Sure, ", "I see, ", "No worries, ", "Right, "),
        (
            "I have made a note of it.",
            "there should be news tomorrow.",
            "the system is still searching.",
            "may I have the name on the parcel?",
            "we will cover the postage.",
            "you will get a text once it is done.",
        ),
    ),
}
POOLS = {
    "end": {
        "zh": ("好的谢谢", "明白了，谢谢", "行吧", "辛苦了", "好，那我等消息", "OK"),
        "en": (
            "Great, thank you",
            "Okay, thanks",
            "Fine.",
            "Cheers",
            "I will wait to hear then",
            "Perfect, bye",
        ),
    },
    "fallback": {
        "zh": (
            "抱歉，我没有理解您的问题",
            "您可以换一种说法吗",
            "这个问题我还在学习",
            "暂时没有找到答案",
            "请输入更具体的问题",
            "我不太确定您的意思",
            "能再描述一下吗",
            "没有匹配到相关内容",
        ),
        "en": (
            "Sorry, I did not get that",
            "Could you put it another way?",
            "I am still learning about this",
            "I found no answer to that",
            "Please be a little more specific",
            "I am not sure what you mean",
            "Can you describe it again?",
            "Nothing matched your question",
        ),
    },
    "system": {
        "zh": ("已为您接入人工客服", "正在排队，请稍候", "会话已创建"),
        "en": ("You are now in the queue", "An agent will join soon", "Chat opened"),
    },
    "auto": {
        "zh": ("我们已收到您的来信，会在一个工作日内回复。",),
        "en": ("We have received your message and reply within one working day.",),
    },
    "note": {
        "zh": (
            "已电话联系仓库，等回复",
            "老客户，注意语气",
            "主管已知晓",
            "等财务确认",
        ),
        "en": (
            "Rang the warehouse, waiting",
            "Long-standing customer, be kind",
            "Team leader knows",
            "Waiting for finance",
        ),
    },
    "happy": {
        "zh": ("很满意", "解决得很快", "客服很耐心", "不错", "谢谢"),
        "en": ("Very quick", "Lovely agent", "All sorted", "Good", "Thanks"),
    },
    "unhappy": {
        "zh": ("等太久了", "没有解决问题", "态度一般", "太慢", "推来推去"),
        "en": ("Waited far too long", "Not solved", "Slow", "Passed around", "Poor"),
    },
}
SUBJECTS = {
    "zh": {
        "ORDER_STATUS": "订单进度咨询",
        "DELIVERY_LATE": "快递延误",
        "RETURN": "申请退货",
        "REFUND": "退款问题",
        "PRODUCT_FAULT": "商品故障",
        "BILLING": "发票与账单",
        "ACCOUNT": "账号问题",
        "PRODUCT_ADVICE": "商品咨询",
        "COMPLAINT": "投诉",
        "OTHER": "其他问题",
    },
    "en": {
        "ORDER_STATUS": "Where is my order",
        "DELIVERY_LATE": "Late delivery",
        "RETURN": "Return request",
        "REFUND": "Refund",
        "PRODUCT_FAULT": "Faulty item",
        "BILLING": "Invoice and payment",
        "ACCOUNT": "Account problem",
        "PRODUCT_ADVICE": "Product question",
        "COMPLAINT": "Complaint",
        "OTHER": "General enquiry",
    },
}
PRODUCTS = {
    "zh": ("蓝牙耳机", "充电宝", "扫地机器人", "电饭煲", "羽绒服", "跑步鞋", "台灯"),
    "en": ("headphones", "power bank", "robot vacuum", "rice cooker", "down jacket"),
}
KINDS = (
    "ask",
    "reply",
    "more",
    "answer",
    "end",
    "fallback",
    "system",
    "auto",
    "note",
    "happy",
    "unhappy",
    "bot",
    "subject",
    "reason",
)


def pool(kind: str, language: str, topic: str) -> list[str]:
    """Return every phrasing of one kind, language and topic, slots unfilled."""
    if kind == "ask":
        parts = product(OPENINGS[language], ASKS[language][topic])
        return [lead + core for lead, core in parts]
    if kind == "reply":
        parts = product(GREETINGS[language], REPLIES[language][topic])
        return [lead + core for lead, core in parts]
    if kind in ("more", "answer"):
        leads, cores = (MORE if kind == "more" else ANSWERS)[language]
        return [lead + core for lead, core in product(leads, cores)]
    if kind == "bot":
        lead = "【智能助手】" if language == "zh" else "Assistant: "
        tails = (
            ("。", "，还有其他问题吗", "，以上信息对您有帮助吗", "，回复人工可转接")
            if language == "zh"
            else ("", " Anything else?", " Did that help?", " Type AGENT for a person.")
        )
        return [lead + a + b for a, b in product(REPLIES[language][topic], tails)]
    if kind == "subject":
        subject = SUBJECTS[language][topic]
        return [subject, subject + " {order}", "Re: " + subject]
    if kind == "reason":
        return list(ASKS[language][topic])
    return list(POOLS[kind][language])


class Phrasebook:
    """All pools in one flat array, so that text is drawn by indexing."""

    def __init__(self) -> None:
        """Lay out the pools of every kind, language and topic."""
        flat: list[str] = []
        shape = (len(KINDS), len(LANGUAGES), len(TOPICS))
        self.start = np.zeros(shape, np.int64)
        self.count = np.zeros(shape, np.int64)
        for place in np.ndindex(shape):
            kind, language, topic = place
            phrases = pool(KINDS[kind], LANGUAGES[language], TOPICS[topic])
            self.start[place], self.count[place] = len(flat), len(phrases)
            flat.extend(phrases)
        self.flat = np.array(flat, dtype=object)

    def say(
        self,
        kind: np.ndarray,
        language: np.ndarray,
        topic: np.ndarray,
        pick: np.ndarray,
        order: np.ndarray,
    ) -> np.ndarray:
        """Return one text each; `pick` turns round in the pool, slots are filled."""
        start = self.start[kind, language, topic]
        phrases = self.flat[start + pick % self.count[kind, language, topic]]
        goods = [PRODUCTS[name] for name in LANGUAGES]
        filled = [
            phrase
            if "{" not in phrase
            else phrase.replace("{order}", number).replace(
                "{product}", goods[lang][turn % len(goods[lang])]
            )
            for phrase, number, lang, turn in zip(
                phrases.tolist(),
                order.tolist(),
                language.tolist(),
                pick.tolist(),
                strict=True,
            )
        ]
        return objects(filled)


def objects(values: list) -> np.ndarray:
    """Return a one-dimensional object array of the values."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
