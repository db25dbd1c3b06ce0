mock_provider "aws" {
  alias  = "here"
  source = "../../../mocks"
}
mock_provider "aws" {
  alias  = "peer"
  source = "../../../mocks"
}
mock_provider "aws" {
  alias  = "us_east_1"
  source = "../../../mocks"
}

# ACM says which records prove the names; here it says so for the names below.
override_resource {
  target = module.certificate.aws_acm_certificate.this
  values = {
    arn = "arn:aws:acm:eu-west-1:300000000003:certificate/00000000-0000-4000-8000-000000000000"
    domain_validation_options = [
      { domain_name = "shop.example.com", resource_record_name = "_a.shop.example.com", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" },
      { domain_name = "primary.shop.example.com", resource_record_name = "_c.shop.example.com", resource_record_type = "CNAME", resource_record_value = "_d.acm-validations.aws" },
      { domain_name = "secondary.shop.example.com", resource_record_name = "_e.shop.example.com", resource_record_type = "CNAME", resource_record_value = "_f.acm-validations.aws" },
    ]
  }
}

variables {
  side        = "primary"
  system      = "shop"
  environment = "production"
  account_id  = "300000000003"
  size        = "full"
  region_pair = {
    name      = "europe"
    active    = "primary"
    primary   = { region = "eu-west-1", cidr = "10.10.0.0/16" }
    secondary = { region = "eu-central-1", cidr = "10.20.0.0/16" }
  }
  kubernetes_version = "1.33"
  addon_versions = {
    vpc_cni            = "v1.20.0-eksbuild.1"
    coredns            = "v1.12.2-eksbuild.4"
    kube_proxy         = "v1.33.0-eksbuild.2"
    pod_identity_agent = "v1.3.8-eksbuild.2"
    ebs_csi_driver     = "v1.46.0-eksbuild.1"
    metrics_server     = "v0.8.0-eksbuild.1"
  }
  application_namespace = "shop"
  hosts                 = { shop = { fqdn = "shop.example.com", path = "/healthz", expect = "ok" } }
  targets               = { frontend = { port = 8080 } }
  network_targets       = { grpc = { port = 9000 } }
  postgres_version      = "16.8"
  rpo_s                 = 60
  master_password       = "not-a-real-password-0000"
  email                 = { page = ["oncall@example.com"] }
  shared = {
    keys = {
      primary   = { data = "arn:aws:kms:eu-west-1:300000000003:key/mrk-1", logs = "arn:aws:kms:eu-west-1:300000000003:key/mrk-2", messages = "arn:aws:kms:eu-west-1:300000000003:key/mrk-3" }
      secondary = { data = "arn:aws:kms:eu-central-1:300000000003:key/mrk-1", logs = "arn:aws:kms:eu-central-1:300000000003:key/mrk-2", messages = "arn:aws:kms:eu-central-1:300000000003:key/mrk-3" }
    }
    zone_id            = "ZMOCK"
    domain             = "example.com"
    log_buckets        = { primary = "logs-1", secondary = "logs-2" }
    global_cluster_id  = "shop-production"
    control_host       = "static.shop.example.com"
    replicated_buckets = { static = { primary = "static-1", secondary = "static-2" } }
  }
}

run "active_primary" {
  command = plan
  module { source = "../" }
  providers = { aws = aws.here, aws.peer = aws.peer, aws.us_east_1 = aws.us_east_1 }
  assert {
    condition     = output.role == "active" && output.records["shop"].failover == "PRIMARY" && output.control_object.key == "control/europe-production/primary.out"
    error_message = "the primary side serves and has the primary record"
  }
  assert {
    condition     = output.network.cidr == "10.10.0.0/16" && output.cluster.name == "shop-production"
    error_message = "network and cluster are this side's"
  }
  assert {
    condition     = output.cluster_administrators == tolist(["arn:aws:iam::300000000003:role/portolan-ci-terraform-apply"])
    error_message = "Terraform administers the cluster and nobody else does"
  }
}

run "passive_secondary" {
  command   = plan
  state_key = "secondary"
  module { source = "../" }
  providers = { aws = aws.here, aws.peer = aws.peer, aws.us_east_1 = aws.us_east_1 }
  variables {
    side            = "secondary"
    master_password = null
  }
  assert {
    condition     = output.role == "passive" && output.records["shop"].failover == "SECONDARY" && output.records["shop"].fqdn == run.active_primary.records["shop"].fqdn
    error_message = "the secondary side stands by under the same name"
  }
  assert {
    condition     = output.network.cidr != run.active_primary.network.cidr && output.cluster.name == run.active_primary.cluster.name
    error_message = "networks differ, names do not"
  }
}

run "records_belong_to_places_not_to_the_day" {
  command = plan
  module { source = "../" }
  providers = { aws = aws.here, aws.peer = aws.peer, aws.us_east_1 = aws.us_east_1 }
  variables {
    region_pair = {
      name      = "europe"
      active    = "secondary"
      primary   = { region = "eu-west-1", cidr = "10.10.0.0/16" }
      secondary = { region = "eu-central-1", cidr = "10.20.0.0/16" }
    }
  }
  assert {
    condition     = output.role == "passive" && output.records["shop"].failover == "PRIMARY"
    error_message = "after a failover the roles change and no DNS record does"
  }
}

run "refuses_a_host_in_a_zone_that_is_not_ours" {
  command = plan
  module { source = "../" }
  providers = { aws = aws.here, aws.peer = aws.peer, aws.us_east_1 = aws.us_east_1 }
  variables { hosts = { shop = { fqdn = "shop.example.org", path = "/healthz", expect = "ok" } } }
  expect_failures = [var.hosts]
}

run "refuses_a_name_that_would_not_fit" {
  command = plan
  module { source = "../" }
  providers = { aws = aws.here, aws.peer = aws.peer, aws.us_east_1 = aws.us_east_1 }
  variables {
    system      = "marketplace"
    environment = "production"
  }
  expect_failures = [var.environment]
}

run "clusters_are_reached_by_whom_is_named" {
  command = plan
  module { source = "../" }
  providers = { aws = aws.here, aws.peer = aws.peer, aws.us_east_1 = aws.us_east_1 }
  variables {
    public_endpoint_cidrs  = ["192.0.2.10/32"]
    cluster_administrators = { me = "arn:aws:iam::300000000003:role/aws-reserved/sso.amazonaws.com/administrator" }
  }
  assert {
    condition     = length(output.cluster_administrators) == 2 && length(output.nat_addresses) > 0 && contains(keys(output.health_check_arns), "side")
    error_message = "a first apply by hand is possible, and other environments can let this one in"
  }
}

run "each_host_is_served_under_the_sides_own_name_too" {
  command = plan
  module { source = "../" }
  providers = { aws = aws.here, aws.peer = aws.peer, aws.us_east_1 = aws.us_east_1 }
  variables {
    targets = { frontend = { port = 8080 }, tools = { port = 8081, hosts = ["tools.example.com"] } }
  }
  assert {
    condition     = jsonencode(module.public_balancer.hosts) == jsonencode({ frontend = [], tools = ["tools.example.com", "primary.tools.example.com"] })
    error_message = "the health check asks primary.tools.example.com: without a rule for it, it hears the default target"
  }
}
