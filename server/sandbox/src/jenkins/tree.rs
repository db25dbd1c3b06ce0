//! Stapler's `tree=` language: `builds[number,actions[parameters[name]]]{0,50}`. It is applied for real, so a caller
//! that forgets to name a field does not get it, exactly as with the real thing.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A parsed expression: which properties of an object are wanted, and how far down.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tree {
    children: BTreeMap<String, Branch>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Branch {
    tree: Tree,
    range: Option<(usize, usize)>,
}

/// The expression does not parse. Stapler lets this escape as an exception, hence a 500 page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub String);

impl Tree {
    /// Parses one `tree` parameter.
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        let mut parser = Parser {
            rest: text.trim(),
            whole: text,
        };
        let tree = parser.list()?;
        if parser.rest.is_empty() {
            Ok(tree)
        } else {
            Err(parser.malformed())
        }
    }

    /// Keeps what is wanted of `value`. `_class` always stays: Stapler writes it before any property.
    pub(crate) fn prune(&self, value: &Value) -> Value {
        match value {
            Value::Object(object) => {
                let mut kept = Map::new();
                for (name, inner) in object {
                    if name == "_class" {
                        kept.insert(name.clone(), inner.clone());
                    } else if let Some(branch) =
                        self.children.get(name).or_else(|| self.children.get("*"))
                    {
                        kept.insert(name.clone(), branch.prune(inner));
                    }
                }
                Value::Object(kept)
            }
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.prune(item)).collect())
            }
            plain => plain.clone(),
        }
    }
}

impl Branch {
    fn prune(&self, value: &Value) -> Value {
        match (value, self.range) {
            (Value::Array(items), Some((from, to))) => Value::Array(
                items
                    .iter()
                    .take(to)
                    .skip(from)
                    .map(|item| self.tree.prune(item))
                    .collect(),
            ),
            _ => self.tree.prune(value),
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    whole: &'a str,
}

impl Parser<'_> {
    fn malformed(&self) -> Malformed {
        Malformed(self.whole.to_owned())
    }

    fn eat(&mut self, expected: char) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn list(&mut self) -> Result<Tree, Malformed> {
        let mut tree = Tree::default();
        loop {
            let end = self
                .rest
                .find(['[', ']', '{', '}', ','])
                .unwrap_or(self.rest.len());
            let name = self.rest.get(..end).unwrap_or_default().trim().to_owned();
            if name.is_empty() {
                return Err(self.malformed());
            }
            self.rest = self.rest.get(end..).unwrap_or_default();
            let mut branch = Branch::default();
            if self.eat('[') {
                branch.tree = self.list()?;
                if !self.eat(']') {
                    return Err(self.malformed());
                }
            }
            if self.eat('{') {
                branch.range = Some(self.range()?);
            }
            tree.children.insert(name, branch);
            if !self.eat(',') {
                return Ok(tree);
            }
        }
    }

    /// `{M,N}` from M to N exclusive, `{M,}` from M, `{,N}` up to N, `{N}` only the Nth.
    fn range(&mut self) -> Result<(usize, usize), Malformed> {
        let Some((inside, rest)) = self.rest.split_once('}') else {
            return Err(self.malformed());
        };
        let number = |text: &str, absent: usize| -> Result<usize, Malformed> {
            let text = text.trim();
            if text.is_empty() {
                Ok(absent)
            } else {
                text.parse().map_err(|_| self.malformed())
            }
        };
        let range = if let Some((from, to)) = inside.split_once(',') {
            (number(from, 0)?, number(to, usize::MAX)?)
        } else {
            let only: usize = inside.trim().parse().map_err(|_| self.malformed())?;
            (only, only.saturating_add(1))
        };
        self.rest = rest.trim_start();
        Ok(range)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keeps_only_what_is_named() -> Result<(), Malformed> {
        let builds: Vec<Value> = (0..5)
            .map(|n| json!({"_class": "run", "number": n, "url": "u", "actions": [{"_class": "a", "parameters": [{"name": "X", "value": n}]}]}))
            .collect();
        let job = json!({"_class": "job", "name": "j", "builds": builds});
        let cases = [
            ("name", json!({"_class": "job", "name": "j"})),
            (
                "builds[number]{1,3}",
                json!({"_class": "job", "builds": [{"_class": "run", "number": 1}, {"_class": "run", "number": 2}]}),
            ),
            (
                "builds{0}",
                json!({"_class": "job", "builds": [{"_class": "run"}]}),
            ),
            (
                "builds[number]{,1},name",
                json!({"_class": "job", "name": "j", "builds": [{"_class": "run", "number": 0}]}),
            ),
            (
                "builds[actions[parameters[name]]]{4,}",
                json!({"_class": "job", "builds": [{"_class": "run", "actions": [{"_class": "a", "parameters": [{"name": "X"}]}]}]}),
            ),
            ("absent", json!({"_class": "job"})),
        ];
        for (expression, expected) in cases {
            assert_eq!(
                Tree::parse(expression)?.prune(&job),
                expected,
                "{expression}"
            );
        }
        assert_eq!(
            Tree::parse("*")?.prune(&json!({"a": 1, "b": {"c": 2}})),
            json!({"a": 1, "b": {}})
        );
        Ok(())
    }

    #[test]
    fn refuses_what_does_not_parse() {
        for bad in ["", "a[", "a[b", "a]", "a,", "a{x}", "a{1", "[b]"] {
            assert!(Tree::parse(bad).is_err(), "{bad}");
        }
    }
}
