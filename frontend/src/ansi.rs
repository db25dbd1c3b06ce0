//! Text of a log as text: without the control sequences that steer terminals.

/// `text` without ANSI escape sequences and other control characters; of a line that a progress
/// bar wrote over itself, what stood there last.
pub fn plain(text: &str) -> String {
    let text = text.trim_end_matches('\r');
    let text = text.rsplit('\r').next().unwrap_or(text);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match chars.next() {
                // CSI: parameters, then one final letter.
                Some('[') => {
                    for c in chars.by_ref() {
                        if ('\u{40}'..='\u{7e}').contains(&c) {
                            break;
                        }
                    }
                }
                // OSC and its like: up to BEL or ESC \.
                Some(']' | 'P' | '^' | '_' | 'X') => {
                    while let Some(c) = chars.next() {
                        if c == '\u{7}' {
                            break;
                        }
                        if c == '\u{1b}' {
                            chars.next_if_eq(&'\\');
                            break;
                        }
                    }
                }
                // A charset choice has one character more; others are two characters in all.
                Some('(' | ')' | '*' | '+') => {
                    chars.next();
                }
                _ => {}
            },
            '\u{9b}' => {
                for c in chars.by_ref() {
                    if ('\u{40}'..='\u{7e}').contains(&c) {
                        break;
                    }
                }
            }
            '\t' => out.push('\t'),
            c if c.is_control() => {}
            // Marks that turn the direction of writing around could make a line read as another.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn sequences_go_and_text_stays() {
        assert_eq!(plain("\u{1b}[1;31mred\u{1b}[0m text"), "red text");
        assert_eq!(plain("\u{1b}]8;;https://x\u{7}link\u{1b}]8;;\u{7}"), "link");
        assert_eq!(plain("\u{1b}]0;title\u{1b}\\after"), "after");
        assert_eq!(plain("10%\r50%\r100%\r"), "100%");
        assert_eq!(plain("\u{1b}(Bascii"), "ascii");
        assert_eq!(plain("a\u{0}b\u{8}c\td"), "abc\td");
        assert_eq!(plain("half \u{1b}["), "half ");
        assert_eq!(plain("\u{1b}"), "");
        assert_eq!(plain("\u{9b}31mc1"), "c1");
        assert_eq!(plain("user\u{202e}txt"), "user\u{fffd}txt");
        assert_eq!(plain("<script>é漢</script>"), "<script>é漢</script>");
    }
}
