use jianzai_wire::Language;

/// The language that the system asks for; Chinese unless it says English.
pub fn system_language() -> Language {
    let asked = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().filter_map(|name| std::env::var(name).ok());
    language_of(asked)
}

fn language_of(mut asked: impl Iterator<Item = String>) -> Language {
    match asked.find(|value| !value.is_empty()) {
        Some(tag) if tag.to_ascii_lowercase().starts_with("en") => Language::En,
        _ => Language::Zh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_says_something_decides_and_chinese_is_the_rule() {
        let of = |tags: &[&str]| language_of(tags.iter().map(|tag| (*tag).to_owned()));
        assert_eq!(of(&["", "en_GB.UTF-8", "zh_CN"]), Language::En);
        assert_eq!(of(&["zh_CN.UTF-8", "en_US"]), Language::Zh);
        assert_eq!(of(&["C"]), Language::Zh);
        assert_eq!(of(&[]), Language::Zh);
    }
}
