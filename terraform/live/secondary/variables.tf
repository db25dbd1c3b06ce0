variable "account_id" {
  description = "Account of the environment."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is twelve digits, leading zeros included: write it in quotes."
  }
}

variable "system" {
  description = "System, such as shop."
  type        = string
}

variable "environment" {
  description = "Environment, such as production."
  type        = string
}

variable "region_pair" {
  description = "The two regions and which serves; see modules/region-pair. After a failover set `active` here, in this one file."
  type = object({
    name      = string
    active    = string
    primary   = object({ region = string, cidr = string, zones = optional(list(string), ["a", "b", "c"]) })
    secondary = object({ region = string, cidr = string, zones = optional(list(string), ["a", "b", "c"]) })
  })
}

variable "size" {
  description = "small or full; see modules/region."
  type        = string
}

variable "kubernetes_version" {
  description = "Kubernetes version, minor only."
  type        = string
}

variable "addon_versions" {
  description = "Exact versions of the EKS add-ons."
  type        = map(string)
}

variable "autoscaler" {
  description = "cluster-autoscaler or karpenter."
  type        = string
  default     = "cluster-autoscaler"
}

variable "application_namespace" {
  description = "Namespace of the applications."
  type        = string
}

variable "public_endpoint_cidrs" {
  description = "Networks that may reach the cluster's API from outside: both sides' nat_addresses of the platform environment, and for a first apply by hand one's own. Empty: private only."
  type        = list(string)
  default     = []
}

variable "cluster_administrators" {
  description = "name => role that administers the cluster besides portolan-ci-terraform-apply, for a first apply by hand. Take it out afterwards."
  type        = map(string)
  default     = {}
}

variable "hosts" {
  description = "Public names served, each with the path to check, a word the answer must contain, and whether its failing takes the side out."
  type        = map(object({ fqdn = string, path = string, expect = string, decides = optional(bool, true) }))
}

variable "targets" {
  description = "Target groups of the ALB."
  type        = map(object({ port = number, hosts = optional(list(string), []), health_check_path = optional(string, "/healthz"), drain_s = optional(number, 30) }))
}

variable "network_targets" {
  description = "The one target group of the internal NLB."
  type        = map(object({ port = number, health_check_path = optional(string, "/healthz"), drain_s = optional(number, 30) }))
}

variable "postgres_version" {
  description = "PostgreSQL version, exact; the same as in the root `global`."
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

variable "aurora_master_password" {
  description = "Aurora's administrator, only when the active side is created: see terraform/README.md. Never stored."
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

variable "datadog" {
  description = "Whether the Datadog agent runs in the cluster."
  type        = bool
  default     = false
}

variable "peering" {
  description = "Whether the two networks are peered; made by the root `secondary`, once both exist."
  type        = bool
  default     = true
}

variable "platform" {
  description = <<-EOT
    Only for the platform environment, and only once its database has its roles and its secrets their values (terraform/README.md): Portolan and Jenkins.
    Both have a host (`portolan`, `jenkins`) and a target of the same name. What differs by region is told by side.
  EOT
  type = object({
    image           = object({ primary = string, secondary = string })
    secrets_key_arn = object({ primary = string, secondary = string })
    oidc            = object({ issuer = string, client_id = string })
    # job role => group of the IdP, as given to the platform account's root `bootstrap`
    groups = optional(map(string), {
      developer = "portolan-developers", manager = "portolan-managers", auditor = "portolan-auditors", operator = "portolan-operators", administrator = "portolan-administrators"
    })
    jenkins = object({
      client_id           = string
      organization        = string
      services            = map(string)
      library_repository  = optional(string, "platform")
      library_version     = string
      registry_account_id = string
      tools = object({
        primary   = object({ build = string, scan = string, deploy = string })
        secondary = object({ build = string, scan = string, deploy = string })
      })
    })
    environments = map(object({
      title     = string
      protected = bool
      account   = string
      namespace = string
      paired    = bool
      clusters  = map(string)
    }))
  })
  default = null

  validation {
    condition     = var.platform == null ? true : alltrue([for name in ["portolan", "jenkins"] : contains(keys(var.hosts), name) && contains(keys(var.targets), name)])
    error_message = "The platform environment needs hosts and targets called `portolan` and `jenkins`: without a host there is no name and no certificate, without a target no traffic."
  }

  validation {
    condition     = var.platform == null ? true : length(try(var.targets["portolan"].hosts, ["none"])) == 0 && contains(try(var.targets["jenkins"].hosts, []), try(var.hosts["jenkins"].fqdn, ""))
    error_message = "The target `portolan` takes what no other does (no hosts), and the target `jenkins` names the host of Jenkins."
  }
}
