//! From an authenticated request to an answer of one cluster.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::address::{Address, Kind};
use super::admission;
use super::cluster::Cluster;
use super::lifecycle;
use super::objects::{self, count, text};
use super::patch::Format;
use super::rbac::User;
use super::selector::Selector;
use super::status::Refusal;

/// What was asked of a cluster.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) address: Address,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

/// A watch to stream.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) kind: Kind,
    pub(crate) selector: Selector,
    /// Continue after this version; without it the present objects come first.
    pub(crate) from: Option<u64>,
    pub(crate) timeout_s: u64,
    pub(crate) bookmarks: bool,
}

/// An answer.
#[derive(Debug)]
pub(crate) enum Answer {
    Json(Value),
    Created(Value),
    Watch(Watch),
}

impl Asked {
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.query.get(name).map(String::as_str), Some("true" | "1"))
    }

    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The verb that RBAC judges.
    pub(crate) fn verb(&self) -> &'static str {
        let one = self.address.name.is_some() || self.address.resource.is_empty();
        match (self.method.as_str(), one) {
            ("GET" | "HEAD", true) => "get",
            ("GET" | "HEAD", false) if self.flag("watch") => "watch",
            ("GET" | "HEAD", false) => "list",
            ("PATCH", _) => "patch",
            ("PUT", _) => "update",
            ("DELETE", true) => "delete",
            ("DELETE", false) => "deletecollection",
            _ => "create",
        }
    }
}

/// Serves one request. RBAC decides before anybody learns what exists.
pub(crate) fn serve(
    cluster: &mut Cluster,
    user: &User,
    asked: &Asked,
    version: &str,
    now: i64,
) -> Result<Answer, Refusal> {
    let (address, verb) = (&asked.address, asked.verb());
    if address.path == "/version" && verb == "get" {
        let (major, minor) = version.split_once('.').unwrap_or(("1", version));
        let git = format!("v{version}.4-eks-bd3a2c1");
        return Ok(Answer::Json(json!({
            "major": major, "minor": minor, "gitVersion": git, "gitCommit": "", "gitTreeState": "clean", "buildDate": "",
            "goVersion": "go1.24.6", "compiler": "gc", "platform": "linux/amd64",
        })));
    }
    if !user.may(verb, address, &cluster.namespace) {
        return Err(Refusal::forbidden(&user.name, verb, address));
    }
    if address.resource == "namespaces" {
        return Ok(Answer::Json(namespace(&cluster.namespace)));
    }
    let kind = address.kind().ok_or_else(Refusal::no_such_path)?;
    match (verb, address.subresource.as_deref()) {
        ("get", None) => Ok(Answer::Json(found(cluster, kind, address)?)),
        ("list", None) => list(cluster, kind, asked).map(Answer::Json),
        ("watch", None) => watch(kind, asked).map(Answer::Watch),
        ("patch", None) if kind == Kind::Deployment => {
            patch(cluster, user, asked, now).map(Answer::Json)
        }
        ("create", None) if kind == Kind::Deployment && address.name.is_none() => {
            lifecycle::create(cluster, user, asked, now).map(Answer::Created)
        }
        ("delete", None) if kind == Kind::Deployment => {
            lifecycle::delete(cluster, user, asked, now).map(Answer::Json)
        }
        ("get", Some("scale")) => Ok(Answer::Json(scale_of(&found(cluster, kind, address)?))),
        ("patch" | "update", Some("scale")) => scale(cluster, asked, now).map(Answer::Json),
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": name, "uid": "5f0d9a54-6a5c-4c51-9a0e-0f6f3e1d9c10", "resourceVersion": "1024",
            "creationTimestamp": "2026-01-12T08:00:00Z", "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    })
}

pub(crate) fn found(cluster: &Cluster, kind: Kind, address: &Address) -> Result<Value, Refusal> {
    let name = address.name.as_deref().unwrap_or_default();
    cluster
        .store
        .get(kind, &cluster.namespace, name)
        .cloned()
        .ok_or_else(|| Refusal::not_found(address))
}

fn selector(kind: Kind, asked: &Asked) -> Result<Selector, Refusal> {
    Selector::parse(
        kind,
        asked.parameter("labelSelector"),
        asked.parameter("fieldSelector"),
    )
    .map_err(Refusal::bad_request)
}

fn list(cluster: &Cluster, kind: Kind, asked: &Asked) -> Result<Value, Refusal> {
    let selector = selector(kind, asked)?;
    let (version, start) = match asked.parameter("continue") {
        "" => (cluster.store.version(), String::new()),
        token => continued(token)?,
    };
    if version < cluster.store.oldest() {
        return Err(Refusal::expired(
            "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.",
        ));
    }
    let limit = match asked.parameter("limit") {
        "" | "0" => usize::MAX,
        text => text.parse().map_err(|_| {
            Refusal::bad_request(format!(
                "strconv.ParseInt: parsing \"{text}\": invalid syntax"
            ))
        })?,
    };
    let mut rest = cluster
        .store
        .list(kind, &cluster.namespace)
        .filter(|object| {
            text(object, "/metadata/name") > start.as_str() && selector.matches(object)
        });
    let items: Vec<Value> = rest.by_ref().take(limit).map(bare).collect();
    let more = rest.count();
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if let (true, Some(last)) = (more > 0, items.last()) {
        let token = json!({"rv": version, "start": text(last, "/metadata/name")}).to_string();
        metadata["continue"] = json!(URL_SAFE_NO_PAD.encode(token));
        if selector.is_empty() {
            metadata["remainingItemCount"] = json!(more);
        }
    }
    Ok(json!({
        "kind": format!("{}List", kind.name()), "apiVersion": kind.api_version(), "metadata": metadata, "items": items,
    }))
}

/// Items of a list carry neither kind nor version: the list does.
fn bare(object: &Value) -> Value {
    let mut object = object.clone();
    if let Value::Object(fields) = &mut object {
        fields.remove("kind");
        fields.remove("apiVersion");
    }
    object
}

fn continued(token: &str) -> Result<(u64, String), Refusal> {
    let bad = || Refusal::bad_request("continue key is not valid: the token could not be decoded");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| bad())?;
    let token: Value = serde_json::from_slice(&bytes).map_err(|_| bad())?;
    let version = token["rv"].as_u64().ok_or_else(bad)?;
    Ok((version, text(&token, "/start").to_owned()))
}

