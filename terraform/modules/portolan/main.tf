# Portolan in one region's cluster: identity, secrets, the chart.

locals {
  namespace = "portolan"
  # Kubernetes secret => secret in Secrets Manager, replicated to this region.
  secrets = { portolan = "portolan/application", portolan-owner = "portolan/owner" }

  config = templatefile("${path.module}/portolan.toml.tftpl", {
    host         = var.host
    oidc         = var.oidc
    groups       = var.groups
    jenkins_url  = var.jenkins_url
    region_pair  = var.region_pair
    environments = var.environments
    rules_file   = "/etc/portolan/rules.toml" # where the chart mounts both
  })
  rules = templatefile("${path.module}/rules.toml.tftpl", { environments = var.environments })
}

resource "kubernetes_namespace_v1" "this" {
  metadata {
    name   = local.namespace
    labels = { "pod-security.kubernetes.io/enforce" = "restricted" }
  }
}

# --- Identity: the base role, which can only become others -------------------------------------------------

resource "aws_eks_pod_identity_association" "portal" {
  cluster_name    = var.cluster_name
  namespace       = kubernetes_namespace_v1.this.metadata[0].name
  service_account = "portolan"
  role_arn        = var.portal_role_arn
}

# --- Secrets, brought by External Secrets (modules/external-secrets) with a role of its own -------------------

resource "helm_release" "secrets" {
  name      = "portolan-secrets"
  namespace = kubernetes_namespace_v1.this.metadata[0].name
  chart     = "${path.module}/../../charts/secrets"
  values    = [yamlencode({ region = var.region, secrets = local.secrets })]
}

# --- The portal --------------------------------------------------------------------------------------------

resource "helm_release" "portolan" {
  name      = "portolan"
  namespace = kubernetes_namespace_v1.this.metadata[0].name
  chart     = "${path.module}/../../charts/portolan"
  atomic    = true
  timeout   = 900
  values = [yamlencode({
    image             = { reference = var.image }
    region            = var.region
    config            = local.config
    rules             = local.rules
    targetGroupArn    = var.target_group_arn
    loadBalancerCidrs = var.load_balancer_cidrs
    egress            = { privateCidrs = var.database_cidrs }
  })]
  depends_on = [helm_release.secrets, aws_eks_pod_identity_association.portal]
}
