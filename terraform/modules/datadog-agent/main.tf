# The agent in one cluster.

locals {
  kubernetes_secret = "datadog-external" # the chart may make one called `datadog`
}

resource "kubernetes_namespace_v1" "this" {
  metadata {
    name   = "datadog"
    labels = { "pod-security.kubernetes.io/enforce" = "privileged" } # the agent reads the node's logs and processes
  }
}

resource "helm_release" "secret" {
  name      = "datadog-secrets"
  namespace = kubernetes_namespace_v1.this.metadata[0].name
  chart     = "${path.module}/../../charts/secrets"
  values    = [yamlencode({ region = var.region, secrets = { (local.kubernetes_secret) = var.secret } })]
}

resource "helm_release" "agent" {
  name       = "datadog"
  namespace  = kubernetes_namespace_v1.this.metadata[0].name
  repository = "https://helm.datadoghq.com"
  chart      = "datadog"
  version    = var.chart_version
  atomic     = true
  depends_on = [helm_release.secret]
  values = [templatefile("${path.module}/values.yaml.tftpl", {
    site           = var.site
    cluster_name   = var.cluster_name
    region         = var.region
    api_key_secret = local.kubernetes_secret
  })]
}