fn watch(kind: Kind, asked: &Asked) -> Result<Watch, Refusal> {
    let from = match asked.parameter("resourceVersion") {
        "" | "0" => None,
        text => {
            let words = || {
                format!(
                    "resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
                )
            };
            Some(text.parse().map_err(|_| Refusal::bad_request(words()))?)
        }
    };
    Ok(Watch {
        kind,
        selector: selector(kind, asked)?,
        from,
        timeout_s: asked.parameter("timeoutSeconds").parse().unwrap_or(1_800),
        bookmarks: asked.flag("allowWatchBookmarks"),
    })
}

/// The patch of the body, applied.
fn patched(asked: &Asked, object: &Value) -> Result<Value, Refusal> {
    let format = Format::of(&asked.content_type).ok_or_else(Refusal::unsupported_media_type)?;
    let patch: Value = serde_json::from_slice(&asked.body)
        .map_err(|error| Refusal::bad_request(format!("error decoding patch: {error}")))?;
    format.apply(object, &patch).map_err(|words| match format {
        Format::Json => Refusal::invalid(&asked.address, "", "patch", &words),
        Format::Merge | Format::Strategic => Refusal::bad_request(words),
    })
}

fn patch(cluster: &mut Cluster, user: &User, asked: &Asked, now: i64) -> Result<Value, Refusal> {
    let address = &asked.address;
    let before = found(cluster, Kind::Deployment, address)?;
    let mut after = patched(asked, &before)?;
    if after["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"] {
        return Err(Refusal::conflict(address));
    }
    check(&before, &after, address)?;
    admission::review(user, Some(&before), Some(&after), address)?;
    // What only the server writes stays as it was.
    for field in ["uid", "creationTimestamp", "generation"] {
        after["metadata"][field] = before["metadata"][field].clone();
    }
    after["status"] = before["status"].clone();
    if after["spec"] != before["spec"] {
        after["metadata"]["generation"] = json!(count(&before, "/metadata/generation") + 1);
    }
    if asked.parameter("dryRun") == "All" {
        return Ok(after);
    }
    Ok(cluster.put_deployment(after, now))
}

/// The rules of the API types that a patch can break.
fn check(before: &Value, after: &Value, address: &Address) -> Result<(), Refusal> {
    let invalid = |field: &str, why: &str| Err(Refusal::invalid(address, "Deployment", field, why));
    for field in ["name", "namespace"] {
        if after["metadata"][field] != before["metadata"][field] {
            return invalid(
                &format!("metadata.{field}"),
                "Invalid value: field is immutable",
            );
        }
    }
    for field in ["apiVersion", "kind"] {
        if after[field] != before[field] {
            return Err(Refusal::bad_request(format!(
                "the {field} in the data does not match the expected {field}"
            )));
        }
    }
    if after["spec"]["selector"] != before["spec"]["selector"] {
        return invalid("spec.selector", "Invalid value: field is immutable");
    }
    lifecycle::valid(after, address)
}

fn scale_of(deployment: &Value) -> Value {
    let labels = deployment["spec"]["selector"]["matchLabels"].as_object();
    let selector: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let metadata = &deployment["metadata"];
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"], "creationTimestamp": metadata["creationTimestamp"]},
        "spec": {"replicas": deployment["spec"]["replicas"]},
        "status": {"replicas": objects::count(deployment, "/status/replicas"), "selector": selector.join(",")},
    })
}

fn scale(cluster: &mut Cluster, asked: &Asked, now: i64) -> Result<Value, Refusal> {
    let address = &asked.address;
    let mut deployment = found(cluster, Kind::Deployment, address)?;
    let before = scale_of(&deployment);
    let after = if asked.method == "PUT" {
        serde_json::from_slice(&asked.body)
            .map_err(|error| Refusal::bad_request(format!("error decoding: {error}")))?
    } else {
        patched(asked, &before)?
    };
    let version = text(&after, "/metadata/resourceVersion");
    if !version.is_empty() && version != text(&before, "/metadata/resourceVersion") {
        return Err(Refusal::conflict(address));
    }
    // An absent number is zero, as in Go.
    let replicas = after["spec"].get("replicas").map_or(Some(0), Value::as_i64);
    let Some(replicas) = replicas.filter(|replicas| (0..=i64::from(i32::MAX)).contains(replicas))
    else {
        return Err(Refusal::invalid(
            address,
            "Scale",
            "spec.replicas",
            "Invalid value: must be greater than or equal to 0",
        ));
    };
    if deployment["spec"]["replicas"] != json!(replicas) {
        deployment["spec"]["replicas"] = json!(replicas);
        deployment["metadata"]["generation"] =
            json!(count(&deployment, "/metadata/generation") + 1);
        deployment = cluster.put_deployment(deployment, now);
    }
    Ok(scale_of(&deployment))
}
