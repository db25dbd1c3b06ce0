mock_provider "kubernetes" {}

variables {
  name       = "cart-142"
  team       = "checkout"
  change     = "01900000-0000-7000-8000-000000000000"
  expires_at = "2026-12-01T18:00:00Z"
}

run "limited_closed_and_with_an_end" {
  command = plan
  assert {
    condition     = output.namespace == "preview-cart-142" && kubernetes_namespace_v1.this.metadata[0].annotations["portolan.dev/change"] == var.change && kubernetes_namespace_v1.this.metadata[0].labels["pod-security.kubernetes.io/enforce"] == "restricted"
    error_message = "the namespace says what ordered it and runs restricted"
  }
  assert {
    condition     = kubernetes_resource_quota_v1.this.spec[0].hard["requests.cpu"] == "2" && kubernetes_resource_quota_v1.this.spec[0].hard["services.loadbalancers"] == "0"
    error_message = "it cannot outgrow its size nor make load balancers"
  }
  assert {
    condition     = kubernetes_network_policy_v1.this.spec[0].policy_types == tolist(["Ingress"]) && length(kubernetes_network_policy_v1.this.spec[0].ingress[0].from) == 2
    error_message = "other namespaces are kept out"
  }
  assert {
    condition     = kubernetes_role_binding_v1.team.subject[0].name == "portolan:developer" && kubernetes_role_binding_v1.team.role_ref[0].name == "edit"
    error_message = "developers edit it, by a group that the cluster knows, and no more than edit"
  }
}

run "refuses_no_end" {
  command = plan
  variables { expires_at = "some day" }
  expect_failures = [var.expires_at]
}

run "refuses_a_size_we_do_not_have" {
  command = plan
  variables { size = "huge" }
  expect_failures = [var.size]
}
