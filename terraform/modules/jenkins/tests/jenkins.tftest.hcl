mock_provider "aws" {
  source = "../../mocks"
}
mock_provider "helm" {}
mock_provider "kubernetes" {}

variables {
  cluster_name        = "portolan"
  account_id          = "100000000001"
  registry_account_id = "200000000002"
  tools = {
    build  = "100000000001.dkr.ecr.eu-west-1.amazonaws.com/platform/build@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    scan   = "100000000001.dkr.ecr.eu-west-1.amazonaws.com/platform/scan@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    deploy = "100000000001.dkr.ecr.eu-west-1.amazonaws.com/platform/deploy@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  }
  region           = "eu-west-1"
  host             = "jenkins.example.com"
  portal_url       = "https://portolan.example.com"
  oidc             = { issuer = "https://idp.example.com", client_id = "jenkins" }
  organization     = "example"
  groups           = { developer = "dev", manager = "lead", auditor = "audit", operator = "ops", administrator = "root" }
  services         = { cart = "checkout", search = "catalog" }
  system           = "shop"
  library_version  = "0123456789abcdef0123456789abcdef01234567"
  target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:100000000001:targetgroup/jenkins/0123456789abcdef"
}

run "cannot_deploy_by_itself" {
  command = apply
  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.agent.policy).Statement :
    statement.Effect == "Deny" || alltrue([for action in statement.Action : startswith(action, "ecr:")])])
    error_message = "agents push images and do nothing else"
  }
  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.agent.policy).Statement : statement.Action if statement.Effect == "Deny"]) == ["eks:*", "sts:AssumeRole", "iam:*"]
    error_message = "deploying is denied, whatever else is attached one day"
  }
  assert {
    condition     = jsonencode(sort([for entry in yamldecode(yamldecode(helm_release.jenkins.values[0]).controller.JCasC.configScripts.portolan).jenkins.authorizationStrategy.globalMatrix.entries : "${entry.group.name} ${contains(entry.group.permissions, "Job/Build")}" if can(entry.group)])) == jsonencode(["dev false", "ops false", "root false"])
    error_message = "rights go to the groups that are named, and none of them starts builds"
  }
  assert {
    condition     = yamldecode(helm_release.jenkins.values[0]).controller.numExecutors == 0
    error_message = "nothing runs on the controller"
  }
  assert {
    condition = alltrue([for job in ["release-cart", "release-search", "deploy-cart", "deploy-search"] :
    length([for entry in yamldecode(yamldecode(helm_release.jenkins.values[0]).controller.JCasC.configScripts.portolan).jobs : entry if strcontains(entry.script, "pipelineJob('shop/${job}')")]) == 1])
    error_message = "each service has a job that releases and one that deploys, and the file is YAML"
  }
  assert {
    condition = alltrue([for name in ["PORTOLAN_RUN_ID", "PORTOLAN_TICKET", "PORTOLAN_URL", "SERVICE", "VERSION", "DIGEST", "ENVIRONMENT", "REGION", "CLUSTER", "NAMESPACE", "CANARY_SHARE"] :
    strcontains(yamldecode(yamldecode(helm_release.jenkins.values[0]).controller.JCasC.configScripts.portolan).jobs[2].script, "Param('${name}'")])
    error_message = "the job declares every parameter the portal sends; Jenkins drops undeclared ones in silence"
  }
  assert {
    condition = toset([for entry in yamldecode(yamldecode(helm_release.jenkins.values[0]).controller.JCasC.configScripts.portolan).jenkins.authorizationStrategy.globalMatrix.entries :
    try(entry.user.name, entry.group.name) if contains(try(entry.user.permissions, entry.group.permissions), "Job/Build")]) == toset(["portolan"])
    error_message = "only the portal starts builds"
  }
  assert {
    condition = toset([for name in regexall("\\$\\{([a-z-]+)\\}", yamldecode(helm_release.jenkins.values[0]).controller.JCasC.configScripts.portolan) : name[0]]) == toset([
    for secret in yamldecode(helm_release.jenkins.values[0]).controller.additionalExistingSecrets : "${secret.name}-${secret.keyName}"])
    error_message = "every secret the configuration names is mounted"
  }
  assert {
    condition     = yamldecode(helm_release.secrets.values[0]) == { region = "eu-west-1", secrets = { jenkins-external = "portolan/jenkins" } } && helm_release.jenkins.name != "jenkins-external"
    error_message = "the secret comes from Secrets Manager of this region, under a name the chart does not take for its own"
  }
  assert {
    # What the chart's own part writes must not stand in ours: Jenkins refuses a key that two files set.
    condition = (yamldecode(helm_release.jenkins.values[0]).controller.JCasC.defaultConfig && length(setintersection(
      keys(yamldecode(yamldecode(helm_release.jenkins.values[0]).controller.JCasC.configScripts.portolan).jenkins), ["mode", "numExecutors", "clouds", "disableRememberMe", "remotingSecurity", "projectNamingStrategy", "markupFormatter", "crumbIssuer"])) == 0
    && !contains(keys(yamldecode(yamldecode(helm_release.jenkins.values[0]).controller.JCasC.configScripts.portolan)), "security") && !can(yamldecode(yamldecode(helm_release.jenkins.values[0]).controller.JCasC.configScripts.portolan).unclassified.location))
    error_message = "the chart defines the cloud of agents, and nothing is set twice"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.agent.policy).Statement[1].Resource == ["arn:aws:ecr:eu-west-1:200000000002:repository/shop/*"]
    error_message = "agents push to the registry's account, the system's images only"
  }
  assert {
    condition     = !yamldecode(yamldecode(helm_release.jenkins.values[0]).controller.JCasC.configScripts.portolan).unclassified.globalLibraries.libraries[0].allowVersionOverride
    error_message = "a Jenkinsfile may not replace the deploy pipeline"
  }
}

run "refuses_a_branch" {
  command = plan
  variables { library_version = "main" }
  expect_failures = [var.library_version]
}

run "refuses_plain_http" {
  command = plan
  variables { portal_url = "http://portolan.example.com" }
  expect_failures = [var.portal_url]
}

run "refuses_tools_by_tag" {
  command = plan
  variables {
    tools = {
      build  = "100000000001.dkr.ecr.eu-west-1.amazonaws.com/platform/build:latest"
      scan   = "100000000001.dkr.ecr.eu-west-1.amazonaws.com/platform/scan@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      deploy = "100000000001.dkr.ecr.eu-west-1.amazonaws.com/platform/deploy@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    }
  }
  expect_failures = [var.tools]
}
