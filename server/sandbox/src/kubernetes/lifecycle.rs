//! Deployments are made, and removed with what they own: foreground (the Deployment goes last), background (it goes at
//! once) or orphaned (its `ReplicaSets` and pods stay and belong to nobody).

use serde_json::{Value, json};

use super::address::{Address, Kind};
use super::admission;
use super::cluster::Cluster;
use super::objects::{self, count, text, time};
use super::rbac::User;
use super::server::{Asked, found};
use super::status::Refusal;

/// How a removal treats what the object owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cascade {
    Background,
    Foreground,
    Orphan,
}

/// What only the server sets when none is given.
const DEFAULTS: [(&str, &str); 6] = [
    ("/spec/replicas", "1"),
    ("/spec/revisionHistoryLimit", "10"),
    ("/spec/progressDeadlineSeconds", "600"),
    (
        "/spec/strategy",
        r#"{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%","maxSurge":"25%"}}"#,
    ),
    ("/spec/template/spec/restartPolicy", r#""Always""#),
    ("/spec/template/spec/terminationGracePeriodSeconds", "30"),
];

/// `POST …/deployments`.
pub(crate) fn create(
    cluster: &mut Cluster,
    user: &User,
    asked: &Asked,
    now: i64,
) -> Result<Value, Refusal> {
    let media = asked.content_type.split(';').next().unwrap_or_default();
    if !matches!(media.trim(), "" | "application/json") {
        return Err(Refusal::no_object_type());
    }
    let mut object = decoded(&asked.body)?;
    let address = Address {
        name: Some(text(&object, "/metadata/name").to_owned()),
        ..asked.address.clone()
    };
    named(&object, &address, &cluster.namespace)?;
    object["metadata"]["namespace"] = json!(cluster.namespace);
    for (pointer, value) in DEFAULTS {
        fill(&mut object, pointer, value);
    }
    valid(&object, &address)?;
    objects::fresh(&mut object, now);
    admission::review(user, None, Some(&object), &address)?;
    let name = address.name.as_deref().unwrap_or_default();
    let namespace = cluster.namespace.clone();
    if cluster
        .store
        .get(Kind::Deployment, &namespace, name)
        .is_some()
    {
        return Err(Refusal::already_exists(&address));
    }
    if asked.parameter("dryRun") == "All" {
        return Ok(object);
    }
    Ok(cluster.put_deployment(object, now))
}

fn decoded(body: &[u8]) -> Result<Value, Refusal> {
    let object: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("error decoding: {error}")))?;
    let (kind, version) = (text(&object, "/kind"), text(&object, "/apiVersion"));
    if kind.is_empty() {
        return Err(Refusal::bad_request("Object 'Kind' is missing"));
    }
    if (kind, version) != ("Deployment", "apps/v1") {
        return Err(Refusal::bad_request(format!(
            "{kind} in version \"{version}\" cannot be handled as a Deployment: the object provided is unrecognized"
        )));
    }
    Ok(object)
}

fn named(object: &Value, address: &Address, namespace: &str) -> Result<(), Refusal> {
    let of = text(object, "/metadata/namespace");
    if !of.is_empty() && of != namespace {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if !text(object, "/metadata/resourceVersion").is_empty() {
        return Err(Refusal::internal(
            "resourceVersion should not be set on objects to be created",
        ));
    }
    let name = address.name.as_deref().unwrap_or_default();
    let invalid = |why: &str| {
        Err(Refusal::invalid(
            address,
            "Deployment",
            "metadata.name",
            why,
        ))
    };
    if name.is_empty() {
        return invalid("Required value: name or generateName is required");
    }
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fine = name.len() <= 253
        && name.split('.').all(|part| {
            let ends = [part.bytes().next(), part.bytes().next_back()];
            ends.into_iter().all(|end| end.is_some_and(plain))
                && part.bytes().all(|c| plain(c) || c == b'-')
        });
    if fine {
        Ok(())
    } else {
        invalid(
            "Invalid value: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'",
        )
    }
}

fn fill(object: &mut Value, pointer: &str, default: &str) {
    let Some((above, last)) = pointer.rsplit_once('/') else {
        return;
    };
    if let Some(Value::Object(above)) = object.pointer_mut(above)
        && above.get(last).is_none_or(Value::is_null)
        && let Ok(default) = serde_json::from_str(default)
    {
        above.insert(last.to_owned(), default);
    }
}

/// The rules of the API types for a whole Deployment.
pub(crate) fn valid(object: &Value, address: &Address) -> Result<(), Refusal> {
    let invalid = |field: &str, why: &str| Err(Refusal::invalid(address, "Deployment", field, why));
    let selector = &object["spec"]["selector"];
    let wanted = selector["matchLabels"].as_object();
    let expressions = selector["matchExpressions"].as_array();
    if selector.is_null() {
        return invalid("spec.selector", "Required value");
    }
    if wanted.is_none_or(serde_json::Map::is_empty) && expressions.is_none_or(Vec::is_empty) {
        return invalid(
            "spec.selector",
            "Invalid value: empty selector is invalid for deployment",
        );
    }
    let labels = &object["spec"]["template"]["metadata"]["labels"];
    let misses = wanted
        .into_iter()
        .flatten()
        .any(|(key, value)| labels.get(key) != Some(value));
    if misses
        || !expressions
            .into_iter()
            .flatten()
            .all(|one| fits(one, labels))
    {
        return invalid(
            "spec.template.metadata.labels",
            "Invalid value: `selector` does not match template `labels`",
        );
    }
    for field in ["metadata", "spec.template.metadata"] {
        let pointer = format!("/{}/labels", field.replace('.', "/"));
        let labels = object.pointer(&pointer).and_then(Value::as_object);
        if labels
            .into_iter()
            .flatten()
            .any(|(_, value)| !is_label(value))
        {
            return invalid(
                &format!("{field}.labels"),
                "Invalid value: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'",
            );
        }
    }
    let replicas = object["spec"]["replicas"].as_i64();
    if !replicas.is_some_and(|replicas| (0..=i64::from(i32::MAX)).contains(&replicas)) {
        return invalid(
            "spec.replicas",
            "Invalid value: must be greater than or equal to 0",
        );
    }
    let containers = object["spec"]["template"]["spec"]["containers"].as_array();
    if containers.is_none_or(Vec::is_empty) {
        return invalid("spec.template.spec.containers", "Required value");
    }
    for (index, container) in containers.into_iter().flatten().enumerate() {
        for field in ["name", "image"] {
            if text(container, &format!("/{field}")).is_empty() {
                return invalid(
                    &format!("spec.template.spec.containers[{index}].{field}"),
                    "Required value",
                );
            }
        }
    }
    Ok(())
}

/// One entry of `matchExpressions`. An operator that there is not fits nothing.
fn fits(one: &Value, labels: &Value) -> bool {
    let label = labels.get(text(one, "/key"));
    let among = one["values"]
        .as_array()
        .is_some_and(|values| label.is_some_and(|label| values.contains(label)));
    match text(one, "/operator") {
        "In" => among,
        "NotIn" => !among,
        "Exists" => label.is_some(),
        "DoesNotExist" => label.is_none(),
        _ => false,
    }
}

fn is_label(value: &Value) -> bool {
    let Some(value) = value.as_str() else {
        return false;
    };
    let plain = |c: Option<u8>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    value.len() <= 63
        && plain(value.bytes().next())
        && plain(value.bytes().next_back())
        && value
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c))
}

