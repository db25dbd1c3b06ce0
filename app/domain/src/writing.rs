//! What people write must be there for others to read: text that nobody sees, or that is shown in another order than it
//! was written in, says one thing to a person and another to the log.

/// What to say of a text that [`turns`].
pub const TURNS: &str = "may not contain characters that turn the direction of writing (U+202A to U+202E, U+2066 to U+2069): what is read would not be what was written";

/// Whether there is something in it that is seen: neither space nor control, nor one of the characters without a shape.
pub fn is_readable(text: &str) -> bool {
    text.chars()
        .any(|c| !c.is_whitespace() && !c.is_control() && !is_shapeless(c))
}

/// Whether it has one of the characters that embed, override or isolate a direction of writing. Hebrew and Arabic do
/// without: their letters have their direction, and the plain marks (U+200E, U+200F, U+061C) are welcome.
pub fn turns(text: &str) -> bool {
    text.contains(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

/// Whether it has a control character other than a line break or a tab, or one of the code points that Unicode keeps free of
/// characters for ever (U+FFFE, U+FFFF and their like in every plane, U+FDD0 to U+FDEF).
pub fn has_no_place_in_text(text: &str) -> bool {
    text.contains(|c: char| {
        let noncharacter = u32::from(c) & 0xfffe == 0xfffe || matches!(c, '\u{fdd0}'..='\u{fdef}');
        noncharacter || c.is_control() && !matches!(c, '\n' | '\t' | '\r')
    })
}

/// Unicode's format characters (Cf), and the others that are drawn as nothing: fillers, variation selectors, the blank of Braille.
fn is_shapeless(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_nothing() {
        for nothing in [
            "",
            " \n\t",
            "\u{200b}",
            "\u{feff} \u{200b}\u{2060}",
            "\u{200e}\u{200f}\u{61c}",
            "\u{3164}\u{115f}\u{ffa0}\u{2800}",
            "\u{e0041}\u{e0062}",
            "\u{fe0f}\u{200d}\u{ad}",
            "\u{202e}\u{2066}",
            "\u{a0}\u{3000}",
        ] {
            assert!(!is_readable(nothing), "{}", nothing.escape_unicode());
        }
        for something in [
            "a",
            "\u{feff}a",
            "!",
            "修正",
            "שלום",
            "می\u{200c}خواهم",
            "👩\u{200d}💻",
        ] {
            assert!(is_readable(something), "{something}");
            assert!(!turns(something), "{something}");
        }
    }

    #[test]
    fn what_is_no_character_has_no_place() {
        for c in "\u{0}\u{7f}\u{9f}\u{fffe}\u{ffff}\u{1fffe}\u{10ffff}\u{fdd0}\u{fdef}".chars() {
            assert!(
                has_no_place_in_text(&format!("a{c}")),
                "{}",
                c.escape_unicode()
            );
        }
        assert!(!has_no_place_in_text(
            "a\n\t\r\u{fffd}\u{fdcf}\u{fdf0}\u{1fffd}é👩"
        ));
    }

    #[test]
    fn what_turns_the_direction_is_found() {
        for c in "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".chars()
        {
            assert!(turns(&format!("safe {c} not")), "{}", c.escape_unicode());
        }
        assert!(!turns("\u{200e}a\u{200f}\u{61c}"));
    }
}
