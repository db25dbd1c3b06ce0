//! From what Jenkins sends to lines that can be kept and shown: hostile text, made harmless but not shorter.

/// Longest line that is kept whole, in bytes; the rest of a longer one follows as further lines.
const LINE: usize = 16 << 10;
/// Longest word of a console note, in bytes. What has no end by then is no note.
const NOTE: usize = 64 << 10;
/// Longest operating system command, such as a title or a link, in bytes.
const OSC: usize = 4 << 10;

/// The whole lines of `rest` and `text` together; what has no end yet stays in `rest`.
pub(super) fn take_lines(rest: &mut String, text: &str) -> Vec<String> {
    // Postgres keeps no NUL, and the rest is kept as it came.
    rest.extend(text.chars().map(|c| if c == '\0' { '\u{fffd}' } else { c }));
    let Some(end) = rest.rfind('\n') else {
        // A line without an end may not grow for ever.
        if rest.len() > LINE {
            let mut lines = vec![];
            keep(rest, &mut lines);
            rest.clear();
            return lines;
        }
        return vec![];
    };
    let left = rest.split_off(end + 1);
    let whole = std::mem::replace(rest, left);
    lines(&whole)
}

/// All lines of a finished text.
pub(super) fn lines(text: &str) -> Vec<String> {
    let mut out = vec![];
    for line in text.split_terminator('\n') {
        keep(line, &mut out);
    }
    out
}

fn keep(line: &str, out: &mut Vec<String>) {
    let line = plain(line.strip_suffix('\r').unwrap_or(line));
    let mut left = line.as_str();
    while left.len() > LINE {
        let (head, tail) = left.split_at(left.floor_char_boundary(LINE));
        out.push(head.to_owned());
        left = tail;
    }
    out.push(left.to_owned());
}

/// Without console notes of Jenkins, colours and other escapes of terminals, and without characters that Postgres
/// or a terminal would not take. Tabs stay.
fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut ends = Ends::of(line);
    let mut at = 0;
    while let Some(start) = line[at..].find('\u{1b}').map(|found| at + found) {
        out.push_str(&line[at..start]);
        at = ends
            .after_note(start)
            .unwrap_or_else(|| ends.after_escape(start));
    }
    out.push_str(&line[at..]);
    if out.contains(|c: char| c.is_control() && c != '\t') {
        out = out
            .chars()
            .map(|c| {
                if c.is_control() && c != '\t' {
                    '\u{fffd}'
                } else {
                    c
                }
            })
            .collect();
    }
    out
}

/// Where the sequences of one line end.
struct Ends<'a> {
    line: &'a str,
    show: Next,
    bell: Next,
    terminator: Next,
}

impl<'a> Ends<'a> {
    fn of(line: &'a str) -> Self {
        Self {
            line,
            show: Next::of("\u{1b}[0m"),
            bell: Next::of("\u{7}"),
            terminator: Next::of("\u{1b}\\"),
        }
    }

    /// What follows the console note at `start`, if one is there: one base64 word between "hide" and "show again".
    fn after_note(&mut self, start: usize) -> Option<usize> {
        const HIDE: &str = "\u{1b}[8mha:";
        if !self.line[start..].starts_with(HIDE) {
            return None;
        }
        let word = start + HIDE.len();
        let end = self.show.at_or_after(self.line, word)?;
        (end - word <= NOTE).then(|| end + self.show.what.len())
    }

    /// What follows the escape sequence at `start`.
    fn after_escape(&mut self, start: usize) -> usize {
        let (line, first) = (self.line, start + 1);
        match line[first..].chars().next() {
            // CSI: parameters and intermediates, then one final character.
            Some('[') => {
                let end = line[first + 1..].find(|c: char| ('@'..='~').contains(&c));
                end.map_or(line.len(), |end| first + end + 2)
            }
            // OSC: up to BEL or ST. Where neither comes, only its beginning goes: what follows may be the log.
            Some(']') => [&mut self.bell, &mut self.terminator]
                .into_iter()
                .filter_map(|next| Some((next.at_or_after(line, first + 1)?, next.what.len())))
                .min()
                .filter(|(end, _)| end - first <= OSC)
                .map_or(first + 1, |(end, length)| end + length),
            Some(c) => first + c.len_utf8(),
            None => first,
        }
    }
}

/// The next place of something that is asked for at ever later positions. It is searched for only once what was
/// found lies behind, and never again once there is none, so that all the searches together read a line once.
struct Next {
    what: &'static str,
    found: Option<usize>,
    from: usize,
    none: bool,
}

