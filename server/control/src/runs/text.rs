//! From what Jenkins sends to lines that can be kept and shown: hostile text, made harmless but not shorter.

/// Longest line that is kept whole, in bytes; the rest of a longer one follows as further lines.
const LINE: usize = 16 << 10;

/// The whole lines of `rest` and `text` together; what has no end yet stays in `rest`.
pub(super) fn take_lines(rest: &mut String, text: &str) -> Vec<String> {
    rest.push_str(text);
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
    const NOTE: &str = "\u{1b}[8mha:";
    let mut out = String::with_capacity(line.len());
    let mut left = line;
    while let Some(start) = left.find('\u{1b}') {
        out.push_str(&left[..start]);
        left = &left[start..];
        // A note is one base64 word between "hide" and "show again".
        left = match left
            .strip_prefix(NOTE)
            .and_then(|note| note.find("\u{1b}[0m").map(|end| &note[end + 4..]))
        {
            Some(after) => after,
            None => escape(left),
        };
    }
    out.push_str(left);
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

/// What follows one escape sequence.
fn escape(text: &str) -> &str {
    let after = &text[1..];
    match after.chars().next() {
        // CSI: parameters and intermediates, then one final character.
        Some('[') => {
            let end = after[1..].find(|c: char| ('@'..='~').contains(&c));
            end.map_or("", |end| &after[end + 2..])
        }
        // OSC: up to BEL or ST.
        Some(']') => match (after.find('\u{7}'), after.find("\u{1b}\\")) {
            (Some(bel), st) if st.is_none_or(|st| bel < st) => &after[bel + 1..],
            (_, Some(st)) => &after[st + 2..],
            _ => "",
        },
        Some(c) => &after[c.len_utf8()..],
        None => "",
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
