//! A finding, said so that a clerk and the person it is about understand it.

use jianzai_wire::Language;
use time::Date;

use super::evaluate::{Finding, Ground, Outcome, Trace};
use super::rules::Rules;

impl Finding {
    /// The explanation. It holds kinds and days, and nothing that names the person.
    pub fn explain(&self, rules: &Rules, language: Language) -> String {
        let grounds: Vec<_> = self.grounds.iter().map(|ground| ground.say(rules, language)).collect();
        match language {
            Language::Zh => format!("{}：{}。（规则第 {} 版）", self.headline_zh(), grounds.join("；"), self.rules),
            Language::En => format!("{}: {}. (Rules, version {})", self.headline_en(), grounds.join("; "), self.rules),
        }
    }

    fn headline_zh(&self) -> String {
        match (self.outcome, self.proof) {
            (Outcome::Confirmed, Some(day)) => format!("{} 健在", iso(day)),
            (Outcome::Confirmed, None) => "健在".into(),
            (Outcome::NotConfirmed, _) => "数据不够，请用别的方式认证".into(),
            (Outcome::Flagged, _) => "数据有出入，请工作人员核实".into(),
            (Outcome::SuspectedDead, _) => "疑似去世，请工作人员核实".into(),
        }
    }

    fn headline_en(&self) -> String {
        match (self.outcome, self.proof) {
            (Outcome::Confirmed, Some(day)) => format!("Alive on {}", iso(day)),
            (Outcome::Confirmed, None) => "Alive".into(),
            (Outcome::NotConfirmed, _) => "Too little is known, another way of certifying follows".into(),
            (Outcome::Flagged, _) => "Something does not fit, a clerk looks".into(),
            (Outcome::SuspectedDead, _) => "A death was reported, a clerk decides".into(),
        }
    }
}

impl Ground {
    fn say(&self, rules: &Rules, language: Language) -> String {
        let trace = |Trace { day, kind }: &Trace| match language {
            Language::Zh => format!("{} {}", iso(*day), rules.say(kind, language)),
            Language::En => format!("{} on {}", rules.say(kind, language), iso(*day)),
        };
        match (language, self) {
            (Language::Zh, Self::Strong(strong)) => format!("{}（单独有效）", trace(strong)),
            (Language::En, Self::Strong(strong)) => format!("{} (counts alone)", trace(strong)),
            (Language::Zh, Self::Together { since, points, needed }) => {
                format!("{} 以来的记录合计 {points} 分（需要 {needed} 分）", iso(*since))
            }
            (Language::En, Self::Together { since, points, needed }) => {
                format!("traces since {} come to {points} points ({needed} are needed)", iso(*since))
            }
            (Language::Zh, Self::TooLittle { points, needed }) => format!("记录合计 {points} 分（需要 {needed} 分）"),
            (Language::En, Self::TooLittle { points, needed }) => {
                format!("traces come to {points} points ({needed} are needed)")
            }
            (_, Self::Death(death)) => trace(death),
            (Language::Zh, Self::StatedAlive(day)) => format!("{} 户籍记载健在（单独有效）", iso(*day)),
            (Language::En, Self::StatedAlive(day)) => {
                format!("the household register of {} states life (counts alone)", iso(*day))
            }
            (Language::Zh, Self::StatedDead(day)) => format!("{} 户籍记载已去世", iso(*day)),
            (Language::En, Self::StatedDead(day)) => format!("the household register of {} states a death", iso(*day)),
            (Language::Zh, Self::StatedOtherwise(day)) => format!("{} 户籍状态不正常", iso(*day)),
            (Language::En, Self::StatedOtherwise(day)) => {
                format!("the household register of {} states neither life nor death", iso(*day))
            }
            (Language::Zh, Self::NotInRegister(day)) => format!("{} 户籍中没有找到", iso(*day)),
            (Language::En, Self::NotInRegister(day)) => {
                format!("the household register of {} does not know the person", iso(*day))
            }
            (Language::Zh, Self::AfterDeath(after)) => format!("之后又有{}", trace(after)),
            (Language::En, Self::AfterDeath(after)) => format!("after that, {}", trace(after)),
        }
    }
}

fn iso(day: Date) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day())
}
