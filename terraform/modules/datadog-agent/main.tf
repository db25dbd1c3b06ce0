# The agent in one cluster.

resource "helm_release" "agent" {
  name             = "datadog"
  namespace        = "datadog"
  create_namespace = true
  repository       = "https://helm.datadoghq.com"
  chart            = "datadog"
  version          = var.chart_version
  atomic           = true
  values = [templatefile("${path.module}/values.yaml.tftpl", {
    site           = var.site
    cluster_name   = var.cluster_name
    region         = var.region
    api_key_secret = var.api_key_secret
  })]
}
