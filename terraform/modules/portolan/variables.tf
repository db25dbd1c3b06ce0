variable "cluster_name" {
  description = "Cluster of the platform account in this region."
  type        = string
}

variable "region" {
  description = "Region of the cluster."
  type        = string
}

variable "image" {
  description = "Portolan's image by digest, in this region's registry."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}\\.dkr\\.ecr\\.${var.region}\\.amazonaws\\.com/[a-z0-9/._-]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image is <account>.dkr.ecr.${var.region}.amazonaws.com/<repository>@sha256:<digest>: by digest, and from this region, since pulling from the other one fails on the day it matters."
  }
}

variable "portal_role_arn" {
  description = "The portal's base role (modules/portal-role)."
  type        = string
}

variable "target_group_arn" {
  description = "Target group of the load balancer."
  type        = string
}

variable "load_balancer_cidrs" {
  description = "Networks the load balancer's addresses lie in."
  type        = list(string)
}

variable "database_cidrs" {
  description = "Networks of both regions: the writing database lies in either. Pods connect to PostgreSQL there and nowhere else."
  type        = list(string)

  validation {
    condition     = length(var.database_cidrs) == 2 && alltrue([for cidr in var.database_cidrs : can(cidrhost(cidr, 0))])
    error_message = "database_cidrs are the networks of both regions: with one of them, the portal loses its database in a failover."
  }
}

variable "host" {
  description = "Public host name of the portal, the same in both regions."
  type        = string
}

variable "oidc" {
  description = "The identity provider that stands behind Identity Center."
  type        = object({ issuer = string, client_id = string })

  validation {
    condition     = startswith(var.oidc.issuer, "https://")
    error_message = "oidc.issuer is an https address, letter for letter as the provider names itself."
  }
}

variable "groups" {
  description = "job role => group of the IdP; the same names as Identity Center's (modules/identity-center)."
  type        = map(string)

  validation {
    condition     = toset(keys(var.groups)) == toset(["developer", "manager", "auditor", "operator", "administrator"])
    error_message = "Name the group of each job role: developer, manager, auditor, operator, administrator."
  }
}

variable "jenkins_url" {
  description = "Address of Jenkins."
  type        = string
}

variable "region_pair" {
  description = "Name of the pair and which region is active and passive."
  type        = object({ name = string, active = string, passive = string })
}

variable "environments" {
  description = "Environments the portal governs; clusters by region."
  type = map(object({
    title     = string
    protected = bool
    account   = string
    namespace = string
    paired    = bool
    clusters  = map(string)
  }))

  validation {
    condition     = alltrue([for environment in var.environments : !environment.paired || length(environment.clusters) == 2])
    error_message = "An environment of the region pair has a cluster in both regions."
  }

  validation {
    condition     = length(var.environments) > 0
    error_message = "Name at least one environment: a portal that governs none has no rules, and does not start without."
  }
}
