# What only the regions' roots need.
size                  = "small"
kubernetes_version    = "1.33"
application_namespace = "tools"
network_targets       = { metrics = { port = 9000 } }

hosts = {
  portolan = { fqdn = "portolan.platform.example.com", path = "/healthz", expect = "ok" }
  jenkins  = { fqdn = "jenkins.platform.example.com", path = "/jenkins/login", expect = "Jenkins", decides = false }
}

targets = {
  portolan = { port = 3000 }
  jenkins  = { port = 8080, hosts = ["jenkins.platform.example.com"], health_check_path = "/jenkins/login" }
}

addon_versions = {
  vpc_cni            = "v1.20.0-eksbuild.1"
  coredns            = "v1.12.2-eksbuild.4"
  kube_proxy         = "v1.33.0-eksbuild.2"
  pod_identity_agent = "v1.3.8-eksbuild.2"
  ebs_csi_driver     = "v1.46.0-eksbuild.1"
  metrics_server     = "v0.8.0-eksbuild.1"
}
