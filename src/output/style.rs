//! Emphasis on a terminal.

/// Whether text may carry ANSI colours. The caller decides, from whether the stream is a terminal, `NO_COLOR` and the
/// command line; nothing here looks at the environment. Words never depend on colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Bare text.
    #[default]
    Plain,
    /// Text with ANSI escape sequences.
    Ansi,
}

/// What a piece of text is, for emphasis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Normal,
    /// A heading.
    Strong,
    /// Said for completeness.
    Quiet,
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Worth a look.
    Warning,
}

impl Style {
    /// The text in its tone.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Normal => return text.into(),
            _ if self == Self::Plain || text.trim().is_empty() => return text.into(),
            Tone::Strong => "1",
            Tone::Quiet => "2",
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Warning => "33",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_has_no_escape_sequence() {
        assert_eq!(Style::Plain.paint(Tone::Bad, "lost"), "lost");
        assert_eq!(Style::Ansi.paint(Tone::Bad, "lost"), "\u{1b}[31mlost\u{1b}[0m");
        assert_eq!(Style::Ansi.paint(Tone::Strong, "  "), "  ");
    }
}
