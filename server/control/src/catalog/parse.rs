//! Reading Backstage-format `catalog-info.yaml`. A bad entity is reported with
//! file, line and field and does not stop the good ones.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use domain::{ServiceName, TeamName, TierName, writing};
use serde::{Deserialize, Serialize};
use serde_saphyr::{Spanned, options::Options};
use url::Url;

/// The largest catalogue file, in bytes.
pub const MAX_FILE: usize = 8 * 1024 * 1024;
/// The largest single document in a file, in bytes.
const MAX_DOCUMENT: usize = 256 * 1024;

/// Something in a catalogue file that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub file: String,
    pub line: Option<u32>,
    pub field: Option<String>,
    pub message: String,
}

/// A link shown with a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub title: String,
    pub url: String,
}

/// A Component, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEntity {
    pub name: ServiceName,
    pub title: String,
    pub description: String,
    pub team: TeamName,
    pub system: Option<String>,
    pub lifecycle: String,
    pub repository: Option<String>,
    pub pipeline: Option<String>,
    pub image: Option<String>,
    /// How much depends on it, for rules to ask about.
    pub tier: Option<String>,
    pub tags: Vec<String>,
    pub links: Vec<Link>,
    pub file: String,
    pub line: u32,
    /// Where its name and its owner stand, for what is wrong with them beyond this file.
    pub name_line: u32,
    pub owner_line: u32,
}

/// A Group, System or Resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherEntity {
    pub kind: &'static str,
    pub name: String,
    pub title: String,
    pub description: String,
    pub owner: Option<String>,
    pub file: String,
    pub line: u32,
    pub name_line: u32,
}

/// What a set of files holds.
#[derive(Debug, Default)]
pub struct Parsed {
    pub services: Vec<ServiceEntity>,
    pub others: Vec<OtherEntity>,
    pub problems: Vec<Problem>,
    /// Not all of the source could be read: what is missing may still be there.
    pub incomplete: bool,
    /// (kind, name) → where it was first defined.
    seen: HashMap<(&'static str, String), (String, u32)>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "apiVersion")]
    api_version: Option<Spanned<String>>,
    kind: Option<Spanned<String>>,
    metadata: Option<Metadata>,
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize)]
struct Metadata {
    name: Option<Spanned<String>>,
    title: Option<Spanned<String>>,
    description: Option<Spanned<String>>,
    #[serde(default)]
    annotations: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    tags: Vec<Spanned<String>>,
    #[serde(default)]
    links: Vec<RawLink>,
}

#[derive(Deserialize)]
struct RawLink {
    url: Spanned<String>,
    title: Option<Spanned<String>>,
}

#[derive(Deserialize, Default)]
struct Spec {
    owner: Option<Spanned<String>>,
    system: Option<Spanned<String>>,
    lifecycle: Option<Spanned<String>>,
}

impl Parsed {
    /// Reads one file into this.
    pub fn read(&mut self, file: &str, text: &str) {
        if text.len() > MAX_FILE {
            let message = format!(
                "the file has {} bytes; a catalogue file has at most {MAX_FILE}. Split it.",
                text.len()
            );
            self.problems.push(Problem {
                file: file.into(),
                line: None,
                field: None,
                message,
            });
            return;
        }
        let documents: Vec<_> = documents(text)
            .into_iter()
            .filter(|(_, document)| !is_blank(document))
            .collect();
        if documents.is_empty() {
            // Its services may be gone, or its text: only a file that says something lets go.
            self.problems.push(Problem {
                file: file.into(),
                line: None,
                field: None,
                message: "holds no entity. What it had is kept; remove the file, or the entity from a file with others, to let go of it.".into(),
            });
        }
        for (first_line, document) in documents {
            let mut reader = Reader {
                file,
                first_line,
                problems: &mut self.problems,
            };
            let Some(entity) = reader.entity(document) else {
                continue;
            };
            let (kind, name, line) = match &entity {
                Entity::Service(s) => ("service", s.name.to_string(), s.line),
                Entity::Other(o) => (o.kind, o.name.clone(), o.line),
            };
            match self.seen.entry((kind, name)) {
                Entry::Occupied(first) => {
                    let (file, at) = first.get();
                    let message = format!(
                        "the {kind} '{}' is already defined in {file} line {at}; this one is ignored",
                        first.key().1
                    );
                    reader.problem(line, "metadata.name", message);
                }
                Entry::Vacant(free) => {
                    free.insert((file.to_owned(), line));
                    match entity {
                        Entity::Service(service) => self.services.push(*service),
                        Entity::Other(other) => self.others.push(other),
                    }
                }
            }
        }
    }

