use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A language that the project speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl Language {
    /// The language wanted most by an `Accept-Language` header (RFC 9110, weights included). Chinese where the header names
    /// neither language or can't be read.
    pub fn from_accept(header: &str) -> Self {
        let mut best = (Self::Zh, 0.0);
        for part in header.split(',') {
            let mut fields = part.split(';').map(str::trim);
            let tag = fields.next().unwrap_or_default().to_ascii_lowercase();
            let weight =
                fields.find_map(|field| field.strip_prefix("q=")).map_or(Some(1.0_f32), |q| q.trim().parse().ok());
            let language = match tag.split('-').next() {
                Some("zh" | "*") => Self::Zh,
                Some("en") => Self::En,
                _ => continue,
            };
            // Equal weights: the first named wins.
            if let Some(weight) = weight.filter(|weight| (0.0..=1.0).contains(weight) && *weight > best.1) {
                best = (language, weight);
            }
        }
        best.0
    }

    /// The tag for `Content-Language` and `lang`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_decides() {
        let cases = [
            ("", Language::Zh),
            ("en", Language::En),
            ("en-GB,en;q=0.9", Language::En),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Zh),
            ("fr, en;q=0.5", Language::En),
            ("en;q=0.4, zh-Hant;q=0.7", Language::Zh),
            ("zh;q=0, en;q=0.1", Language::En),
            ("en, zh", Language::En),
            ("*", Language::Zh),
            ("de", Language::Zh),
            ("en;q=NaN", Language::Zh),
            ("en;q=2", Language::Zh),
            (";;q=,,=é", Language::Zh),
        ];
        for (header, language) in cases {
            assert_eq!(Language::from_accept(header), language, "{header}");
        }
    }
}
