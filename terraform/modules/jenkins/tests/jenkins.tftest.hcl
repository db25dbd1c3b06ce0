mock_provider "aws" {
  source = "../../mocks"
}
mock_provider "helm" {}
mock_provider "kubernetes" {}

variables {
  cluster_name     = "portolan"
  account_id       = "100000000001"
  region           = "eu-west-1"
  host             = "jenkins.example.com"
  portal_url       = "https://portolan.example.com"
  oidc             = { issuer = "https://idp.example.com", client_id = "jenkins" }
  organization     = "example"
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
    condition     = yamldecode(helm_release.jenkins.values[0]).controller.numExecutors == 0
    error_message = "nothing runs on the controller"
  }
  assert {
    condition     = length(yamldecode(yamldecode(helm_release.jenkins.values[0]).controller.JCasC.configScripts.portolan).jobs) == 2
    error_message = "each service has its deploy job, and the file is YAML"
  }
  assert {
    condition = alltrue([for name in ["PORTOLAN_RUN_ID", "PORTOLAN_TICKET", "PORTOLAN_URL", "SERVICE", "VERSION", "DIGEST", "ENVIRONMENT", "REGION", "CLUSTER", "NAMESPACE"] :
    strcontains(yamldecode(yamldecode(helm_release.jenkins.values[0]).controller.JCasC.configScripts.portolan).jobs[0].script, "Param('${name}'")])
    error_message = "the job declares every parameter the portal sends; Jenkins drops undeclared ones in silence"
  }
  assert {
    condition = toset([for entry in yamldecode(yamldecode(helm_release.jenkins.values[0]).controller.JCasC.configScripts.portolan).jenkins.authorizationStrategy.globalMatrix.entries :
    try(entry.user.name, entry.group.name) if contains(try(entry.user.permissions, entry.group.permissions), "Job/Build")]) == toset(["portolan"])
    error_message = "only the portal starts builds"
  }
  assert {
    condition = alltrue([for name in regexall("\\$\\{jenkins-([a-z-]+)\\}", yamldecode(helm_release.jenkins.values[0]).controller.JCasC.configScripts.portolan) :
    contains([for secret in yamldecode(helm_release.jenkins.values[0]).controller.additionalExistingSecrets : secret.keyName], name[0])])
    error_message = "every secret the configuration names is mounted"
  }
  assert {
    condition     = length(regexall("jenkins-(oidc-client-secret|portolan-api-token|github-token)", yamldecode(helm_release.jenkins.values[0]).controller.JCasC.configScripts.portolan)) == 3 && length(regexall("\\$\\{jenkins-", yamldecode(helm_release.jenkins.values[0]).controller.JCasC.configScripts.portolan)) == 3
    error_message = "three secrets, each named in the form Jenkins resolves"
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
