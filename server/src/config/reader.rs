//! Reads configuration values one by one and remembers every mistake, so that all are named at once.

use std::{cell::RefCell, collections::BTreeMap, fmt, rc::Rc};

use figment::{
    Figment,
    value::{Dict, Tag, Value},
};
use secrecy::SecretString;

use super::variables;

/// One thing that is wrong: where it stands, what is wrong and what to write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    pub place: String,
    pub wrong: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.wrong)
    }
}

/// One table of the configuration. Keys are taken out as they are read; [`Reader::finish`] refuses the rest.
pub(super) struct Reader<'a> {
    values: BTreeMap<String, Value>,
    /// `oidc.` or empty.
    prefix: String,
    file: &'a str,
    figment: &'a Figment,
    mistakes: Rc<RefCell<Vec<Mistake>>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a str, figment: &'a Figment, values: Dict) -> Self {
        let mistakes = Rc::default();
        Self {
            values,
            prefix: String::new(),
            file,
            figment,
            mistakes,
        }
    }

    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        self.mistakes.borrow().clone()
    }

    /// Where a value was written: the file and key, or the variable.
    fn place(&self, key: &str, tag: Option<Tag>) -> String {
        let path = format!("{}{key}", self.prefix);
        let from_variable = tag
            .and_then(|tag| self.figment.get_metadata(tag))
            .is_some_and(|metadata| metadata.name == "variable");
        if from_variable {
            variables::name_of(&path)
        } else {
            format!("{}, {path}", self.file)
        }
    }

    pub(super) fn wrong(&self, key: &str, wrong: impl Into<String>) {
        self.wrong_at(self.place(key, None), wrong);
    }

    /// In another file than this one.
    pub(super) fn wrong_in(&self, place: String, wrong: impl Into<String>) {
        self.wrong_at(place, wrong);
    }

    fn wrong_at(&self, place: String, wrong: impl Into<String>) {
        let wrong = wrong.into();
        self.mistakes.borrow_mut().push(Mistake { place, wrong });
    }

    fn missing(&self, key: &str, what: &str) {
        let variable = variables::name_of(&format!("{}{key}", self.prefix));
        self.wrong(key, format!("is missing; write {what}, or set {variable}"));
    }

    /// The value under `key` as text, where it is a text, a number or a yes-no; else a mistake.
    fn text_of(&self, key: &str, value: &Value, what: &str) -> Option<String> {
        match value {
            Value::String(_, text) => Some(text.clone()),
            Value::Num(_, number) => number
                .to_u128()
                .map(|n| n.to_string())
                .or_else(|| number.to_i128().map(|n| n.to_string())),
            Value::Bool(_, yes) => Some(yes.to_string()),
            _ => None,
        }
        .or_else(|| {
            self.wrong_at(
                self.place(key, Some(value.tag())),
                format!("is no single value; write {what}"),
            );
            None
        })
    }

    /// Takes `key` and parses it. `what` says in words what belongs there.
    pub(super) fn optional<T>(
        &mut self,
        key: &str,
        what: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.values.remove(key)?;
        let text = self.text_of(key, &value, what)?;
        match parse(text.trim()) {
            Ok(parsed) => Some(parsed),
            Err(why) => {
                let place = self.place(key, Some(value.tag()));
                self.wrong_at(
                    place,
                    format!("'{text}' is not acceptable ({why}); write {what}"),
                );
                None
            }
        }
    }

    pub(super) fn required<T>(
        &mut self,
        key: &str,
        what: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        if !self.values.contains_key(key) {
            self.missing(key, what);
            return None;
        }
        self.optional(key, what, parse)
    }

    pub(super) fn or<T>(
        &mut self,
        key: &str,
        default: T,
        what: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        if self.values.contains_key(key) {
            self.optional(key, what, parse)
        } else {
            Some(default)
        }
    }

    /// A secret, given as `key` or, better, as `key_file`: the name of a file that holds it.
    /// Its text appears in no mistake.
    pub(super) fn secret(&mut self, key: &str, what: &str) -> Option<Option<SecretString>> {
        let file_key = format!("{key}_file");
        let direct = self.values.remove(key);
        let file = self.values.remove(&file_key);
        if direct.is_some() && file.is_some() {
            self.wrong(key, format!("stands beside {file_key}; keep one of them"));
            return None;
        }
        if let Some(value) = direct {
            let place = self.place(key, Some(value.tag()));
            let text = self.text_of(key, &value, what)?;
            return self.not_empty(place, text);
        }
        let Some(value) = file else { return Some(None) };
        let place = self.place(&file_key, Some(value.tag()));
        let path = self.text_of(&file_key, &value, "the path of a file")?;
        match std::fs::read_to_string(&path) {
            Ok(text) => self.not_empty(place, text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(why) => {
                self.wrong_at(
                    place,
                    format!("cannot read {path}: {why}; write the path of a readable file"),
                );
                None
            }
        }
    }

    fn not_empty(&self, place: String, text: String) -> Option<Option<SecretString>> {
        if text.trim().is_empty() {
            self.wrong_at(
                place,
                "is empty; write the secret, or name a file that holds it",
            );
            return None;
        }
        Some(Some(SecretString::from(text)))
    }

    pub(super) fn required_secret(&mut self, key: &str, what: &str) -> Option<SecretString> {
        let found = self.secret(key, what)?;
        if found.is_none() {
            self.missing(key, &format!("{what} (or {key}_file)"));
        }
        found
    }

    /// A list of texts; in a variable separated by commas.
    pub(super) fn list(&mut self, key: &str, default: &[&str]) -> Option<Vec<String>> {
        let Some(value) = self.values.remove(key) else {
            return Some(default.iter().map(|&s| s.to_owned()).collect());
        };
        let place = self.place(key, Some(value.tag()));
        match value {
            Value::String(_, text) => Some(
                text.split(',')
                    .map(str::trim)
                    .filter(|t| !t.is_empty())
                    .map(str::to_owned)
                    .collect(),
            ),
            Value::Array(_, items) => {
                let texts = items
                    .into_iter()
                    .map(|item| item.into_string())
                    .collect::<Option<Vec<_>>>();
                if texts.is_none() {
                    self.wrong_at(
                        place,
                        "holds something that is no text; write a list of texts",
                    );
                }
                texts
            }
            _ => {
                self.wrong_at(place, "is no list; write [\"one\", \"two\"]");
                None
            }
        }
    }

    /// Reads the table under `key`; an absent one is read as empty, so that its missing keys are named.
    pub(super) fn section<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Reader<'a>) -> Option<T>,
    ) -> Option<T> {
        let values = match self.values.remove(key) {
            None => Dict::new(),
            Some(Value::Dict(_, dict)) => dict,
            Some(other) => {
                let place = self.place(key, Some(other.tag()));
                self.wrong_at(place, format!("is no table; write [{}{key}]", self.prefix));
                return None;
            }
        };
        let mut below = self.below(&format!("{key}."), values);
        let found = read(&mut below);
        below.finish();
        found
    }

    /// Reads the list of tables under `key`, all of them, even when one is wrong.
    pub(super) fn tables<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(&mut Reader<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(value) = self.values.remove(key) else {
            return Some(vec![]);
        };
        let place = self.place(key, Some(value.tag()));
        let Value::Array(_, items) = value else {
            self.wrong_at(
                place,
                format!(
                    "is no list of tables; write [[{}{key}]] in the file",
                    self.prefix
                ),
            );
            return None;
        };
        let mut all = Some(vec![]);
        for (i, item) in items.into_iter().enumerate() {
            let Value::Dict(_, dict) = item else {
                self.wrong_at(place.clone(), format!("number {} is no table", i + 1));
                all = None;
                continue;
            };
            let mut below = self.below(&format!("{key}[{}].", i + 1), dict);
            let one = read(&mut below);
            below.finish();
            match (one, &mut all) {
                (Some(one), Some(all)) => all.push(one),
                _ => all = None,
            }
        }
        all
    }

    /// The remaining keys and their texts, for tables whose keys are data.
    pub(super) fn pairs(&mut self, what: &str) -> Option<Vec<(String, String)>> {
        let all = std::mem::take(&mut self.values);
        let read: Vec<_> = all
            .into_iter()
            .map(|(key, value)| Some((key.clone(), self.text_of(&key, &value, what)?)))
            .collect();
        read.into_iter().collect()
    }

    fn below(&self, key: &str, values: Dict) -> Reader<'a> {
        Reader {
            values,
            prefix: format!("{}{key}", self.prefix),
            file: self.file,
            figment: self.figment,
            mistakes: Rc::clone(&self.mistakes),
        }
    }

    pub(super) fn finish(&mut self) {
        for (key, value) in std::mem::take(&mut self.values) {
            let place = self.place(&key, Some(value.tag()));
            self.wrong_at(
                place,
                "is no setting of Portolan; correct its name or remove it",
            );
        }
    }
}
