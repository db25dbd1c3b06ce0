//! The console log of one build: raw bytes as on disk, with the hidden console notes that make `X-Text-Size` differ from
//! the length of what was sent.

/// A running build's answer stops after this many lines.
const LINES_PER_ANSWER: usize = 10_000;
const NOTE_START: &[u8] = b"\x1b[8mha:";
const NOTE_END: &[u8] = b"\x1b[0m";

/// The raw log.
#[derive(Debug, Default, Clone)]
pub struct Log {
    raw: Vec<u8>,
    complete: bool,
}

/// One answer to a progressive read.
#[derive(Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The text without console notes, lines ended by LF.
    pub text: Vec<u8>,
    /// Where the read began, after the rule that a start beyond the end begins anew.
    pub start: usize,
    /// What `X-Text-Size` says: the next `start`.
    pub next: usize,
    /// What `X-More-Data` says.
    pub more: bool,
}

impl Log {
    /// Appends one line; the line break is added.
    pub fn line(&mut self, text: &str) {
        self.raw.extend_from_slice(text.as_bytes());
        self.raw.push(b'\n');
    }

    /// Appends without a line break: an unfinished line.
    pub fn fragment(&mut self, text: &[u8]) {
        self.raw.extend_from_slice(text);
    }

    /// Nothing will be appended any more.
    pub fn complete(&mut self) {
        self.complete = true;
    }

    /// Reads from `start`. `lossy` is how cores from spring 2025 behave: the size is that of the file although less was sent.
    pub fn read(&self, start: i64, lossy: bool) -> Chunk {
        let length = self.raw.len();
        let start = match usize::try_from(start) {
            Ok(start) if start <= length => start,
            Ok(_) => 0,
            Err(_) => {
                length.saturating_sub(usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX))
            }
        };
        let rest = self.raw.get(start..).unwrap_or_default();
        let sent = if self.complete {
            rest.len()
        } else {
            whole_lines(rest)
        };
        let next = if lossy { length } else { start + sent };
        Chunk {
            text: without_notes(rest.get(..sent).unwrap_or_default()),
            start,
            next,
            more: !self.complete,
        }
    }

    /// The whole text without console notes, as `consoleText` gives it.
    pub fn text(&self) -> Vec<u8> {
        without_notes(&self.raw)
    }
}

/// What a running build sends: whole lines only, and no more than the limit.
fn whole_lines(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .take(LINES_PER_ANSWER)
        .last()
        .map_or(0, |(index, _)| index + 1)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

/// Strips `ESC[8mha:…ESC[0m`.
fn without_notes(mut raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    while let Some(begin) = find(raw, NOTE_START) {
        let (before, note) = raw.split_at(begin);
        text.extend_from_slice(before);
        let Some(end) = find(note, NOTE_END) else {
            return text;
        };
        raw = note.get(end + NOTE_END.len()..).unwrap_or_default();
    }
    text.extend_from_slice(raw);
    text
}

/// A console note that Jenkins hides around a user's name.
pub(crate) fn note(payload: &str) -> String {
    format!("\x1b[8mha:////{payload}\x1b[0m")
}

/// Line ends as `progressiveText` writes them.
pub(crate) fn crlf(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32);
    let mut before = 0;
    for byte in text {
        if *byte == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(*byte);
        before = *byte;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_counts_the_raw_log_and_text_does_not_show_notes() {
        let mut log = Log::default();
        log.line(&format!("Started by {}portolan", note("abc==")));
        let chunk = log.read(0, false);
        assert_eq!(chunk.text, b"Started by portolan\n");
        assert!(chunk.next > chunk.text.len());
        assert_eq!(
            log.read(i64::try_from(chunk.next).unwrap_or_default(), false)
                .text,
            b""
        );
        assert_eq!(
            log.read(999_999, false).text,
            b"Started by portolan\n",
            "beyond the end begins anew"
        );
    }

    #[test]
    fn lossy_cores_announce_more_than_they_send() {
        let mut log = Log::default();
        for n in 0..10_500 {
            log.line(&n.to_string());
        }
        log.fragment(b"unfinished");
        let (lossy, honest) = (log.read(0, true), log.read(0, false));
        assert_eq!(lossy.text, honest.text);
        assert_eq!(
            String::from_utf8_lossy(&lossy.text).lines().count(),
            LINES_PER_ANSWER
        );
        assert!(lossy.next > honest.next);
        assert_eq!(
            log.read(i64::try_from(lossy.next).unwrap_or_default(), true)
                .text,
            b""
        );
        log.complete();
        assert!(log.text().ends_with(b"10499\nunfinished"));
        assert_eq!(log.read(-10, false).text, b"unfinished");
    }

    #[test]
    fn crlf_once() {
        assert_eq!(crlf(b"a\nb\r\n"), b"a\r\nb\r\n");
    }
}
