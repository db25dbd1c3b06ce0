//! Who may do what in a cluster: access entries give a role its Kubernetes groups, bindings give groups their rules. All
//! rules hold in the cluster's own namespace only.

use super::address::Address;
use crate::aws::identity::Identity;
use crate::world::description::{Access, Level};

/// A user as the cluster knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) groups: Vec<String>,
}

struct Rule {
    verbs: &'static [&'static str],
    group: &'static str,
    resources: &'static [&'static str],
}

const VIEW: &[Rule] = &[
    Rule {
        verbs: &["get", "list"],
        group: "apps",
        resources: &["deployments", "replicasets"],
    },
    Rule {
        verbs: &["get", "list"],
        group: "",
        resources: &["pods", "events"],
    },
    Rule {
        verbs: &["get"],
        group: "",
        resources: &["namespaces"],
    },
];
const EDIT: &[Rule] = &[
    Rule {
        // Which Deployments may be made and removed, admission says: RBAC cannot tell them apart before they have a name.
        verbs: &["get", "list", "watch", "patch", "create", "delete"],
        group: "apps",
        resources: &["deployments"],
    },
    Rule {
        verbs: &["get", "list", "watch"],
        group: "apps",
        resources: &["replicasets"],
    },
    Rule {
        verbs: &["get", "list", "watch"],
        group: "",
        resources: &["pods", "events"],
    },
    Rule {
        verbs: &["get"],
        group: "",
        resources: &["namespaces"],
    },
];
const SCALE: &[Rule] = &[Rule {
    verbs: &["get", "update", "patch"],
    group: "apps",
    resources: &["deployments/scale"],
}];

/// Role bindings: group, rules.
const BINDINGS: &[(&str, &[Rule])] = &[
    ("portolan:view", VIEW),
    ("portolan:edit", EDIT),
    ("portolan:scale", SCALE),
];

/// The one role that may also scale: who fails over has to resize the other side first.
const SCALES: &str = "portolan-job-operator";

impl User {
    /// The user that the cluster's access entries make of an AWS session; nobody without an entry.
    pub(crate) fn of(identity: &Identity, account: &str, entries: &[Access]) -> Option<Self> {
        let role = identity
            .role_name
            .as_deref()
            .filter(|_| identity.account == account)?;
        let entry = entries.iter().find(|entry| entry.role == role)?;
        let level = match entry.level {
            Level::View => "portolan:view",
            Level::Edit => "portolan:edit",
        };
        let mut groups = vec![level.to_owned()];
        if role == SCALES {
            groups.push("portolan:scale".to_owned());
        }
        groups.push("system:authenticated".to_owned());
        Some(Self {
            name: identity.arn.clone(),
            groups,
        })
    }

    /// Whether the user may do this in a cluster whose services live in `namespace`.
    pub(crate) fn may(&self, verb: &str, address: &Address, namespace: &str) -> bool {
        let whole = address.whole_resource();
        address.namespace.as_deref() == Some(namespace)
            && BINDINGS
                .iter()
                .filter(|(group, _)| self.groups.iter().any(|mine| mine == group))
                .flat_map(|(_, rules)| rules.iter())
                .any(|rule| {
                    rule.group == address.group
                        && rule.verbs.contains(&verb)
                        && rule.resources.contains(&whole.as_str())
                })
    }
}
