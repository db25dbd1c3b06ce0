variable "region_pair" {
  description = "The two regions and which serves; see modules/region-pair."
  type = object({
    name      = string
    active    = string
    primary   = object({ region = string, cidr = string, zones = optional(list(string), ["a", "b", "c"]) })
    secondary = object({ region = string, cidr = string, zones = optional(list(string), ["a", "b", "c"]) })
  })
}

variable "side" {
  description = "The side being built."
  type        = string
}

variable "system" {
  description = "System, such as shop."
  type        = string
}

variable "environment" {
  description = "Environment, such as production; the cluster is <system>-<environment>."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,15}$", var.environment))
    error_message = "environment: 2 to 16 lower-case letters, digits or hyphens; it is part of names that AWS keeps short."
  }

  validation {
    condition     = length("${var.system}-${var.environment}") <= 20
    error_message = "\"${var.system}-${var.environment}\" is the name of clusters, balancers and, with more behind it, of IAM roles, which AWS keeps to 64 characters: 20 at the most."
  }
}

variable "account_id" {
  description = "Account of the environment."
  type        = string
}

variable "size" {
  description = "small: one NAT gateway, small instances, for environments that may be slow or down. full: what production needs."
  type        = string

  validation {
    condition     = contains(["small", "full"], var.size)
    error_message = "size must be \"small\" or \"full\"."
  }
}

variable "kubernetes_version" {
  description = "Kubernetes version, minor only."
  type        = string
}

variable "addon_versions" {
  description = "Exact versions of the EKS add-ons."
  type        = map(string)
}

variable "application_namespace" {
  description = "Namespace of the applications."
  type        = string
}

variable "public_endpoint_cidrs" {
  description = "Networks that may reach the cluster's API from outside: the NAT addresses of the platform environment, whose portal and pipelines call it. Empty: private only."
  type        = list(string)
  default     = []
}

variable "cluster_administrators" {
  description = "name => role that administers the cluster besides Terraform's own, for the first apply by hand. Take it out afterwards."
  type        = map(string)
  default     = {}
}

variable "signed_path_prefix" {
  description = "Path whose bodies WAF leaves alone because the application verifies their signatures; see modules/waf."
  type        = string
  default     = null
}

variable "hosts" {
  description = "Public names served by this environment, each with the path to check, a word the answer must contain, and whether its failing takes the side out."
  type        = map(object({ fqdn = string, path = string, expect = string, decides = optional(bool, true) }))

  validation {
    condition     = alltrue([for host in var.hosts : endswith(".${host.fqdn}", ".${var.shared.domain}")])
    error_message = "Every host lies in ${var.shared.domain}, the zone of this environment; in a zone that is not ours the certificate could never be proved: ${join(", ", [for host in var.hosts : host.fqdn if !endswith(".${host.fqdn}", ".${var.shared.domain}")])}."
  }
}

variable "targets" {
  description = "Target groups of the ALB; see modules/load-balancer."
  type        = map(object({ port = number, hosts = optional(list(string), []), health_check_path = optional(string, "/healthz"), drain_s = optional(number, 30) }))
}

variable "network_targets" {
  description = "The one target group of the internal NLB."
  type        = map(object({ port = number, health_check_path = optional(string, "/healthz"), drain_s = optional(number, 30) }))
}

variable "postgres_version" {
  description = "PostgreSQL version of Aurora and RDS, exact."
  type        = string
}

variable "rpo_s" {
  description = "RPO of the environment in seconds."
  type        = number
}

variable "creating_database" {
  description = "True in the one apply that creates the active side's Aurora cluster, together with the password."
  type        = bool
  default     = false
}

variable "master_password" {
  description = "Administrator's password of Aurora, only when the active side is created."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "email" {
  description = "Who is told; see modules/events."
  type        = object({ page = optional(list(string), []), inform = optional(list(string), []) })
}

variable "sms" {
  description = "Phones that are paged."
  type        = list(string)
  default     = []
}

variable "portal_hook" {
  description = "The portal's public address for SNS, or null."
  type        = string
  default     = null
}

variable "shared" {
  description = "What the root `global` of this environment made: keys, zone, log buckets, global database, static content."
  type = object({
    keys = object({
      primary   = map(string)
      secondary = map(string)
    })
    zone_id            = string
    domain             = string
    tables             = optional(map(object({ rpo_s = number })), {})
    log_buckets        = object({ primary = string, secondary = string })
    global_cluster_id  = string
    control_host       = string
    replicated_buckets = map(object({ primary = string, secondary = string }))
  })
}

variable "routing_control_arns" {
  description = "side => ARC routing control, where modules/routing-control is used."
  type        = map(string)
  default     = {}
}
