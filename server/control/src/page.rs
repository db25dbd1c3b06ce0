//! Lists are read in pages by key, never by offset: page 500 costs what page 1 costs.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Refusal, RefusalCode};
use serde::{Deserialize, Serialize};

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
    pub(crate) fn cut(mut rows: Vec<T>, limit: i64, key: impl Fn(&T) -> Vec<String>) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows
            .last()
            .filter(|_| more)
            .map(|row| Cursor(key(row)).encode());
        Self {
            items: rows,
            next_cursor,
            total: None,
        }
    }
}

/// The keys of the last row of a page, opaque to callers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(pub Vec<String>);

impl Cursor {
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.join("\u{1f}"))
    }

    /// The refusal for a text that is no cursor of the list.
    pub(crate) fn broken() -> Refusal {
        Refusal::field(
            "cursor",
            "this is no cursor of this list; start again without it",
        )
    }

    /// # Errors
    /// Refused when it is not one this portal gave out.
    pub fn decode(text: &str, keys: usize) -> Result<Self, Refusal> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Self::broken())?;
        let text = String::from_utf8(bytes).map_err(|_| Self::broken())?;
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
        .and_field("limit", "between 1 and 100")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_rubbish_does_not() {
        let cursor = Cursor(vec!["cart".into(), "é|1".into()]);
        assert_eq!(Cursor::decode(&cursor.encode(), 2).expect("ours"), cursor);
        assert!(Cursor::decode(&cursor.encode(), 1).is_err());
        for bad in ["%%%", "", "AAAA", "ÿ"] {
            assert!(Cursor::decode(bad, 2).is_err(), "{bad}");
        }
    }
}
