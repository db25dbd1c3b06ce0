variable "cluster_name" {
  description = "Cluster that runs Jenkins."
  type        = string
}

variable "account_id" {
  description = "Account of the cluster."
  type        = string
}

variable "registry_account_id" {
  description = "Account of the image registry (modules/registry), which names the agents' role among its pushers."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.registry_account_id))
    error_message = "registry_account_id is twelve digits, leading zeros included: write it in quotes."
  }
}

variable "tools" {
  description = "Images the pipelines run in, by digest and from this region: build (git, buildkit, crane, ECR's credential helper), scan (trivy), deploy (bash, curl, jq, aws, kubectl)."
  type        = object({ build = string, scan = string, deploy = string })

  validation {
    condition     = alltrue([for image in values(var.tools) : can(regex("^[0-9]{12}\\.dkr\\.ecr\\.${var.region}\\.amazonaws\\.com/[a-z0-9/._-]+@sha256:[0-9a-f]{64}$", image))])
    error_message = "A tool is <account>.dkr.ecr.${var.region}.amazonaws.com/<repository>@sha256:<digest>: what builds and deploys must not move, nor be fetched from the region that is down."
  }
}

variable "region" {
  description = "Region of the cluster."
  type        = string
}

variable "host" {
  description = "Host name of Jenkins; it serves under /jenkins."
  type        = string
}

variable "portal_url" {
  description = "Address of Portolan, for reporting releases and redeeming tickets."
  type        = string

  validation {
    condition     = can(regex("^https://[^/]+$", var.portal_url))
    error_message = "portal_url is https://<host> without a path: a ticket must not cross the network in the clear."
  }
}

variable "oidc" {
  description = "Identity provider for sign-in."
  type        = object({ issuer = string, client_id = string })
}

variable "groups" {
  description = "job role => group of the IdP; the same names as Identity Center's (modules/identity-center)."
  type        = map(string)

  validation {
    condition     = toset(keys(var.groups)) == toset(["developer", "manager", "auditor", "operator", "administrator"])
    error_message = "Name the group of each job role: developer, manager, auditor, operator, administrator."
  }
}

variable "organization" {
  description = "GitHub organization of the services."
  type        = string
}

variable "services" {
  description = "service => team; each gets the job shop/deploy-<service>."
  type        = map(string)
}

variable "system" {
  description = "System: folder of the jobs and prefix of the image repositories."
  type        = string
}

variable "library_repository" {
  description = "Repository of this code, which holds the shared library."
  type        = string
  default     = "platform"

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+$", var.library_repository))
    error_message = "library_repository is one repository's name, without organization."
  }
}

variable "library_version" {
  description = "Commit of the shared library in the platform repository: the pipeline that deploys is as reviewed as what it deploys."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{40}$", var.library_version))
    error_message = "library_version is a full commit id. A branch could be changed between approval and run."
  }
}

variable "target_group_arn" {
  description = "Target group of the load balancer."
  type        = string
}

variable "chart_version" {
  description = "Exact chart version."
  type        = string
  default     = "5.8.73"
}
