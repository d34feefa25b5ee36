//! The words of messages, in Chinese and English. They name nobody: a message may be read by whoever holds the phone.

use jianzai_wire::Language;
use time::Date;

/// The words of a template; `day` is the day that they name. A template that is not known says the least there is to say.
pub fn text(template: &str, day: Option<Date>, language: Language) -> String {
    let (with_day, without) = words(template, language);
    match day {
        Some(day) => with_day.replace("{day}", &written(day, language)),
        None => without.to_owned(),
    }
}

fn written(day: Date, language: Language) -> String {
    let (year, month, day) = (day.year(), u8::from(day.month()), day.day());
    match language {
        Language::Zh => format!("{year}年{month}月{day}日"),
        Language::En => format!("{year}-{month:02}-{day:02}"),
    }
}

fn words(template: &str, language: Language) -> (&'static str, &'static str) {
    match (template, language) {
        ("visit", Language::Zh) => (
            "请上门看望一位还没有办认证的老人，{day}前本该办好。姓名和地址请到系统里查看。",
            "请上门看望一位还没有办认证的老人。姓名和地址请到系统里查看。",
        ),
        ("visit", Language::En) => (
            "Please visit an elder who has not certified yet; it was due by {day}. Name and address are in the system.",
            "Please visit an elder who has not certified yet. Name and address are in the system.",
        ),
        ("stops", Language::Zh) => (
            "重要通知：养老待遇资格认证还没有办，{day}起会先停发。办好马上恢复，停发的钱会补给您。需要帮忙请打参保地社保电话。",
            "重要通知：养老待遇资格认证还没有办，再不办会先停发。需要帮忙请打参保地社保电话。",
        ),
        ("stops", Language::En) => (
            "Important: the pension has not been certified, and will be held back from {day}. Once certified it goes on, and what was held back is paid. For help, phone the social security office.",
            "Important: the pension has not been certified and will be held back. For help, phone the social security office.",
        ),
        ("stopped", Language::Zh) => (
            "重要通知：因为没有办资格认证，养老待遇从{day}起停发。现在办好就恢复，停发的钱会补给您；有不同意见可以申诉。",
            "重要通知：因为没有办资格认证，养老待遇已经停发。现在办好就恢复，停发的钱会补给您；有不同意见可以申诉。",
        ),
        ("stopped", Language::En) => (
            "Important: the pension is held back from {day}, as it was not certified. Certify now and it goes on, and what was held back is paid. You may appeal.",
            "Important: the pension is held back, as it was not certified. Certify now and it goes on. You may appeal.",
        ),
        ("overdue", Language::Zh) => (
            "养老待遇资格认证{day}就到期了，还没有办。请尽快用手机办，或者请家人、社区帮忙；办不了可以请人上门。",
            "养老待遇资格认证到期了，还没有办。请尽快办，或者请家人、社区帮忙。",
        ),
        ("overdue", Language::En) => (
            "The pension was to be certified by {day} and has not been. Please do so soon by phone, or ask family or community for help; somebody can also come to the home.",
            "The pension is still to be certified. Please do so soon, or ask family or community for help.",
        ),
        ("new_device", Language::Zh) => (
            "{day}有一部没有用过的手机为您办了养老资格认证。如果不是您或家人办的，请打参保地社保电话。",
            "有一部没有用过的手机为您办了养老资格认证。如果不是您或家人办的，请打参保地社保电话。",
        ),
        ("new_device", Language::En) => (
            "On {day} a phone that was not used before certified your pension. If it was neither you nor your family, phone the social security office.",
            "A phone that was not used before certified your pension. If it was neither you nor your family, phone the social security office.",
        ),
        ("review_certified", Language::Zh) => {
            ("工作人员已经看过您的认证，{day}办好了，不用再办。", "工作人员已经看过您的认证，办好了，不用再办。")
        }
        ("review_certified", Language::En) => (
            "A colleague looked at your certification; on {day} it was completed. Nothing more is to be done.",
            "A colleague looked at your certification; it is completed. Nothing more is to be done.",
        ),
        ("review_refused", Language::Zh) => (
            "您这次的认证还没有通过，待遇没有变。请再办一次，或者请家人、社区帮忙；不同意的话可以申诉。",
            "您这次的认证还没有通过，待遇没有变。请再办一次，或者请家人、社区帮忙；不同意的话可以申诉。",
        ),
        ("review_refused", Language::En) => (
            "Your certification could not be confirmed; nothing else has changed. Please try again or ask family or community for help. You may appeal.",
            "Your certification could not be confirmed; nothing else has changed. Please try again or ask family or community for help. You may appeal.",
        ),
        ("appeal_upheld", Language::Zh) => {
            ("您的申诉{day}已经有结果：您说得对。该补的会补给您。", "您的申诉已经有结果：您说得对。该补的会补给您。")
        }
        ("appeal_upheld", Language::En) => (
            "Your appeal was decided on {day}: you were right. What is owed will be paid.",
            "Your appeal was decided: you were right. What is owed will be paid.",
        ),
        ("appeal_dismissed", Language::Zh) => (
            "您的申诉{day}已经有结果：这次没有改变原来的决定。请尽快办认证；要当面说明，请到参保地社保窗口。",
            "您的申诉已经有结果：这次没有改变原来的决定。请尽快办认证；要当面说明，请到参保地社保窗口。",
        ),
        ("appeal_dismissed", Language::En) => (
            "Your appeal was decided on {day}; the earlier decision stays. Please certify soon, or talk to the social security office in person.",
            "Your appeal was decided; the earlier decision stays. Please certify soon, or talk to the social security office in person.",
        ),
        ("death_recorded", Language::Zh) => (
            "重要通知：{day}社保登记里记下领取待遇的人已经去世，养老待遇随之停发。如果人还健在，请马上打参保地社保电话。",
            "重要通知：社保登记里记下领取待遇的人已经去世，养老待遇随之停发。如果人还健在，请马上打参保地社保电话。",
        ),
        ("death_recorded", Language::En) => (
            "Important: on {day} a death was recorded of the person who draws this pension, and payment ends. If that is wrong, phone the social security office at once.",
            "Important: a death was recorded of the person who draws this pension, and payment ends. If that is wrong, phone the social security office at once.",
        ),
        ("call_soon", Language::Zh) => (
            "提醒：您约的视频认证在{day}。请把身份证放在手边，等工作人员打来。",
            "提醒：您约的视频认证快到了。请把身份证放在手边，等工作人员打来。",
        ),
        ("call_soon", Language::En) => (
            "A reminder: your video call is on {day}. Please have the ID card at hand and wait for the call.",
            "A reminder: your video call is soon. Please have the ID card at hand and wait for the call.",
        ),
        ("call_booked", Language::Zh) => (
            "您约的视频认证在{day}。请把身份证放在手边，等工作人员打来。",
            "您约好了视频认证。请把身份证放在手边，等工作人员打来。",
        ),
        ("call_booked", Language::En) => (
            "Your video call is on {day}. Please have the ID card at hand and wait for the call.",
            "Your video call is booked. Please have the ID card at hand and wait for the call.",
        ),
        (_, Language::Zh) => (
            "养老待遇资格认证可以办了，请在{day}前办好。用手机几分钟就行，家人也可以帮忙。",
            "养老待遇资格认证可以办了。用手机几分钟就行，家人也可以帮忙。",
        ),
        (_, Language::En) => (
            "It is time to certify the pension; please do so by {day}. By phone it takes minutes, and family may help.",
            "It is time to certify the pension. By phone it takes minutes, and family may help.",
        ),
    }
}
