variable "account_id" {
  description = "Account the provider and roles are made in."
  type        = string
}

variable "organization" {
  description = "GitHub organization."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+$", var.organization))
    error_message = "organization is its plain name. A pattern here would let foreign repositories in."
  }
}

variable "terraform_repository" {
  description = "Repository whose protected environment `terraform` applies these roots."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+$", var.terraform_repository))
    error_message = "terraform_repository is one repository's name, without organization and without wildcards."
  }
}

variable "image_repositories" {
  description = "GitHub repository => ECR repository it may push to."
  type        = map(string)

  validation {
    condition     = alltrue([for repository, image in var.image_repositories : can(regex("^[A-Za-z0-9._-]+$", repository)) && !strcontains(image, "*")])
    error_message = "Name repositories one by one; wildcards would let one service overwrite another's images."
  }
}

variable "regions" {
  description = "Regions of the pair."
  type        = object({ primary = string, secondary = string })
}

variable "terraform_policy_arns" {
  description = "Policies for applying Terraform."
  type        = list(string)
  default     = ["arn:aws:iam::aws:policy/PowerUserAccess", "arn:aws:iam::aws:policy/IAMFullAccess"]
}
