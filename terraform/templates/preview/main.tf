# A namespace of its own in an existing cluster: limited, closed to others, with an end.

locals {
  namespace = "preview-${var.name}"
  labels    = { "portolan.dev/environment" = var.name, "portolan.dev/team" = var.team, "app.kubernetes.io/managed-by" = "portolan" }
  limits    = { small = { cpu = "2", memory = "4Gi", pods = "20" }, medium = { cpu = "8", memory = "16Gi", pods = "60" } }[var.size]
}

resource "kubernetes_namespace_v1" "this" {
  metadata {
    name        = local.namespace
    labels      = merge(local.labels, { "pod-security.kubernetes.io/enforce" = "restricted" })
    annotations = { "portolan.dev/change" = var.change, "portolan.dev/expires-at" = var.expires_at }
  }
}

resource "kubernetes_resource_quota_v1" "this" {
  metadata {
    name      = "size"
    namespace = kubernetes_namespace_v1.this.metadata[0].name
    labels    = local.labels
  }
  spec {
    hard = {
      "requests.cpu"           = local.limits.cpu
      "requests.memory"        = local.limits.memory
      "limits.memory"          = local.limits.memory
      "pods"                   = local.limits.pods
      "services.loadbalancers" = "0" # balancers are Terraform's to make
    }
  }
}

resource "kubernetes_limit_range_v1" "this" {
  metadata {
    name      = "defaults"
    namespace = kubernetes_namespace_v1.this.metadata[0].name
    labels    = local.labels
  }
  spec {
    limit {
      type            = "Container"
      default         = { memory = "256Mi" }
      default_request = { cpu = "50m", memory = "128Mi" }
    }
  }
}

# Its own pods talk to each other; from outside only kube-system comes in.
resource "kubernetes_network_policy_v1" "this" {
  metadata {
    name      = "own-pods-only"
    namespace = kubernetes_namespace_v1.this.metadata[0].name
    labels    = local.labels
  }
  spec {
    pod_selector {}
    policy_types = ["Ingress"]
    ingress {
      from {
        pod_selector {}
      }
      from {
        namespace_selector { match_labels = { "kubernetes.io/metadata.name" = "kube-system" } }
      }
    }
  }
}

resource "kubernetes_role_binding_v1" "team" {
  metadata {
    name      = "team"
    namespace = kubernetes_namespace_v1.this.metadata[0].name
    labels    = local.labels
  }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = "edit"
  }
  subject {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Group"
    name      = "portolan:developer" # access entries know job roles; that it is the owner team is the portal's to check, and the session's tags to say
  }
}