    /// A source without anything of ours lets go of nothing: it is likelier to be broken than meant.
    pub fn expect_something(&mut self, place: &str) {
        if self.services.is_empty() && self.others.is_empty() {
            self.incomplete = true;
            if self.problems.is_empty() {
                self.problems.push(Problem {
                    file: printable(place),
                    line: None,
                    field: None,
                    message: "holds no Component, System, Group or Resource. Nothing was changed."
                        .into(),
                });
            }
        }
    }
}

/// Nothing but space and comments.
fn is_blank(text: &str) -> bool {
    text.lines()
        .all(|l| l.trim().is_empty() || l.trim_start().starts_with('#'))
}

/// The documents of a file with the line each starts at. `---` at the start of a line
/// ends a document in any YAML, also inside a block scalar, so no parser is needed for it.
fn documents(text: &str) -> Vec<(u32, &str)> {
    let (mut found, mut start, mut first_line, mut offset) = (vec![], 0, 1u32, 0);
    for (n, line) in (1u32..).zip(text.split_inclusive('\n')) {
        let rest = line.strip_prefix("---");
        if rest.is_some_and(|r| r.is_empty() || r.starts_with([' ', '\t', '\r', '\n'])) {
            found.push((first_line, &text[start..offset]));
            (start, first_line) = (offset + 3, n);
        }
        offset += line.len();
    }
    found.push((first_line, &text[start..]));
    found
}

enum Entity {
    Service(Box<ServiceEntity>),
    Other(OtherEntity),
}

