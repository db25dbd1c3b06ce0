# Settings of the repositories: a protected main branch, a signed hook to the portal, and which AWS role their workflows take.

resource "github_repository_ruleset" "main" {
  for_each    = var.repositories
  name        = "main"
  repository  = each.key
  target      = "branch"
  enforcement = "active"

  conditions {
    ref_name {
      include = ["~DEFAULT_BRANCH"]
      exclude = []
    }
  }

  rules {
    creation                = true
    deletion                = true
    non_fast_forward        = true
    required_linear_history = true
    required_signatures     = true

    pull_request {
      required_approving_review_count   = 1
      dismiss_stale_reviews_on_push     = true
      require_last_push_approval        = true # nobody approves what they pushed last
      require_code_owner_review         = true
      required_review_thread_resolution = true
    }

    required_status_checks {
      strict_required_status_checks_policy = true
      dynamic "required_check" {
        for_each = toset(each.value.checks)
        content {
          context = required_check.value
        }
      }
    }
  }
}

# Released versions do not move: a tag is what a digest was built from.
resource "github_repository_ruleset" "tags" {
  for_each    = var.repositories
  name        = "release tags"
  repository  = each.key
  target      = "tag"
  enforcement = "active"

  conditions {
    ref_name {
      include = ["refs/tags/*"]
      exclude = []
    }
  }

  rules {
    update   = true
    deletion = true
  }
}

resource "github_team_repository" "owner" {
  for_each   = var.repositories
  team_id    = each.value.team
  repository = each.key
  permission = "push"
}

resource "github_repository_webhook" "portal" {
  for_each   = var.repositories
  repository = each.key
  active     = true
  events     = ["push", "create", "pull_request", "workflow_run"]

  configuration {
    url          = "${var.portal_url}/api/v1/hooks/github"
    content_type = "json"
    insecure_ssl = false
    secret       = var.hook_secret
  }
}

resource "github_actions_variable" "role" {
  for_each      = var.role_arns
  repository    = each.key
  variable_name = "AWS_PUSH_ROLE"
  value         = each.value
}

# --- Where Terraform itself is applied ---------------------------------------------------------------------

resource "github_repository_environment" "terraform" {
  repository          = var.terraform_repository.name
  environment         = "terraform" # the subject that modules/ci-trust trusts
  prevent_self_review = true
  can_admins_bypass   = false

  reviewers {
    teams = var.terraform_repository.reviewers
  }
  # Protected branches only: any other branch could bring its own workflow into this environment.
  deployment_branch_policy {
    protected_branches     = true
    custom_branch_policies = false
  }
}
