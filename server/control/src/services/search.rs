//! Finding services by words, and their orders: worked out once for each copy of the catalogue.

use memchr::memmem;

/// Ends the text of an entry; no word that is looked for holds one.
const END: char = '\n';

/// The texts of all entries, one after the other, and the order of the entries by other things than their name.
///
/// One long text is looked through several times faster than ten thousand short ones.
#[derive(Debug, Default)]
pub(super) struct Index {
    text: String,
    /// Where the text of each entry ends.
    ends: Vec<usize>,
    pub(super) by_name: Vec<u32>,
    pub(super) by_team: Vec<u32>,
    pub(super) by_updated: Vec<u32>,
}

impl Index {
    /// Adds what is looked in for the next entry.
    pub(super) fn push<'a>(&mut self, parts: impl Iterator<Item = &'a str>) {
        for part in parts {
            let lower = part.to_lowercase();
            // A word has no white space, so what separates lines or words inside of a text separates nothing here.
            self.text
                .extend(lower.chars().map(|c| if c == END { ' ' } else { c }));
            self.text.push(' ');
        }
        self.text.push(END);
        self.ends.push(self.text.len());
    }

    pub(super) fn finish(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// For each entry whether all words, in lower case, occur in it.
    pub(super) fn holding(&self, words: &[String]) -> Vec<bool> {
        let Some(longest) = words.iter().max_by_key(|word| word.len()) else {
            return vec![true; self.ends.len()];
        };
        let mut found = vec![false; self.ends.len()];
        let others: Vec<_> = words
            .iter()
            .filter(|word| *word != longest)
            .map(|word| memmem::Finder::new(word.as_bytes()))
            .collect();
        let finder = memmem::Finder::new(longest.as_bytes());
        let text = self.text.as_bytes();
        let (mut from, mut entry) = (0, 0);
        while let Some(at) = finder.find(&text[from..]).map(|at| from + at) {
            entry += self.ends[entry..].partition_point(|end| *end <= at);
            let start = if entry == 0 { 0 } else { self.ends[entry - 1] };
            let own = &text[start..self.ends[entry]];
            found[entry] = others.iter().all(|other| other.find(own).is_some());
            from = self.ends[entry];
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn index(texts: &[Vec<String>]) -> Index {
        let mut index = Index::default();
        for parts in texts {
            index.push(parts.iter().map(String::as_str));
        }
        index.finish();
        index
    }

    proptest! {
        #[test]
        fn it_finds_what_a_plain_search_finds(
            texts in prop::collection::vec(prop::collection::vec("[a-cA-CéÉ \n]{0,8}", 0..4), 0..20),
            words in prop::collection::vec("[a-cé]{1,3}", 0..4),
        ) {
            let plain: Vec<bool> = texts
                .iter()
                .map(|parts| words.iter().all(|word| parts.iter().any(|part| part.to_lowercase().contains(word.as_str()))))
                .collect();
            prop_assert_eq!(index(&texts).holding(&words), plain);
        }
    }

    #[test]
    fn a_word_is_not_found_across_two_entries() {
        let index = index(&[vec!["ab".to_owned()], vec!["cd".to_owned()]]);
        assert_eq!(index.holding(&["bc".to_owned()]), [false, false]);
        assert_eq!(index.holding(&["cd".to_owned()]), [false, true]);
    }
}
