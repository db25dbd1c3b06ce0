//! `PORTOLAN_*` variables as a layer of the configuration.
//!
//! figment's own reader guesses types, so a secret of digits would lose its
//! leading zeros. Here every value stays the text it is; who reads it knows the type.

use figment::{
    Error, Metadata, Profile, Provider,
    value::{Dict, Map, Value},
};

pub(super) const PREFIX: &str = "PORTOLAN_";

/// Variables whose name starts with `PORTOLAN_`; `__` separates levels.
#[derive(Clone)]
pub(super) struct Variables(Vec<(Vec<String>, String)>);

impl Variables {
    pub(super) fn new(all: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours = all.into_iter().filter_map(|(name, text)| {
            // Says where the file is, and so cannot stand in it.
            let path = name.strip_prefix(PREFIX).filter(|p| *p != "CONFIG")?;
            Some((
                path.to_lowercase().split("__").map(str::to_owned).collect(),
                text,
            ))
        });
        Self(ours.collect())
    }
}

/// The variable that a configuration key is overridden by.
pub(super) fn name_of(path: &str) -> String {
    format!("{PREFIX}{}", path.to_uppercase().replace('.', "__"))
}

impl Provider for Variables {
    fn metadata(&self) -> Metadata {
        Metadata::named("variable")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut root = Dict::new();
        for (path, text) in &self.0 {
            insert(&mut root, path, text);
        }
        Ok(Profile::Default.collect(root))
    }
}

fn insert(into: &mut Dict, path: &[String], text: &str) {
    match path {
        [] => {}
        [last] => {
            into.insert(last.clone(), Value::from(text));
        }
        [first, rest @ ..] => {
            let below = into
                .entry(first.clone())
                .or_insert_with(|| Value::from(Dict::new()));
            if !matches!(below, Value::Dict(..)) {
                // Both `PORTOLAN_A` and `PORTOLAN_A__B`: the deeper one stands and the reader refuses what is unknown.
                *below = Value::from(Dict::new());
            }
            if let Value::Dict(_, dict) = below {
                insert(dict, rest, text);
            }
        }
    }
}