struct Reader<'a> {
    file: &'a str,
    first_line: u32,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, line: u32, field: &str, message: impl Into<String>) {
        let field = (!field.is_empty()).then(|| field.to_owned());
        self.problems.push(Problem {
            file: self.file.into(),
            line: Some(line),
            field,
            message: printable(&message.into()),
        });
    }

    /// The line in the file of a value in this document.
    fn line<T>(&self, value: &Spanned<T>) -> u32 {
        let line = u32::try_from(value.referenced.line()).unwrap_or(1);
        self.first_line + line.saturating_sub(1)
    }

    fn entity(&mut self, text: &str) -> Option<Entity> {
        if text.len() > MAX_DOCUMENT {
            self.problem(
                self.first_line,
                "",
                format!(
                    "one document has at most {MAX_DOCUMENT} bytes; this has {}",
                    text.len()
                ),
            );
            return None;
        }
        let document: Document = match serde_saphyr::from_str_with_options(text, options()) {
            Ok(document) => document,
            Err(error) => {
                let error = error.without_snippet();
                let line = error
                    .location()
                    .map_or(1, |at| u32::try_from(at.line()).unwrap_or(1));
                self.problem(
                    self.first_line + line.saturating_sub(1),
                    "",
                    in_words(&error.to_string()),
                );
                return None;
            }
        };
        let start = self.first_line;
        match &document.api_version {
            Some(v) if v.value == "backstage.io/v1alpha1" || v.value == "backstage.io/v1beta1" => {}
            Some(v) => {
                let (line, message) = (
                    self.line(v),
                    format!("'{}' is not known; expected backstage.io/v1alpha1", v.value),
                );
                self.problem(line, "apiVersion", message);
                return None;
            }
            None => {
                self.problem(
                    start,
                    "apiVersion",
                    "missing; expected backstage.io/v1alpha1",
                );
                return None;
            }
        }
        let Some(kind) = document.kind else {
            self.problem(
                start,
                "kind",
                "missing; expected Component, System, Group or Resource",
            );
            return None;
        };
        let Some(metadata) = document.metadata else {
            self.problem(start, "metadata", "missing; an entity needs metadata.name");
            return None;
        };
        match kind.value.as_str() {
            "Component" => self
                .service(&metadata, &document.spec)
                .map(|s| Entity::Service(Box::new(s))),
            "System" => self.other("system", &metadata, &document.spec),
            "Group" => self.other("group", &metadata, &document.spec),
            "Resource" => self.other("resource", &metadata, &document.spec),
            // Backstage has more kinds; they are none of ours and no mistake.
            "API" | "User" | "Domain" | "Location" | "Template" => None,
            unknown => {
                let line = self.line(&kind);
                self.problem(line, "kind", format!("'{unknown}' is no kind of entity; expected Component, System, Group or Resource"));
                None
            }
        }
    }

    fn service(&mut self, metadata: &Metadata, spec: &Spec) -> Option<ServiceEntity> {
        let start = self.first_line;
        let name = self.required(metadata.name.as_ref(), "metadata.name", |t| {
            ServiceName::parse(t).map_err(|e| e.to_string())
        });
        let team = self.required(spec.owner.as_ref(), "spec.owner", |t| {
            let t = t.strip_prefix("group:").unwrap_or(t);
            TeamName::parse(t.strip_prefix("default/").unwrap_or(t)).map_err(|e| e.to_string())
        });
        let title = self.text(metadata.title.as_ref(), "metadata.title", 200);
        let description = self.text(metadata.description.as_ref(), "metadata.description", 4_000);
        let system = self.text(spec.system.as_ref(), "spec.system", 63);
        let lifecycle = self.text(spec.lifecycle.as_ref(), "spec.lifecycle", 40);
        let annotation = |names: &[&str]| {
            names.iter().find_map(|n| {
                metadata
                    .annotations
                    .get(*n)
                    .map(|v| (format!("metadata.annotations.{n}"), v))
            })
        };
        let pipeline = annotation(&["jenkins.io/job-full-name"])
            .and_then(|(field, v)| self.checked(v, &field, pipeline));
        let image = annotation(&["portolan/ecr-repository"])
            .and_then(|(field, v)| self.checked(v, &field, repository));
        let tier = annotation(&["portolan/tier"]).and_then(|(field, v)| {
            self.checked(v, &field, |t| {
                TierName::parse(t)
                    .map(|tier| tier.to_string())
                    .map_err(|e| e.to_string())
            })
        });
        let source = annotation(&["backstage.io/source-location", "backstage.io/view-url"])
            .and_then(|(field, v)| self.checked(v, &field, web_address));
        let slug = annotation(&["github.com/project-slug"])
            .map(|(_, v)| v.value.clone())
            .filter(|s| {
                s.split('/').count() == 2
                    && s.bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b))
            });
        let tags = metadata
            .tags
            .iter()
            .filter_map(|t| self.text(Some(t), "metadata.tags", 63))
            .take(50)
            .collect();
        let mut links = vec![];
        for link in metadata.links.iter().take(50) {
            if let Some(url) = self.checked(&link.url, "metadata.links.url", web_address) {
                let title = self
                    .text(link.title.as_ref(), "metadata.links.title", 200)
                    .unwrap_or_else(|| url.clone());
                links.push(Link { title, url });
            }
        }
        // A bad link or tag is reported and left out; a bad name or owner leaves nothing to show.
        let (name, team) = (name?, team?);
        Some(ServiceEntity {
            title: title.unwrap_or_else(|| name.to_string()),
            description: description.unwrap_or_default(),
            system: system.map(|s| s.strip_prefix("system:").unwrap_or(&s).to_owned()),
            lifecycle: lifecycle.unwrap_or_else(|| "production".into()),
            repository: source.or_else(|| slug.map(|s| format!("https://github.com/{s}"))),
            pipeline,
            image,
            tier,
            tags,
            links,
            file: self.file.into(),
            line: start,
            name_line: metadata.name.as_ref().map_or(start, |v| self.line(v)),
            owner_line: spec.owner.as_ref().map_or(start, |v| self.line(v)),
            name,
            team,
        })
    }

    fn other(&mut self, kind: &'static str, metadata: &Metadata, spec: &Spec) -> Option<Entity> {
        let name = self.required(metadata.name.as_ref(), "metadata.name", |t| {
            ServiceName::parse(t)
                .map(|n| n.to_string())
                .map_err(|e| e.to_string())
        })?;
        Some(Entity::Other(OtherEntity {
            kind,
            title: self
                .text(metadata.title.as_ref(), "metadata.title", 200)
                .unwrap_or_else(|| name.clone()),
            description: self
                .text(metadata.description.as_ref(), "metadata.description", 4_000)
                .unwrap_or_default(),
            owner: self.text(spec.owner.as_ref(), "spec.owner", 63),
            name,
            file: self.file.into(),
            line: self.first_line,
            name_line: metadata
                .name
                .as_ref()
                .map_or(self.first_line, |v| self.line(v)),
        }))
    }

    fn required<T>(
        &mut self,
        value: Option<&Spanned<String>>,
        field: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let Some(value) = value else {
            self.problem(self.first_line, field, "missing");
            return None;
        };
        self.checked(value, field, parse)
    }

    fn checked<T>(
        &mut self,
        value: &Spanned<String>,
        field: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        match parse(&value.value) {
            Ok(parsed) => Some(parsed),
            Err(why) => {
                let line = self.line(value);
                self.problem(line, field, why);
                None
            }
        }
    }

    fn text(&mut self, value: Option<&Spanned<String>>, field: &str, max: usize) -> Option<String> {
        self.checked(value?, field, |t| {
            if t.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
                Err("may not contain control characters".into())
            } else if writing::turns(t) {
                Err(writing::TURNS.into())
            } else if t.chars().count() > max {
                Err(format!("at most {max} characters"))
            } else {
                Ok(t.trim().to_owned())
            }
        })
        .filter(|t| writing::is_readable(t))
    }
}

