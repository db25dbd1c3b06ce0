# Rights of the job roles inside application namespaces. The groups are those of the cluster's access entries.

locals {
  # Whose sessions a deployment pipeline runs with.
  deploying = ["portolan:developer"]

  namespaced_rules = {
    # What a deploy needs, and looking. No secrets, no exec. A Deployment is made by the platform, changed by a Change; only the canary
    # of a share of the replicas comes and goes with one, and charts/canaries lets create and delete be of nothing else.
    "portolan:developer" = [
      { groups = ["apps"], resources = ["deployments"], verbs = ["get", "list", "watch", "patch", "create", "delete"] },
      { groups = ["apps"], resources = ["replicasets"], verbs = ["get", "list", "watch"] },
      { groups = [""], resources = ["pods", "pods/log", "events", "services"], verbs = ["get", "list", "watch"] },
    ]
    "portolan:operator" = [
      { groups = ["apps"], resources = ["deployments", "deployments/scale", "statefulsets", "statefulsets/scale"], verbs = ["get", "list", "watch", "patch", "update"] },
      { groups = ["apps"], resources = ["replicasets", "daemonsets"], verbs = ["get", "list", "watch"] },
      { groups = ["autoscaling"], resources = ["horizontalpodautoscalers"], verbs = ["get", "list", "watch", "patch"] },
      { groups = [""], resources = ["pods"], verbs = ["get", "list", "watch", "delete"] },
      { groups = [""], resources = ["pods/log", "events", "services", "endpoints"], verbs = ["get", "list", "watch"] },
    ]
    # The observer reads for the dashboards; the auditor reads for the record.
    "portolan:observer" = [
      { groups = ["apps"], resources = ["deployments", "replicasets", "statefulsets", "daemonsets"], verbs = ["get", "list", "watch"] },
      { groups = [""], resources = ["pods", "events"], verbs = ["get", "list", "watch"] },
    ]
    "portolan:auditor" = [
      { groups = ["apps"], resources = ["deployments", "replicasets"], verbs = ["get", "list"] },
      { groups = ["rbac.authorization.k8s.io"], resources = ["roles", "rolebindings"], verbs = ["get", "list"] },
      { groups = [""], resources = ["pods", "events"], verbs = ["get", "list"] },
    ]
  }

  bindings = merge([
    for namespace in var.application_namespaces : {
      for group, rules in local.namespaced_rules : "${namespace}/${group}" => { namespace = namespace, group = group, rules = rules }
    }
  ]...)
}

# As a chart of ours: the provider has no resource for an admission policy.
resource "helm_release" "canaries" {
  name      = "canaries"
  namespace = "kube-system"
  chart     = "${path.module}/charts/canaries"
  atomic    = true
  values    = [yamlencode({ groups = local.deploying })]
}

resource "kubernetes_namespace_v1" "application" {
  for_each = toset(var.application_namespaces)
  metadata {
    name = each.key
    labels = {
      "pod-security.kubernetes.io/enforce" = "restricted"
      "pod-security.kubernetes.io/warn"    = "restricted"
    }
  }
}

resource "kubernetes_role_v1" "this" {
  for_each = local.bindings
  metadata {
    name      = replace(each.value.group, ":", "-")
    namespace = kubernetes_namespace_v1.application[each.value.namespace].metadata[0].name
  }
  dynamic "rule" {
    for_each = each.value.rules
    content {
      api_groups = rule.value.groups
      resources  = rule.value.resources
      verbs      = rule.value.verbs
    }
  }
  # Nobody may create before it is said what.
  depends_on = [helm_release.canaries]
}

resource "kubernetes_role_binding_v1" "this" {
  for_each = local.bindings
  metadata {
    name      = replace(each.value.group, ":", "-")
    namespace = kubernetes_namespace_v1.application[each.value.namespace].metadata[0].name
  }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Role"
    name      = kubernetes_role_v1.this[each.key].metadata[0].name
  }
  subject {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Group"
    name      = each.value.group
  }
}

# --- Ordered environments: whoever provisions makes namespaces (templates/preview), and gives their team what the ClusterRole `edit` holds.

resource "kubernetes_cluster_role_v1" "provision" {
  metadata { name = "portolan-provision" }
  rule {
    api_groups = [""]
    resources  = ["namespaces", "resourcequotas", "limitranges"]
    verbs      = ["get", "list", "watch", "create", "patch", "update", "delete"]
  }
  rule {
    api_groups = ["networking.k8s.io"]
    resources  = ["networkpolicies"]
    verbs      = ["get", "list", "watch", "create", "patch", "update", "delete"]
  }
  rule {
    api_groups = ["rbac.authorization.k8s.io"]
    resources  = ["rolebindings"]
    verbs      = ["get", "list", "watch", "create", "patch", "update", "delete"]
  }
  # May hand out this role and no stronger one.
  rule {
    api_groups     = ["rbac.authorization.k8s.io"]
    resources      = ["clusterroles"]
    resource_names = ["edit"]
    verbs          = ["bind"]
  }
}

resource "kubernetes_cluster_role_binding_v1" "provision" {
  metadata { name = "portolan-provision" }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = kubernetes_cluster_role_v1.provision.metadata[0].name
  }
  subject {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Group"
    name      = "portolan:administrator"
  }
}
