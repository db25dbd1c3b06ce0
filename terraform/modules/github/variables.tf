variable "repositories" {
  description = "Service repositories: name => owning team's slug and the checks that must pass."
  type        = map(object({ team = string, checks = optional(list(string), ["test"]) }))

  validation {
    condition     = alltrue([for repository in var.repositories : length(repository.checks) > 0])
    error_message = "Each repository needs at least one required check; without one, review is the only thing between a mistake and main."
  }
}

variable "terraform_repository" {
  description = "Repository of this code; its protected environment `terraform` applies it."
  type        = object({ name = string, reviewers = list(number) })

  validation {
    condition     = length(var.terraform_repository.reviewers) >= 1 && length(var.terraform_repository.reviewers) <= 6
    error_message = "From one to six reviewing teams (ids): GitHub takes no more, and without one anybody's push would apply."
  }
}

variable "portal_url" {
  description = "Address of Portolan; hooks go to its /api/v1/hooks/github."
  type        = string

  validation {
    condition     = can(regex("^https://[^/]+$", var.portal_url))
    error_message = "portal_url is https://<host> without a path."
  }
}

variable "hook_secret" {
  description = "Secret that signs hooks; the portal has the same."
  type        = string
  sensitive   = true

  validation {
    condition     = length(var.hook_secret) >= 32
    error_message = "hook_secret has 32 characters at the least: it is all that tells GitHub's hooks from anybody's."
  }
}

variable "role_arns" {
  description = "repository => role of modules/ci-trust for pushing its image."
  type        = map(string)
}