/// What is quoted from a file, safe to store and to show.
fn printable(text: &str) -> String {
    let clean = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(clean).take(400).collect()
}

const MAX_NODES: usize = 20_000;
const MAX_ALIASES: usize = 100;
const MAX_ANCHORS: usize = 50;
const MAX_DEPTH: usize = 32;

/// Bounds on what a document may make the parser do: aliases cannot multiply.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MAX_NODES, max_aliases: MAX_ALIASES, max_anchors: MAX_ANCHORS, max_depth: MAX_DEPTH, max_documents: 1
        },
    }
}

/// The parser's message, its budget in the words of somebody who writes catalogues.
fn in_words(message: &str) -> String {
    let Some((_, breach)) = message.split_once("budget breached: ") else {
        return message.to_owned();
    };
    let has = |what: &str| breach.starts_with(what);
    let found = if has("Nodes") {
        format!("has more than {MAX_NODES} values")
    } else if has("Alias") {
        format!("has more than {MAX_ALIASES} aliases ('*name')")
    } else if has("Anchors") {
        format!("has more than {MAX_ANCHORS} anchors ('&name')")
    } else if has("Depth") {
        format!("is nested more than {MAX_DEPTH} levels deep")
    } else {
        "is larger than any catalogue entry".to_owned()
    };
    format!("this document {found}, so it was not read")
}

/// An address that is safe to put into a link.
fn web_address(text: &str) -> Result<String, String> {
    let address = text.strip_prefix("url:").unwrap_or(text);
    match Url::parse(address) {
        Ok(url) if matches!(url.scheme(), "https" | "http") && url.has_host() => {
            Ok(url.to_string())
        }
        _ => Err(format!(
            "'{}' is not an http or https address",
            address.chars().take(80).collect::<String>()
        )),
    }
}

fn pipeline(text: &str) -> Result<String, String> {
    let fine = (1..=400).contains(&text.len())
        && text
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
        && !text.chars().any(|c| c.is_control() || "?#\\<>".contains(c));
    if fine {
        Ok(text.to_owned())
    } else {
        Err("expected the full name of a Jenkins job, such as shop/deploy-cart".into())
    }
}

fn repository(text: &str) -> Result<String, String> {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_./".contains(&b);
    if (2..=256).contains(&text.len())
        && text.bytes().all(inner)
        && text.as_bytes()[0].is_ascii_alphanumeric()
    {
        Ok(text.to_owned())
    } else {
        Err("expected the name of an ECR repository without registry, such as shop/cart".into())
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
