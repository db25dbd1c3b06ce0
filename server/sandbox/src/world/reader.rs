//! Reads a TOML table field by field and collects every mistake instead of stopping at the first.
use toml::{Table, Value};

/// Mistakes found so far, each with the place it is in.
pub(super) type Mistakes = Vec<String>;

/// One table being read.
pub(super) struct Reader<'a> {
    table: Table,
    place: String,
    mistakes: &'a mut Mistakes,
}

impl<'a> Reader<'a> {
    pub(super) fn new(table: Table, place: impl Into<String>, mistakes: &'a mut Mistakes) -> Self {
        Self {
            table,
            place: place.into(),
            mistakes,
        }
    }

    pub(super) fn mistake(&mut self, field: &str, what: impl std::fmt::Display) {
        let dot = if self.place.is_empty() { "" } else { "." };
        self.mistakes
            .push(format!("{}{dot}{field}: {what}", self.place));
    }

    fn take(&mut self, field: &str) -> Option<Value> {
        self.table.remove(field)
    }

    fn wrong(&mut self, field: &str, want: &str, have: &Value) {
        self.mistake(
            field,
            format_args!("must be {want}, not {}", have.type_str()),
        );
    }

    /// A text that must be there and not be empty.
    pub(super) fn text(&mut self, field: &str) -> String {
        let before = self.mistakes.len();
        let text = self.maybe_text(field);
        if text.is_none() && self.mistakes.len() == before {
            self.mistake(field, "is missing");
        }
        text.unwrap_or_default()
    }

    pub(super) fn maybe_text(&mut self, field: &str) -> Option<String> {
        match self.take(field)? {
            Value::String(text) if text.trim().is_empty() => {
                self.mistake(field, "is empty");
                None
            }
            Value::String(text) => Some(text),
            other => {
                self.wrong(field, "a text", &other);
                None
            }
        }
    }

    /// A whole number within bounds, or the default.
    pub(super) fn number(
        &mut self,
        field: &str,
        default: u32,
        bounds: std::ops::RangeInclusive<u32>,
    ) -> u32 {
        match self.take(field) {
            None => default,
            Some(Value::Integer(number)) => {
                let within = u32::try_from(number)
                    .ok()
                    .filter(|number| bounds.contains(number));
                if within.is_none() {
                    let (least, most) = (bounds.start(), bounds.end());
                    self.mistake(
                        field,
                        format_args!("must be from {least} to {most}, not {number}"),
                    );
                }
                within.unwrap_or(default)
            }
            Some(other) => {
                self.wrong(field, "a whole number", &other);
                default
            }
        }
    }

    pub(super) fn flag(&mut self, field: &str, default: bool) -> bool {
        match self.take(field) {
            None => default,
            Some(Value::Boolean(flag)) => flag,
            Some(other) => {
                self.wrong(field, "true or false", &other);
                default
            }
        }
    }

    /// A list of texts, absent = none.
    pub(super) fn maybe_texts(&mut self, field: &str) -> Option<Vec<String>> {
        let list = match self.take(field)? {
            Value::Array(list) => list,
            other => {
                self.wrong(field, "a list of texts", &other);
                return Some(Vec::new());
            }
        };
        let mut texts = Vec::with_capacity(list.len());
        for (index, value) in list.into_iter().enumerate() {
            match value {
                Value::String(text) if !text.trim().is_empty() => texts.push(text),
                Value::String(_) => self.mistake(&format!("{field}[{index}]"), "is empty"),
                other => self.wrong(&format!("{field}[{index}]"), "a text", &other),
            }
        }
        Some(texts)
    }

    /// A list of texts with at least one.
    pub(super) fn texts(&mut self, field: &str) -> Vec<String> {
        let before = self.mistakes.len();
        let texts = self.maybe_texts(field).unwrap_or_default();
        if texts.is_empty() && self.mistakes.len() == before {
            self.mistake(field, "must name at least one");
        }
        texts
    }

    /// Reads each table of a list (`[[field]]`).
    pub(super) fn each<T>(
        &mut self,
        field: &str,
        mut read: impl FnMut(&mut Reader<'_>) -> T,
    ) -> Vec<T> {
        let list = match self.take(field) {
            None => return Vec::new(),
            Some(Value::Array(list)) => list,
            Some(other) => {
                self.wrong(field, "a list of tables", &other);
                return Vec::new();
            }
        };
        let mut all = Vec::with_capacity(list.len());
        for (index, value) in list.into_iter().enumerate() {
            match value {
                Value::Table(table) => {
                    let named = table
                        .get("name")
                        .and_then(Value::as_str)
                        .map_or_else(|| index.to_string(), str::to_owned);
                    let dot = if self.place.is_empty() { "" } else { "." };
                    let place = format!("{}{dot}{field}[{named}]", self.place);
                    let mut reader = Reader::new(table, place, self.mistakes);
                    all.push(read(&mut reader));
                    reader.finish();
                }
                other => self.wrong(&format!("{field}[{index}]"), "a table", &other),
            }
        }
        all
    }

    /// Reads one table (`[field]`), if it is there.
    pub(super) fn maybe_one<T>(
        &mut self,
        field: &str,
        read: impl FnOnce(&mut Reader<'_>) -> T,
    ) -> Option<T> {
        match self.take(field)? {
            Value::Table(table) => {
                let mut reader = Reader::new(table, field, self.mistakes);
                let one = read(&mut reader);
                reader.finish();
                Some(one)
            }
            other => {
                self.wrong(field, "a table", &other);
                None
            }
        }
    }

    /// Whatever nobody asked for is a mistake too.
    pub(super) fn finish(mut self) {
        for field in std::mem::take(&mut self.table).keys() {
            self.mistake(field, "is not known here");
        }
    }
}
