# Once an organization: settings of its repositories (modules/github). A root of its own, since it belongs to no account and to no
# environment; its state lies with the platform account's.

# Signed in by GITHUB_TOKEN from the environment: an hour's token of a GitHub App that may administer the repositories.
provider "github" {
  owner = var.organization
}

module "github" {
  source               = "../../modules/github"
  repositories         = var.repositories
  terraform_repository = var.terraform_repository
  portal_url           = var.portal_url
  hook_secret          = var.hook_secret
  # Names as modules/ci-trust gives them.
  role_arns = { for repository, account_id in var.pushes_to : repository => "arn:aws:iam::${account_id}:role/portolan-ci-push-${repository}" }
}
