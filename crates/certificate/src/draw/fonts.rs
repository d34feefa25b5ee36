use std::sync::Arc;

use resvg::usvg::fontdb::{Database, Family, ID, Query, Weight};
use resvg::usvg::{FontResolver, Options};

use super::DrawError;

/// Book faces, the best first: Debian, macOS, Windows.
const SERIF: [&str; 5] = ["Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", "STSong", "SimSun"];
/// Faces without serifs; also where there is no book face.
const SANS: [&str; 7] = [
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
];
/// For characters that the faces above lack (names hold rare ones); before anything else that is installed.
const RARE: [&str; 8] = [
    "BabelStone Han",
    "Plangothic P1",
    "HanaMinA",
    "HanaMinB",
    "TW-Sung-Ext-B",
    "SimSun-ExtB",
    "Songti TC",
    "Microsoft JhengHei",
];

/// The fonts of this machine, looked through once: loading takes a part of a second, so keep one and share it.
#[derive(Clone)]
pub struct Fonts {
    database: Arc<Database>,
    /// Family of headings, names and dates.
    pub(super) serif: &'static str,
    /// Family of everything else.
    pub(super) sans: &'static str,
}

impl Fonts {
    /// Looks through the system's fonts. Error: [`DrawError::NoCjkFont`].
    pub fn load() -> Result<Self, DrawError> {
        let mut database = Database::new();
        database.load_system_fonts();
        Self::choose(database)
    }

    fn choose(database: Database) -> Result<Self, DrawError> {
        let first = |families: &[&'static str]| {
            families.iter().copied().find(|family| face(&database, family).is_some_and(|id| has(&database, id, '健')))
        };
        let sans = first(&SANS).or_else(|| first(&SERIF)).ok_or(DrawError::NoCjkFont)?;
        let serif = first(&SERIF).unwrap_or(sans);
        Ok(Self { database: Arc::new(database), serif, sans })
    }

    pub(super) fn options(&self) -> Options<'static> {
        Options {
            fontdb: Arc::clone(&self.database),
            font_family: self.sans.to_owned(),
            languages: vec!["zh-CN".to_owned()],
            font_resolver: FontResolver {
                select_font: FontResolver::default_font_selector(),
                select_fallback: Box::new(|c, tried, database| fallback(c, tried, database)),
            },
            ..Options::default()
        }
    }
}

/// The first face that has the character: known families in order, then whatever is installed.
fn fallback(c: char, tried: &[ID], database: &Database) -> Option<ID> {
    let known = SERIF.iter().chain(&SANS).chain(&RARE).filter_map(|family| face(database, family));
    let others = database.faces().map(|face| face.id);
    known.chain(others).filter(|id| !tried.contains(id)).find(|id| has(database, *id, c))
}

fn face(database: &Database, family: &str) -> Option<ID> {
    database.query(&Query { families: &[Family::Name(family)], weight: Weight::NORMAL, ..Query::default() })
}

fn has(database: &Database, id: ID, c: char) -> bool {
    let glyph = database.with_face_data(id, |data, index| ttf_parser::Face::parse(data, index).ok()?.glyph_index(c));
    glyph.flatten().is_some_and(|glyph| glyph.0 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_cjk_font_the_remedy_is_named() {
        let error = Fonts::choose(Database::new()).err().expect("no fonts");
        assert_eq!(error.to_string(), "certificate drawing needs a CJK font: install fonts-noto-cjk");
    }
}
