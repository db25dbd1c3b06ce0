# What only the regions' roots need.
size                  = "full"
kubernetes_version    = "1.33"
application_namespace = "shop"
hosts                 = { shop = { fqdn = "shop.example.com", path = "/healthz", expect = "ok" } }
targets               = { frontend = { port = 8080 } }
network_targets       = { payment = { port = 9000 } }

addon_versions = {
  vpc_cni            = "v1.20.0-eksbuild.1"
  coredns            = "v1.12.2-eksbuild.4"
  kube_proxy         = "v1.33.0-eksbuild.2"
  pod_identity_agent = "v1.3.8-eksbuild.2"
  ebs_csi_driver     = "v1.46.0-eksbuild.1"
  metrics_server     = "v0.8.0-eksbuild.1"
}

# The portal and Jenkins call the clusters from the platform environment: output nat_addresses of its roots primary and secondary.
# public_endpoint_cidrs = ["192.0.2.10/32", "192.0.2.20/32"]
