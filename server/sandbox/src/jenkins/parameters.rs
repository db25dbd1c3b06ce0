//! Build parameters: what a job declares, and how a submitted form becomes values. Undeclared names vanish without a
//! word and a value that is no choice is an uncaught exception: both are Jenkins' own behaviour.

use serde_json::{Value, json};

/// What kind of value a parameter takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Free text; `trim` strips white space.
    Text { trim: bool },
    /// `true` or `false`.
    Boolean,
    /// One of a list; the first is the default.
    Choice(Vec<String>),
    /// Text that no answer ever shows again.
    Password,
}

/// One declared parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    pub name: String,
    pub kind: Kind,
    pub description: String,
    pub default: String,
}

/// One value given to a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    pub kind: Kind,
    pub value: String,
}

/// Jenkins throws `IllegalArgumentException` and catches it nowhere: the caller sees a 500 page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IllegalArgument(pub String);

impl Definition {
    /// A free text parameter with an empty default.
    pub fn text(name: &str, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: Kind::Text { trim: false },
            description: description.to_owned(),
            default: String::new(),
        }
    }

    /// A password parameter with an empty default.
    pub fn password(name: &str, description: &str) -> Self {
        Self {
            kind: Kind::Password,
            ..Self::text(name, description)
        }
    }

    fn value(&self, submitted: Option<&str>) -> Result<String, IllegalArgument> {
        let Some(text) = submitted else {
            return Ok(match &self.kind {
                Kind::Choice(choices) if self.default.is_empty() => {
                    choices.first().cloned().unwrap_or_default()
                }
                _ => self.default.clone(),
            });
        };
        match &self.kind {
            Kind::Text { trim: true } => Ok(text.trim().to_owned()),
            Kind::Text { trim: false } | Kind::Password => Ok(text.to_owned()),
            Kind::Boolean => Ok(text.eq_ignore_ascii_case("true").to_string()),
            Kind::Choice(choices) if choices.iter().any(|choice| choice == text) => {
                Ok(text.to_owned())
            }
            Kind::Choice(_) => Err(IllegalArgument(format!(
                "Illegal choice for parameter {}: {text}",
                self.name
            ))),
        }
    }

    /// As `parameterDefinitions` of the job shows it.
    pub fn json(&self) -> Value {
        let (definition, value, kind) = match &self.kind {
            Kind::Text { .. } => (
                "StringParameterDefinition",
                "StringParameterValue",
                "String",
            ),
            Kind::Boolean => (
                "BooleanParameterDefinition",
                "BooleanParameterValue",
                "Boolean",
            ),
            Kind::Choice(_) => (
                "ChoiceParameterDefinition",
                "StringParameterValue",
                "Choice",
            ),
            Kind::Password => (
                "PasswordParameterDefinition",
                "PasswordParameterValue",
                "Password",
            ),
        };
        let mut default = json!({"_class": format!("hudson.model.{value}"), "name": self.name});
        if self.kind != Kind::Password {
            let shown = self.value(None).unwrap_or_default();
            default["value"] = if self.kind == Kind::Boolean {
                Value::Bool(shown == "true")
            } else {
                Value::String(shown)
            };
        }
        let mut json = json!({
            "_class": format!("hudson.model.{definition}"),
            "name": self.name,
            "type": format!("{kind}ParameterDefinition"),
            "description": self.description,
            "defaultParameterValue": default,
        });
        if let Kind::Choice(choices) = &self.kind {
            json["choices"] = json!(choices);
        }
        json
    }
}

impl Parameter {
    /// As the build's `actions` show it. A password has a name and nothing else.
    pub fn json(&self) -> Value {
        let class = match self.kind {
            Kind::Text { .. } | Kind::Choice(_) => "hudson.model.StringParameterValue",
            Kind::Boolean => "hudson.model.BooleanParameterValue",
            Kind::Password => "hudson.model.PasswordParameterValue",
        };
        match self.kind {
            Kind::Password => json!({"_class": class, "name": self.name}),
            Kind::Boolean => {
                json!({"_class": class, "name": self.name, "value": self.value == "true"})
            }
            _ => json!({"_class": class, "name": self.name, "value": self.value}),
        }
    }
}

/// Reads a submitted form against what the job declares.
pub(crate) fn read(
    definitions: &[Definition],
    form: &[(String, String)],
) -> Result<Vec<Parameter>, IllegalArgument> {
    definitions
        .iter()
        .map(|definition| {
            let given: Vec<&str> = form
                .iter()
                .filter(|(name, _)| *name == definition.name)
                .map(|(_, value)| value.as_str())
                .collect();
            if given.len() > 1 {
                return Err(IllegalArgument(format!(
                    "Illegal number of parameter values for {}: {}",
                    definition.name,
                    given.len()
                )));
            }
            Ok(Parameter {
                name: definition.name.clone(),
                kind: definition.kind.clone(),
                value: definition.value(given.first().copied())?,
            })
        })
        .collect()
}

/// The `params` text of a queue item: one `NAME=value` a line, each line begun by its line break, passwords as stars.
pub(crate) fn text(parameters: &[Parameter]) -> String {
    let mut text = String::new();
    for parameter in parameters {
        text.push('\n');
        text.push_str(&parameter.name);
        text.push('=');
        text.push_str(if parameter.kind == Kind::Password {
            "****"
        } else {
            &parameter.value
        });
    }
    text
}
