mock_provider "aws" {
  source = "../../mocks"
}
mock_provider "helm" {}
mock_provider "kubernetes" {}

variables {
  cluster_name        = "portolan"
  region              = "eu-west-1"
  image               = "100000000001.dkr.ecr.eu-west-1.amazonaws.com/portolan@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  portal_role_arn     = "arn:aws:iam::100000000001:role/portolan-portal"
  target_group_arn    = "arn:aws:elasticloadbalancing:eu-west-1:100000000001:targetgroup/portolan/0123456789abcdef"
  load_balancer_cidrs = ["10.10.96.0/22"]
  database_cidrs      = ["172.20.0.0/16", "172.21.0.0/16"]
  host                = "portolan.example.com"
  oidc                = { issuer = "https://idp.example.com", client_id = "portolan" }
  groups              = { developer = "portolan-developers", manager = "portolan-managers", auditor = "portolan-auditors", operator = "portolan-operators", administrator = "portolan-administrators" }
  jenkins_url         = "https://jenkins.example.com/jenkins"
  region_pair         = { name = "europe", active = "eu-west-1", passive = "eu-central-1" }
  environments = {
    production = { title = "Production", protected = true, account = "300000000003", namespace = "shop", paired = true, clusters = { eu-west-1 = "shop-production", eu-central-1 = "shop-production" } }
    dev        = { title = "Development", protected = false, account = "200000000002", namespace = "shop", paired = false, clusters = { eu-west-1 = "shop-dev" } }
  }
}

run "identity_secrets_chart" {
  command = apply
  assert {
    condition     = aws_eks_pod_identity_association.portal.role_arn == var.portal_role_arn && aws_eks_pod_identity_association.portal.namespace == "portolan" && aws_eks_pod_identity_association.portal.service_account == "portolan"
    error_message = "the portal's pods have the base role"
  }
  assert {
    condition     = yamldecode(helm_release.secrets.values[0]) == { region = "eu-west-1", secrets = { portolan = "portolan/application", portolan-owner = "portolan/owner" } }
    error_message = "the pods' secrets are the replicas of this region"
  }
  assert {
    condition     = yamldecode(helm_release.portolan.values[0]).image.reference == var.image
    error_message = "the chart gets the image by digest"
  }
  assert {
    condition     = yamldecode(helm_release.portolan.values[0]).config == output.config && yamldecode(helm_release.portolan.values[0]).rules == output.rules
    error_message = "the chart gets configuration and rules"
  }
  assert {
    condition     = jsonencode(yamldecode(helm_release.portolan.values[0]).egress.privateCidrs) == jsonencode(var.database_cidrs)
    error_message = "pods may connect to the databases of both networks, wherever these lie"
  }
  assert {
    condition     = !can(regex("(?i)password|secret *=|token *=", output.config)) && strcontains(output.config, "clusters = { eu-central-1 = \"shop-production\", eu-west-1 = \"shop-production\" }")
    error_message = "the configuration has both clusters and no secret"
  }
  assert {
    condition     = strcontains(output.config, "active = \"eu-west-1\"") && strcontains(output.config, "operator = [\"portolan-operators\"]")
    error_message = "the portal knows the pair and the job roles"
  }
}

run "the_file_the_portal_reads" {
  command = plan
  assert {
    # The whole file, so that the portal's own test can hold it against what the portal takes.
    condition     = output.config == file("tests/golden/portolan.toml")
    error_message = "portolan.toml differs from tests/golden/portolan.toml: read the diff, then write it anew"
  }
  assert {
    condition     = output.rules == file("tests/golden/rules.toml") && strcontains(output.config, "rules_file = \"/etc/portolan/rules.toml\"")
    error_message = "rules.toml differs from tests/golden/rules.toml: read the diff, then write it anew"
  }
}

run "no_rule_that_never_matches" {
  command = plan
  variables {
    environments = { dev = { title = "Development", protected = false, account = "200000000002", namespace = "shop", paired = false, clusters = { eu-west-1 = "shop-dev" } } }
  }
  assert {
    condition     = length(regexall("\\[\\[rules\\]\\]", output.rules)) == 1 && !strcontains(output.rules, "protected")
    error_message = "the portal refuses a rule for protected environments where there are none"
  }
}

run "refuses_a_portal_over_nothing" {
  command = plan
  variables { environments = {} }
  expect_failures = [var.environments]
}

run "rules_are_for_environments_that_exist" {
  command = plan
  assert {
    condition     = length(regexall("\\[\\[rules\\]\\]", output.rules)) == 3 && strcontains(output.rules, "match = { environment = \"dev\" }") && !strcontains(output.rules, "staging")
    error_message = "the portal refuses a rule for an environment it does not have"
  }
}

run "refuses_the_other_regions_registry" {
  command = plan
  variables { image = "100000000001.dkr.ecr.eu-central-1.amazonaws.com/portolan@sha256:0000000000000000000000000000000000000000000000000000000000000000" }
  expect_failures = [var.image]
}

run "refuses_the_database_of_one_side" {
  command = plan
  variables { database_cidrs = ["172.20.0.0/16"] }
  expect_failures = [var.database_cidrs]
}

run "refuses_half_a_pair" {
  command = plan
  variables {
    environments = { production = { title = "Production", protected = true, account = "300000000003", namespace = "shop", paired = true, clusters = { eu-west-1 = "shop-production" } } }
  }
  expect_failures = [var.environments]
}

run "job_roles_are_the_groups_that_are_named" {
  command = plan
  variables { groups = { developer = "dev", manager = "lead", auditor = "audit", operator = "ops", administrator = "root" } }
  assert {
    condition     = strcontains(output.config, "\noperator = [\"ops\"]\n") && !strcontains(output.config, "portolan-operators")
    error_message = "the portal takes the same groups as Identity Center"
  }
}

run "refuses_a_job_role_without_a_group" {
  command = plan
  variables { groups = { developer = "dev" } }
  expect_failures = [var.groups]
}
