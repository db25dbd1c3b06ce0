//! What a path below a cluster stands for, and the registry of what is served.

/// Kinds of objects that the store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Deployment,
    ReplicaSet,
    Pod,
    Event,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Deployment, Self::ReplicaSet, Self::Pod, Self::Event];

    /// The name in the object.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
            Self::Pod => "Pod",
            Self::Event => "Event",
        }
    }

    /// The name in the path.
    pub fn resource(self) -> &'static str {
        match self {
            Self::Deployment => "deployments",
            Self::ReplicaSet => "replicasets",
            Self::Pod => "pods",
            Self::Event => "events",
        }
    }

    /// API group; empty for the core.
    pub fn group(self) -> &'static str {
        match self {
            Self::Deployment | Self::ReplicaSet => "apps",
            Self::Pod | Self::Event => "",
        }
    }

    /// `apps/v1` or `v1`.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Deployment | Self::ReplicaSet => "apps/v1",
            Self::Pod | Self::Event => "v1",
        }
    }
}

/// Every verb and address served, as RBAC sees them: verb, group, resource with subresource. A test walks them.
pub const SERVED: [(&str, &str, &str); 20] = [
    ("get", "", "version"),
    ("get", "", "namespaces"),
    ("get", "apps", "deployments"),
    ("list", "apps", "deployments"),
    ("watch", "apps", "deployments"),
    ("patch", "apps", "deployments"),
    ("create", "apps", "deployments"),
    ("delete", "apps", "deployments"),
    ("get", "apps", "deployments/scale"),
    ("update", "apps", "deployments/scale"),
    ("patch", "apps", "deployments/scale"),
    ("get", "apps", "replicasets"),
    ("list", "apps", "replicasets"),
    ("watch", "apps", "replicasets"),
    ("get", "", "pods"),
    ("list", "", "pods"),
    ("watch", "", "pods"),
    ("get", "", "events"),
    ("list", "", "events"),
    ("watch", "", "events"),
];

/// A path taken apart.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The path below the cluster.
    pub(crate) path: String,
    pub(crate) group: String,
    /// Empty for what is no resource, such as `/version`.
    pub(crate) resource: String,
    pub(crate) subresource: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
}

impl Address {
    /// Takes a path apart. Anything unknown has no resource.
    pub(crate) fn parse(path: &str) -> Self {
        let segments: Vec<&str> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .collect();
        let mut address = Self {
            path: path.to_owned(),
            ..Self::default()
        };
        let rest = match segments.as_slice() {
            ["api", "v1", rest @ ..] if !rest.is_empty() => rest,
            ["apis", group, _version, rest @ ..] if !rest.is_empty() => {
                (*group).clone_into(&mut address.group);
                rest
            }
            _ => return address,
        };
        let rest = match rest {
            ["namespaces", name] => {
                address.namespace = Some((*name).to_owned());
                &["namespaces", name][..]
            }
            ["namespaces", namespace, more @ ..] if !more.is_empty() => {
                address.namespace = Some((*namespace).to_owned());
                more
            }
            other => other,
        };
        let mut parts = rest.iter().map(|part| decoded(part));
        address.resource = parts.next().unwrap_or_default();
        address.name = parts.next();
        address.subresource = parts.next();
        if parts.next().is_some() {
            address.resource.clear();
        }
        address
    }

    /// `deployments.apps`, or `pods`.
    pub(crate) fn qualified_resource(&self) -> String {
        if self.group.is_empty() {
            self.resource.clone()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }

    /// `deployments/scale`.
    pub(crate) fn whole_resource(&self) -> String {
        match &self.subresource {
            Some(sub) => format!("{}/{sub}", self.resource),
            None => self.resource.clone(),
        }
    }

    /// The kind of object it is about.
    pub(crate) fn kind(&self) -> Option<Kind> {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.resource() == self.resource && kind.group() == self.group)
    }
}

fn decoded(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment)
        .decode_utf8_lossy()
        .into_owned()
}
