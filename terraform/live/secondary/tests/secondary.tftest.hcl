mock_provider "aws" {
  source = "../../mocks"
}
mock_provider "aws" {
  alias  = "peer"
  source = "../../mocks"
}
mock_provider "aws" {
  alias  = "us_east_1"
  source = "../../mocks"
}
# ACM says which records prove the names.
override_resource {
  target = module.region.module.certificate.aws_acm_certificate.this
  values = {
    arn = "arn:aws:acm:eu-west-1:300000000003:certificate/00000000-0000-4000-8000-000000000000"
    domain_validation_options = [
      { domain_name = "shop.example.com", resource_record_name = "_a.shop.example.com", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" },
      { domain_name = "primary.shop.example.com", resource_record_name = "_a.primary.shop.example.com", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" },
      { domain_name = "secondary.shop.example.com", resource_record_name = "_a.secondary.shop.example.com", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" },
      { domain_name = "portolan.example.com", resource_record_name = "_a.portolan.example.com", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" },
      { domain_name = "primary.portolan.example.com", resource_record_name = "_a.primary.portolan.example.com", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" },
      { domain_name = "jenkins.example.com", resource_record_name = "_a.jenkins.example.com", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" },
      { domain_name = "primary.jenkins.example.com", resource_record_name = "_a.primary.jenkins.example.com", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" },
      { domain_name = "secondary.jenkins.example.com", resource_record_name = "_a.secondary.jenkins.example.com", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" },
      { domain_name = "secondary.portolan.example.com", resource_record_name = "_a.secondary.portolan.example.com", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" },
    ]
  }
}

mock_provider "helm" {}
mock_provider "kubernetes" {}

variables {
  account_id  = "300000000003"
  system      = "shop"
  environment = "production"
  region_pair = {
    name      = "europe"
    active    = "primary"
    primary   = { region = "eu-west-1", cidr = "10.10.0.0/16" }
    secondary = { region = "eu-central-1", cidr = "10.20.0.0/16" }
  }
  rpo_s                 = 60
  postgres_version      = "16.8"
  email                 = { page = ["oncall@example.com"], inform = ["platform@example.com"] }
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
}

override_data {
  target = data.terraform_remote_state.global
  values = {
    outputs = {
      routing_control_arns = {}
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
  }
}

override_data {
  target = data.terraform_remote_state.primary
  values = { outputs = { network = { vpc_id = "vpc-primary", cidr = "10.10.0.0/16", route_table_ids = ["rtb-1"] } } }
}

run "production" {
  command = plan
  assert {
    condition     = output.role == "passive" && output.records["shop"].failover == "SECONDARY" && output.cluster.name == "shop-production"
    error_message = "the root is the secondary side of its environment"
  }
  assert {
    condition     = output.network.cidr == var.region_pair.secondary.cidr && output.control_object.key == "control/europe-production/secondary.out"
    error_message = "it is built where the pair says"
  }
  assert {
    condition     = length(module.peering) == 1
    error_message = "the side made second lays the road"
  }
  assert {
    condition     = length(module.portolan) == 0 && length(module.jenkins) == 0
    error_message = "Portolan and Jenkins live in the platform environment only"
  }
}

run "platform" {
  command = plan
  variables {
    account_id  = "100000000001"
    environment = "platform"
    hosts = {
      portolan = { fqdn = "portolan.example.com", path = "/healthz", expect = "ok" }
      jenkins  = { fqdn = "jenkins.example.com", path = "/jenkins/login", expect = "Jenkins", decides = false }
    }
    targets = { portolan = { port = 3000 }, jenkins = { port = 8080, hosts = ["jenkins.example.com"], health_check_path = "/jenkins/login" } }
    datadog = true
    platform = {
      image = {
        primary   = "100000000001.dkr.ecr.eu-west-1.amazonaws.com/portolan@sha256:0000000000000000000000000000000000000000000000000000000000000000"
        secondary = "100000000001.dkr.ecr.eu-central-1.amazonaws.com/portolan@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      }
      oidc = { issuer = "https://idp.example.com", client_id = "portolan" }
      jenkins = {
        client_id           = "jenkins"
        organization        = "example"
        services            = { cart = "checkout" }
        library_version     = "0123456789abcdef0123456789abcdef01234567"
        registry_account_id = "200000000002"
        tools = {
          primary   = { build = "100000000001.dkr.ecr.eu-west-1.amazonaws.com/platform/build@sha256:0000000000000000000000000000000000000000000000000000000000000000", scan = "100000000001.dkr.ecr.eu-west-1.amazonaws.com/platform/scan@sha256:0000000000000000000000000000000000000000000000000000000000000000", deploy = "100000000001.dkr.ecr.eu-west-1.amazonaws.com/platform/deploy@sha256:0000000000000000000000000000000000000000000000000000000000000000" }
          secondary = { build = "100000000001.dkr.ecr.eu-central-1.amazonaws.com/platform/build@sha256:0000000000000000000000000000000000000000000000000000000000000000", scan = "100000000001.dkr.ecr.eu-central-1.amazonaws.com/platform/scan@sha256:0000000000000000000000000000000000000000000000000000000000000000", deploy = "100000000001.dkr.ecr.eu-central-1.amazonaws.com/platform/deploy@sha256:0000000000000000000000000000000000000000000000000000000000000000" }
        }
      }
      secrets_key_arn = { primary = "arn:aws:kms:eu-west-1:100000000001:key/mrk-1", secondary = "arn:aws:kms:eu-central-1:100000000001:key/mrk-1" }
      environments = {
        production = { title = "Production", protected = true, account = "300000000003", namespace = "shop", paired = true, clusters = { eu-west-1 = "shop-production", eu-central-1 = "shop-production" } }
      }
    }
  }
  assert {
    condition     = strcontains(module.portolan["this"].config, "public_url = \"https://portolan.example.com\"") && module.jenkins["this"].url == "https://jenkins.example.com/jenkins"
    error_message = "the portal and Jenkins know their names"
  }
  assert {
    condition     = length(module.external_secrets) == 1 && length(module.datadog_agent) == 1
    error_message = "what needs secrets has something that brings them"
  }
}

run "refuses_a_platform_without_names" {
  command = plan
  variables {
    platform = {
      image           = { primary = "x", secondary = "x" }
      secrets_key_arn = { primary = "x", secondary = "x" }
      oidc            = { issuer = "https://idp.example.com", client_id = "portolan" }
      jenkins         = { client_id = "jenkins", organization = "example", services = {}, library_version = "x", registry_account_id = "200000000002", tools = { primary = { build = "x", scan = "x", deploy = "x" }, secondary = { build = "x", scan = "x", deploy = "x" } } }
      environments    = {}
    }
  }
  expect_failures = [var.platform]
}
