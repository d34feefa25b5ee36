//! Words that stand for themselves in policies, records and rows.

/// A closed list of words, each with its stable name.
pub trait Named: Copy + Sized + 'static {
    /// Every word, in a fixed order.
    const ALL: &'static [Self];

    /// The stable name, as written in policies and rows.
    fn name(self) -> &'static str;

    /// The word with this name.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.name() == name)
    }
}

/// Makes an enum whose variants have stable names.
macro_rules! words {
    ($(#[$about:meta])* $vis:vis $list:ident { $($(#[$doc:meta])* $word:ident = $name:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $list { $($(#[$doc])* $word,)+ }

        impl $crate::year::names::Named for $list {
            const ALL: &'static [Self] = &[$(Self::$word,)+];

            fn name(self) -> &'static str {
                match self { $(Self::$word => $name,)+ }
            }
        }
    };
}
pub(crate) use words;

impl Named for jianzai_wire::Action {
    const ALL: &'static [Self] = &Self::ALL;

    fn name(self) -> &'static str {
        Self::name(self)
    }
}