impl Next {
    fn of(what: &'static str) -> Self {
        Self {
            what,
            found: None,
            from: 0,
            none: false,
        }
    }

    fn at_or_after(&mut self, line: &str, at: usize) -> Option<usize> {
        debug_assert!(at >= self.from, "asked for at ever later positions");
        self.from = at;
        if self.none || self.found.is_some_and(|found| found >= at) {
            return self.found;
        }
        self.found = line[at..].find(self.what).map(|found| at + found);
        self.none = self.found.is_none();
        self.found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn notes_and_escapes_go_and_the_rest_stays() {
        for (from, to) in [
            ("plain <b>&amp; äöü", "plain <b>&amp; äöü"),
            ("\u{1b}[31mred\u{1b}[0m\r", "red"),
            (
                "\u{1b}[8mha:////4AbC==\u{1b}[0mStarted by user",
                "Started by user",
            ),
            ("a\u{1b}]0;title\u{7}b\u{1b}]8;;x\u{1b}\\c", "abc"),
            ("a\u{0}b\tc\u{8}", "a\u{fffd}b\tc\u{fffd}"),
            ("cut \u{1b}", "cut "),
            ("cut \u{1b}[3", "cut "),
        ] {
            assert_eq!(lines(from), [to], "{from:?}");
        }
    }

    #[test]
    fn a_sequence_without_an_end_hides_nothing() {
        for long in [
            format!("\u{1b}[8mha:{}\u{1b}[0m|", "x".repeat(NOTE + 1)),
            format!("\u{1b}]0;{}\u{7}|", "x".repeat(OSC + 1)),
            format!("\u{1b}]0;{}", "x".repeat(100)),
        ] {
            let (out, x) = (plain(&long), |text: &str| text.matches('x').count());
            assert_eq!(x(&out), x(&long));
        }
        let note = format!("\u{1b}[8mha:{}\u{1b}[0m|", "x".repeat(NOTE));
        assert_eq!(plain(&note), "|");
    }

    /// A search of the rest for each sequence would take hours here.
    #[test]
    fn hostile_lines_are_read_once() {
        const LENGTH: usize = 4 << 20;
        for piece in ["\u{1b}[8mha:", "\u{1b}]", "\u{1b}[8mha:\u{1b}]", "\u{1b}[;"] {
            let open = piece.repeat(LENGTH / piece.len());
            assert!(!plain(&open).contains('\u{1b}'), "{piece:?}");
            // The ends are there, but too far away for all but the last of them.
            let closed = format!("{open}{}\u{7}\u{1b}\\\u{1b}[0mend", "x".repeat(NOTE));
            assert!(plain(&closed).ends_with("end"), "{piece:?}");
        }
    }

    #[test]
    fn what_is_kept_for_later_has_no_nul() {
        let mut rest = String::new();
        assert!(take_lines(&mut rest, "a\0b").is_empty());
        assert_eq!(rest, "a\u{fffd}b");
        assert_eq!(take_lines(&mut rest, "\n"), ["a\u{fffd}b"]);
    }

    #[test]
    fn a_line_comes_when_its_end_does() {
        let mut rest = String::new();
        assert!(take_lines(&mut rest, "one").is_empty());
        assert_eq!(
            take_lines(&mut rest, " more\r\ntwo\nthr"),
            ["one more", "two"]
        );
        assert_eq!(take_lines(&mut rest, "ee\n"), ["three"]);
        assert!(rest.is_empty());
        assert_eq!(take_lines(&mut rest, "\n\n"), ["", ""]);
    }

    #[test]
    fn a_line_without_end_is_kept_in_pieces() {
        let long = "ä".repeat(LINE);
        let mut rest = String::new();
        let kept = take_lines(&mut rest, &long);
        assert!(kept.iter().all(|line| line.len() <= LINE) && rest.is_empty());
        assert_eq!(kept.concat(), long);
    }

    proptest! {
        #[test]
        fn any_text_in_any_pieces_gives_the_same_lines(text in "(?s).{0,200}", at in 0usize..200) {
            let text = format!("{text}\n");
            let at = text.floor_char_boundary(at.min(text.len()));
            let mut rest = String::new();
            let mut pieces = take_lines(&mut rest, &text[..at]);
            pieces.extend(take_lines(&mut rest, &text[at..]));
            prop_assert_eq!(&pieces, &lines(&text));
            let clean = pieces.iter().all(|line| !line.contains(['\0', '\n', '\u{1b}']));
            prop_assert!(clean);
        }
    }
}
