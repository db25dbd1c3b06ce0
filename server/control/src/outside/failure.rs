//! Why a call to the outside did not bring what was asked for.

use std::fmt;

/// Longest part of an answer that is kept, in bytes.
const RAW: usize = 4_096;
/// Longest words for people, in characters.
const WORDS: usize = 2_000;

/// What sort of failure: decides whether a second try can help and whether the call may have had its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The caller has no right to this call.
    Denied,
    /// What was asked about does not exist.
    Missing,
    /// The other side understood and said no.
    Refused,
    /// The other side has too much to do, or failed by its own account.
    Busy,
    /// No answer, or none in time. A call with an effect may have had it.
    NoAnswer,
    /// An answer that cannot be read: an HTML page, half a body. A call with an effect may have had it.
    Unreadable,
}

/// A failed call, in words for people. Printed without what was answered, which may hold secrets.
#[derive(Clone)]
pub struct Failure {
    pub kind: FailureKind,
    /// One or two sentences: who, which role, which call, which resource, as far as each is known.
    pub words: String,
    /// The call, as its service names it.
    pub call: String,
    /// The id under which the other side keeps the call.
    pub request_id: Option<String>,
    /// What was answered, cut to its beginning. For the process' own log, never for a page.
    pub raw: Option<String>,
}

impl Failure {
    pub fn new(kind: FailureKind, call: impl Into<String>, words: impl Into<String>) -> Self {
        Self {
            kind,
            words: presentable(words.into()),
            call: call.into(),
            request_id: None,
            raw: None,
        }
    }

    #[must_use]
    pub fn with_raw(mut self, raw: &[u8]) -> Self {
        self.raw = Some(String::from_utf8_lossy(&raw[..raw.len().min(RAW)]).into_owned());
        self
    }

    #[must_use]
    pub fn with_request_id(mut self, id: Option<&str>) -> Self {
        self.request_id = id.map(str::to_owned);
        self
    }

    /// The same failure in other words, where the other side said no.
    #[must_use]
    pub(crate) fn map_words(mut self, change: impl FnOnce(String) -> String) -> Self {
        if self.kind == FailureKind::Denied {
            self.words = presentable(change(self.words));
        }
        self
    }

    /// Whether the same call could succeed a little later.
    pub fn is_retriable(&self) -> bool {
        match self.kind {
            FailureKind::Denied | FailureKind::Missing | FailureKind::Refused => false,
            FailureKind::Busy | FailureKind::NoAnswer | FailureKind::Unreadable => true,
        }
    }
}

/// Words that may repeat what the outside said, fit to be kept and shown: Postgres takes no NUL, and nobody
/// reads a page of them. Lines stay.
pub(crate) fn presentable(words: String) -> String {
    let odd = |c: char| c.is_control() && c != '\n';
    // A character has at least one byte.
    if words.len() <= WORDS && !words.contains(odd) {
        return words;
    }
    let mut shown: String = words
        .chars()
        .take(WORDS)
        .map(|c| if odd(c) { '\u{fffd}' } else { c })
        .collect();
    if words.chars().nth(WORDS).is_some() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("kind", &self.kind)
            .field("words", &self.words)
            .field("call", &self.call)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_and_can_be_kept() {
        let words = format!("a\0b\nc\u{1b}[31m{}", "ä".repeat(2 * WORDS));
        let failure = Failure::new(FailureKind::Refused, "x", words);
        let said = failure.words;
        assert!(said.starts_with("a\u{fffd}b\nc\u{fffd}[31mä"), "{said}");
        assert_eq!(
            (said.chars().count(), said.ends_with('…')),
            (WORDS + 1, true)
        );
        let whole = "ä".repeat(WORDS);
        assert_eq!(presentable(whole.clone()), whole);
    }

    #[test]
    fn what_was_answered_is_not_printed() {
        let failure = Failure::new(FailureKind::Unreadable, "x", "y").with_raw(b"a-secret");
        let printed = format!("{failure} {failure:?} {failure:#?}");
        assert!(!printed.contains("a-secret"), "{printed}");
    }

    #[test]
    fn a_long_answer_is_cut_and_bytes_that_are_no_text_do_not_hurt() {
        let failure = Failure::new(FailureKind::Unreadable, "x", "y").with_raw(&[0xff; 3 * RAW]);
        assert_eq!(failure.raw.expect("kept").chars().count(), RAW);
    }
}
