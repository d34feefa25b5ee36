//! The one list of reasons: why something was refused, hinted at, sent to review or failed; and what is said about it.
//!
//! Words are for people of eighty: what is the matter, without blame and without jargon, and what to do now. Chinese
//! (`words_zh`) comes first; English (`words_en`) is a text of its own, not a translation word by word.

mod codes;
mod language;
mod words_en;
mod words_zh;

pub use codes::ReasonCode;
pub use language::Language;

/// What sort of thing a reason is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReasonKind {
    /// Something typed needs another look.
    Form,
    /// Said during capture; waiting costs nothing.
    Hint,
    /// The attempt or call was refused.
    Refusal,
    /// A person will look at it.
    Review,
    /// The phone or computer needs something.
    Device,
    /// Try again later; nothing is lost.
    Wait,
    /// A program spoke wrongly to another; people should never see it.
    Fault,
}

/// A sentence and the next step, in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// What is the matter.
    pub sentence: &'static str,
    /// What to do now.
    pub next_step: &'static str,
}

impl ReasonCode {
    /// What is said about it.
    pub fn words(self, language: Language) -> Words {
        match language {
            Language::Zh => words_zh::words(self),
            Language::En => words_en::words(self),
        }
    }

    /// The code with this text form.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }
}

impl std::fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for ReasonCode {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_stable_texts() {
        let codes: BTreeSet<_> = ReasonCode::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), ReasonCode::ALL.len());
        for reason in ReasonCode::ALL {
            assert_eq!(ReasonCode::from_code(reason.code()), Some(*reason));
            assert_eq!(serde_json::to_value(reason).expect("serialises"), reason.code());
            let (group, name) = reason.code().split_once('.').expect("group and name");
            assert!(
                [group, name].iter().all(|part| part.chars().all(|c| c.is_ascii_lowercase() || c == '_')),
                "{reason}"
            );
        }
    }

    #[test]
    fn every_reason_has_a_short_sentence_and_a_step_to_take() {
        for reason in ReasonCode::ALL {
            let zh = reason.words(Language::Zh);
            let en = reason.words(Language::En);
            for text in [zh.sentence, zh.next_step] {
                assert!(text.ends_with('。') && (6..=50).contains(&text.chars().count()), "{reason}: {text}");
            }
            for text in [en.sentence, en.next_step] {
                assert!(text.ends_with('.') && (10..=170).contains(&text.len()), "{reason}: {text}");
                assert!(text.starts_with(char::is_uppercase), "{reason}: {text}");
            }
            assert_ne!(zh.sentence, zh.next_step);
        }
    }

    #[test]
    fn hints_are_short_enough_to_be_read_at_a_glance() {
        for reason in ReasonCode::ALL.iter().filter(|reason| reason.kind() == ReasonKind::Hint) {
            assert!(reason.words(Language::Zh).next_step.chars().count() <= 20, "{reason}");
            assert!(reason.words(Language::En).next_step.len() <= 70, "{reason}");
        }
    }

    #[test]
    fn the_words_blame_nobody_and_name_no_machinery() {
        let banned_zh =
            ["您错", "错误", "失败", "非法", "违规", "欺诈", "作弊", "参数", "服务器", "令牌", "哈希", "签名", "异常"];
        let banned_en = [
            "error",
            "fail",
            "invalid",
            "illegal",
            "fraud",
            "cheat",
            "token",
            "hash",
            "server",
            "parameter",
            "you must",
        ];
        for reason in ReasonCode::ALL {
            let (zh, en) = (reason.words(Language::Zh), reason.words(Language::En));
            for word in banned_zh {
                assert!(!zh.sentence.contains(word) && !zh.next_step.contains(word), "{reason}: {word}");
            }
            for word in banned_en {
                let text = format!("{} {}", en.sentence, en.next_step).to_lowercase();
                assert!(!text.contains(word), "{reason}: {word}");
            }
        }
    }

    #[test]
    fn one_refusal_for_any_wrong_fact_names_all_four() {
        let words = ReasonCode::IdentityNotConfirmed.words(Language::Zh);
        for fact in ["姓名", "身份证号", "参保地", "居住地"] {
            assert!(words.next_step.contains(fact), "{fact}");
        }
    }
}
