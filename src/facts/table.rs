//! The one mechanism behind the tables: a row becomes a typed constant and a line of the list.

/// Where something was read, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    pub(super) text: &'static str,
    pub(super) read: &'static str,
}

/// A source that was read on the day these tables were written.
pub(super) const fn read(text: &'static str) -> Source {
    Source { text, read: "2026-11-20" }
}

/// A page that carries a date of its own.
pub(super) const fn dated(text: &'static str, read: &'static str) -> Source {
    Source { text, read }
}

/// Every number that is chosen or derived here, and not read anywhere.
pub(super) const OWN: Source = read("chosen for this simulator; no published figure");

/// `SQS.VISIBILITY_TIMEOUT` in lower case, at compile time, so that a fact's name cannot differ from its constant's.
pub(super) const fn lower<const N: usize>(text: &str) -> [u8; N] {
    let bytes = text.as_bytes();
    assert!(bytes.len() == N, "the array is as long as the text");
    let mut out = [0; N];
    let mut i = 0;
    while i < N {
        out[i] = bytes[i].to_ascii_lowercase();
        i += 1;
    }
    out
}

/// Declares the facts of one service.
///
/// Each row reads `NAME: Type = value, Class, Sure, SOURCE, "what it is", "note";` and gives the constant `NAME`, whose
/// fact is called `service.name`, and a place in `rows()`, in the order of writing.
macro_rules! facts {
    ($service:literal;
     $($name:ident: $type:ty = $value:expr, $class:ident, $sure:ident, $source:expr,
       $what:literal, $note:literal;)+) => {
        $(
            #[doc = $what]
            #[doc = ""]
            #[doc = $note]
            #[allow(clippy::doc_markdown, reason = "the same text is shown in a terminal, without backticks")]
            pub const $name: $crate::facts::Fact<$type> = $crate::facts::Fact {
                name: {
                    const TEXT: &str = concat!($service, ".", stringify!($name));
                    const LOWER: [u8; TEXT.len()] = $crate::facts::table::lower(TEXT);
                    match std::str::from_utf8(&LOWER) {
                        Ok(name) => name,
                        Err(_) => panic!("a Rust identifier in lower case is valid text"),
                    }
                },
                value: $value,
                class: $crate::facts::Class::$class,
                what: $what,
                source: $source.text,
                read: $source.read,
                sure: $crate::facts::Sure::$sure,
                note: $note,
            };
        )+

        /// Every fact of this table, in the order of writing.
        pub(in crate::facts) fn rows() -> Vec<$crate::facts::FactRow> {
            vec![$($name.row()),+]
        }
    };
}

pub(super) use facts;
