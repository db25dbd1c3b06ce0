//! The form of a query-protocol request: read, bounded, checked; nothing unknown passes silently.
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::super::Asked;
use super::super::error::AwsError;

/// Every parameter by name.
#[derive(Debug)]
pub(super) struct Parameters {
    all: BTreeMap<String, String>,
}

impl Parameters {
    pub(super) fn read(asked: &Asked<'_>) -> Result<Self, AwsError> {
        let malformed = |message: &str| AwsError::new(400, "MalformedQueryString", message);
        let body = std::str::from_utf8(asked.message.body)
            .map_err(|_| malformed("The body is not UTF-8."))?;
        let mut all = BTreeMap::new();
        for pair in asked
            .message
            .query
            .split('&')
            .chain(body.split('&'))
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or_else(|| malformed("A parameter is not UTF-8."))?;
            let value = decode(value).ok_or_else(|| malformed("A parameter is not UTF-8."))?;
            if name.starts_with("X-Amz-") {
                continue;
            }
            if all.insert(name.clone(), value).is_some() {
                return Err(AwsError::new(
                    400,
                    "MalformedInput",
                    format!("The parameter {name} is there twice."),
                ));
            }
        }
        Ok(Self { all })
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all.get(name).map(String::as_str)
    }

    /// Nothing but these (and lists below those that end with `.`): a parameter that we do not look at must not seem to work.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), AwsError> {
        let is_known = |name: &str| {
            matches!(name, "Action" | "Version")
                || known.iter().any(|known| {
                    if known.ends_with('.') {
                        name.starts_with(known)
                    } else {
                        name == *known
                    }
                })
        };
        match self.all.keys().find(|name| !is_known(name)) {
            Some(name) => Err(AwsError::not_served(format_args!(
                "the parameter {name:?} of this operation"
            ))),
            None => Ok(()),
        }
    }

    /// Structures of a list: `<list>.member.<n>.<field>`; the numbers must run from 1 without gaps.
    pub(super) fn members(&self, list: &str) -> Result<Vec<BTreeMap<&str, &str>>, AwsError> {
        let mut members: BTreeMap<usize, BTreeMap<&str, &str>> = BTreeMap::new();
        let prefix = format!("{list}.member.");
        let wrong = |name: &str| {
            AwsError::new(
                400,
                "MalformedInput",
                format!("The parameter {name} is no member of a list."),
            )
        };
        for (name, value) in self
            .all
            .iter()
            .filter(|(name, _)| name.starts_with(&format!("{list}.")))
        {
            let rest = name.strip_prefix(&prefix).ok_or_else(|| wrong(name))?;
            let (number, field) = rest.split_once('.').unwrap_or((rest, ""));
            let number: usize = number.parse().map_err(|_| wrong(name))?;
            members.entry(number).or_default().insert(field, value);
        }
        if members.keys().copied().ne(1..=members.len()) {
            return Err(AwsError::new(
                400,
                "MalformedInput",
                format!("The members of {list} are not numbered from 1 without gaps."),
            ));
        }
        Ok(members.into_values().collect())
    }
}

/// A form's value: `+` is a blank.
fn decode(text: &str) -> Option<String> {
    let blanks = text.replace('+', " ");
    percent_decode_str(&blanks)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// Collects violations and words them as AWS does.
#[derive(Debug, Default)]
pub(super) struct Violations {
    found: Vec<String>,
}

impl Violations {
    pub(super) fn add(&mut self, value: Option<&str>, member: &str, must: &str) {
        let value = value.map_or_else(
            || "null".to_owned(),
            |value| format!("'{}'", value.chars().take(2_100).collect::<String>()),
        );
        let value = if value == "null" {
            "Value null".to_owned()
        } else {
            format!("Value {value}")
        };
        self.found.push(format!(
            "{value} at '{member}' failed to satisfy constraint: Member must {must}"
        ));
    }

    /// A text within length bounds made of permitted characters.
    pub(super) fn text(
        &mut self,
        value: &str,
        member: &str,
        (least, most): (usize, usize),
        (permitted, pattern): (fn(char) -> bool, &str),
    ) {
        let length = value.chars().count();
        if length < least {
            self.add(
                Some(value),
                member,
                &format!("have length greater than or equal to {least}"),
            );
        }
        if length > most {
            self.add(
                Some(value),
                member,
                &format!("have length less than or equal to {most}"),
            );
        }
        if !value.chars().all(permitted) {
            self.add(
                Some(value),
                member,
                &format!("satisfy regular expression pattern: {pattern}"),
            );
        }
    }

    pub(super) fn finish(self) -> Result<(), AwsError> {
        match self.found.len() {
            0 => Ok(()),
            count => {
                let plural = if count == 1 { "error" } else { "errors" };
                let message = format!(
                    "{count} validation {plural} detected: {}",
                    self.found.join("; ")
                );
                Err(AwsError::new(400, "ValidationError", message))
            }
        }
    }
}
