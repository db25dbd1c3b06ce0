//! Lists are read in pages by key, never by offset: page 500 costs what page 1 costs.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Refusal, RefusalCode};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; absent at the end.
    pub next_cursor: Option<String>,
    /// How many there are in all with these filters, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// A page from one row more than asked for: the extra one only says that there is a next page.
    /// `of` is the list with its filters and order, as for [`Cursor::encode`].
    pub(crate) fn cut(
        mut rows: Vec<T>,
        limit: i64,
        of: &str,
        key: impl Fn(&T) -> Vec<String>,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows
            .last()
            .filter(|_| more)
            .map(|row| Cursor(key(row)).encode(of));
        Self {
            items: rows,
            next_cursor,
            total: None,
        }
    }
}

/// The keys of the last row of a page, opaque to callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub Vec<String>);

/// So many characters of the sum stand in a cursor: enough to tell a mistake. A cursor is a place, not a right.
const SUM: usize = 12;

impl Cursor {
    /// The keys, and a sum over them and `of`: the list with its filters and order, for in another the place means nothing.
    pub fn encode(&self, of: &str) -> String {
        let keys = self.0.join("\u{1f}");
        URL_SAFE_NO_PAD.encode(format!("{}\u{1f}{keys}", Self::sum(of, &keys)))
    }

    fn sum(of: &str, keys: &str) -> String {
        let digest = Sha256::digest(format!("{of}\u{1f}{keys}"));
        let mut sum = hex::encode(digest);
        sum.truncate(SUM);
        sum
    }

    /// The refusal for a text that is no cursor of the list.
    pub(crate) fn broken() -> Refusal {
        Refusal::field(
            "cursor",
            "this is no cursor of this list with these filters and this order; start again without it",
        )
    }

    /// # Errors
    /// Refused when it is not one that this portal gave out for `of`.
    pub fn decode(text: &str, keys: usize, of: &str) -> Result<Self, Refusal> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Self::broken())?;
        let text = String::from_utf8(bytes).map_err(|_| Self::broken())?;
        let (sum, text) = text.split_once('\u{1f}').ok_or_else(Self::broken)?;
        if sum != Self::sum(of, text) {
            return Err(Self::broken());
        }
        let parts: Vec<String> = text.split('\u{1f}').map(str::to_owned).collect();
        if parts.len() == keys {
            Ok(Self(parts))
        } else {
            Err(Self::broken())
        }
    }
}

/// The page size asked for, within 1 to 100; 20 when nothing is said.
///
/// # Errors
/// Refused outside of that.
pub fn limit(asked: Option<i64>) -> Result<i64, Refusal> {
    match asked {
        None => Ok(20),
        Some(n @ 1..=100) => Ok(n),
        Some(_) => Err(Refusal::new(
            RefusalCode::Invalid,
            "Correct the marked fields and send again.",
        )
        .and_field("limit", "a whole number from 1 to 100")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_rubbish_does_not() {
        let cursor = Cursor(vec!["cart".into(), "é|1".into()]);
        let sent = cursor.encode("list by name");
        assert_eq!(
            Cursor::decode(&sent, 2, "list by name").expect("ours"),
            cursor
        );
        assert!(Cursor::decode(&sent, 1, "list by name").is_err());
        let junk = URL_SAFE_NO_PAD.encode(
            [
                URL_SAFE_NO_PAD.decode(&sent).expect("ours").as_slice(),
                b"junk",
            ]
            .concat(),
        );
        let none = format!("{sent}AAAA");
        for bad in ["%%%", "", "AAAA", "ÿ", &junk, &none] {
            assert!(Cursor::decode(bad, 2, "list by name").is_err(), "{bad}");
        }
        let refused = Cursor::decode(&sent, 2, "list by team").expect_err("another order");
        assert_eq!(refused.code, RefusalCode::Invalid);
        assert!(refused.fields.iter().any(|(field, _)| field == "cursor"));
    }
}
