variable "organization" {
  description = "GitHub organization."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+$", var.organization))
    error_message = "organization is its plain name, as in the address of its repositories."
  }
}

variable "repositories" {
  description = "Service repositories: name => owning team's slug and the checks that must pass."
  type        = map(object({ team = string, checks = optional(list(string), ["test"]) }))
}

variable "terraform_repository" {
  description = "Repository of this code, and the ids of the teams that review what is applied."
  type        = object({ name = string, reviewers = list(number) })
}

variable "portal_url" {
  description = "Address of Portolan, which the hooks go to."
  type        = string
}

variable "hook_secret" {
  description = "Secret that signs the hooks; the portal has the same. By the environment (TF_VAR_hook_secret), never in a file; GitHub's provider keeps it in the state, which is encrypted."
  type        = string
  sensitive   = true
}

variable "pushes_to" {
  description = "repository => account whose registry its workflows push to (image_repositories of that account's root `bootstrap`)."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for repository, account_id in var.pushes_to : can(regex("^[0-9]{12}$", account_id)) && contains(concat(keys(var.repositories), [var.terraform_repository.name]), repository)])
    error_message = "pushes_to names repositories of this root, each with an account of twelve digits: a role for a repository that is not protected here would take unreviewed code."
  }
}