/// `DELETE …/deployments/<name>`.
pub(crate) fn delete(
    cluster: &mut Cluster,
    user: &User,
    asked: &Asked,
    now: i64,
) -> Result<Value, Refusal> {
    let address = &asked.address;
    let options: Value = if asked.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&asked.body)
            .map_err(|error| Refusal::bad_request(format!("error decoding: {error}")))?
    };
    let cascade = cascade(asked, &options)?;
    let object = found(cluster, Kind::Deployment, address)?;
    for (field, what) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
        let wanted = text(&options, &format!("/preconditions/{field}"));
        let is = text(&object, &format!("/metadata/{field}"));
        if !wanted.is_empty() && wanted != is {
            return Err(Refusal::precondition(address, what, wanted, is));
        }
    }
    admission::review(user, Some(&object), None, address)?;
    if asked.parameter("dryRun") == "All" {
        return Ok(object);
    }
    cluster.remove(text(&object, "/metadata/name"), cascade, now);
    let left = found(cluster, Kind::Deployment, address);
    Ok(left.unwrap_or_else(|_| {
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": {"name": address.name, "group": address.group, "kind": address.resource, "uid": object["metadata"]["uid"]},
        })
    }))
}

fn cascade(asked: &Asked, options: &Value) -> Result<Cascade, Refusal> {
    let named = match text(options, "/propagationPolicy") {
        "" => asked.parameter("propagationPolicy"),
        policy => policy,
    };
    match named {
        "" | "Background" => Ok(Cascade::Background),
        "Foreground" => Ok(Cascade::Foreground),
        "Orphan" => Ok(Cascade::Orphan),
        other => Err(Refusal::invalid(
            &Address {
                name: None,
                group: "meta.k8s.io".to_owned(),
                ..asked.address.clone()
            },
            "DeleteOptions",
            "propagationPolicy",
            &format!(
                "Unsupported value: \"{other}\": supported values: \"Foreground\", \"Background\", \"Orphan\""
            ),
        )),
    }
}

impl Cluster {
    /// A Deployment goes, and what it owns with it.
    pub(crate) fn remove(&mut self, name: &str, cascade: Cascade, now: i64) {
        let namespace = self.namespace.clone();
        let sets = self.sets_of(name);
        if cascade == Cascade::Orphan {
            self.store.remove(Kind::Deployment, &namespace, name);
            for set in sets {
                let set = text(&set, "/metadata/name").to_owned();
                self.store.alter(Kind::ReplicaSet, &namespace, &set, |set| {
                    set["metadata"]["ownerReferences"] = json!([]);
                });
            }
            return;
        }
        let pods = self.pods_of(name);
        if cascade == Cascade::Foreground {
            self.store
                .alter(Kind::Deployment, &namespace, name, |object| {
                    if object["metadata"].get("deletionTimestamp").is_none() {
                        let generation = count(object, "/metadata/generation") + 1;
                        object["metadata"]["generation"] = json!(generation);
                        object["metadata"]["deletionTimestamp"] = json!(time(now));
                        object["metadata"]["deletionGracePeriodSeconds"] = json!(0);
                        object["metadata"]["finalizers"] = json!(["foregroundDeletion"]);
                    }
                });
            self.touched(name, now);
        } else {
            self.store.remove(Kind::Deployment, &namespace, name);
            for set in sets {
                self.store
                    .remove(Kind::ReplicaSet, &namespace, text(&set, "/metadata/name"));
            }
        }
        for pod in pods {
            if pod["metadata"].get("deletionTimestamp").is_none() {
                self.terminate(&pod, now);
            }
        }
    }

    /// A Deployment that is being removed goes when nothing is left of what it owned.
    pub(crate) fn collect(&mut self, name: &str) {
        if !self.pods_of(name).is_empty() {
            return;
        }
        let namespace = self.namespace.clone();
        for set in self.sets_of(name) {
            self.store
                .remove(Kind::ReplicaSet, &namespace, text(&set, "/metadata/name"));
        }
        self.store.remove(Kind::Deployment, &namespace, name);
    }
}
