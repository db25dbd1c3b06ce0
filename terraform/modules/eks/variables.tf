variable "name" {
  description = "Name of the cluster, such as shop-production."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,40}$", var.name))
    error_message = "name: 2 to 41 lower-case letters, digits or hyphens, starting with a letter."
  }
}

variable "region" {
  description = "Region of the cluster; IAM roles carry it because they are global and the peer cluster has the same name."
  type        = string
}

variable "kubernetes_version" {
  description = "Kubernetes version, minor only. Both regions should run the same one; the portal's parity probe says when they do not."
  type        = string

  validation {
    condition     = can(regex("^1\\.(3[2-9]|[4-9][0-9])$", var.kubernetes_version))
    error_message = "kubernetes_version is a minor version from 1.32 on, such as 1.33. Older ones are out of standard support and cost six times as much."
  }
}

variable "vpc_id" {
  description = "VPC of the cluster."
  type        = string
}

variable "private_subnet_ids" {
  description = "Private subnets, one a zone."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 3
    error_message = "Give the private subnets of three zones."
  }
}

variable "public_endpoint_cidrs" {
  description = "Networks that may reach the API server from outside. Empty: the endpoint is private only."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.public_endpoint_cidrs : can(cidrhost(cidr, 0)) && try(tonumber(split("/", cidr)[1]) >= 16, false)])
    error_message = "Name real networks of /16 or smaller. 0.0.0.0/0 would open the API server to the internet; leave the list empty for a private endpoint."
  }
}

variable "api_client_cidrs" {
  description = "Private networks beyond the cluster's own that may call the API server: the peer region's, where the portal also runs."
  type        = list(string)
  default     = []
}

variable "kms_key_arn" {
  description = "Key for Kubernetes secrets and node volumes."
  type        = string
}

variable "log_kms_key_arn" {
  description = "Key for the control plane's log group."
  type        = string
}

variable "is_active" {
  description = "Whether this side of the pair serves now; decides which capacity of each node group holds."
  type        = bool
}

variable "node_groups" {
  description = "Managed node groups, with their capacity when this side serves (active) and when it stands by (passive)."
  type = map(object({
    instance_types = list(string)
    capacity_type  = optional(string, "ON_DEMAND")
    disk_gib       = optional(number, 50)
    labels         = optional(map(string), {})
    active         = object({ min = number, max = number })
    passive        = object({ min = number, max = number })
  }))

  validation {
    condition     = length(var.node_groups) > 0
    error_message = "At least one node group is needed: add-ons and the autoscaler itself must run somewhere."
  }

  validation {
    condition     = alltrue([for group in var.node_groups : group.active.min <= group.active.max && group.passive.min <= group.passive.max])
    error_message = "A node group's min must not exceed its max."
  }

  validation {
    condition     = alltrue([for group in var.node_groups : group.passive.max >= group.active.min])
    error_message = "passive.max must reach active.min: the autoscaler of a standby region has to be able to grow to what serving needs, without Terraform."
  }

  validation {
    condition     = alltrue([for group in var.node_groups : contains(["ON_DEMAND", "SPOT"], group.capacity_type)])
    error_message = "capacity_type is ON_DEMAND or SPOT."
  }
}

variable "fargate_namespaces" {
  description = "Namespaces whose pods labelled portolan/burst=true run on Fargate."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.fargate_namespaces) <= 5
    error_message = "A Fargate profile takes at most five selectors."
  }
}

variable "access" {
  description = <<-EOT
    Who may talk to the cluster: name => IAM role, with Kubernetes groups (bound by RBAC in modules/cluster-addons) and AWS access
    policies (name => namespaces, empty for the whole cluster).
  EOT
  type = map(object({
    principal_arn     = string
    kubernetes_groups = optional(list(string), [])
    policies          = optional(map(list(string)), {})
  }))

  validation {
    condition     = alltrue([for entry in var.access : can(regex("^arn:aws:iam::[0-9]{12}:role/", entry.principal_arn))])
    error_message = "principal_arn is an IAM role. Users and assumed-role sessions are refused: people come through their job role."
  }

  validation {
    condition     = alltrue(flatten([for entry in var.access : [for group in entry.kubernetes_groups : !startswith(group, "system:")]]))
    error_message = "Groups that start with system: are Kubernetes' own; system:masters cannot be limited or audited."
  }
}

variable "addon_versions" {
  description = "Exact versions of the EKS add-ons; `aws eks describe-addon-versions --kubernetes-version` lists them."
  type = object({
    vpc_cni            = string
    coredns            = string
    kube_proxy         = string
    pod_identity_agent = string
    ebs_csi_driver     = string
    metrics_server     = string
  })

  validation {
    condition     = alltrue([for version in values(var.addon_versions) : can(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+-eksbuild\\.[0-9]+$", version))])
    error_message = "An add-on version is exact, such as v1.20.0-eksbuild.1. Without a pin the two regions drift apart."
  }
}
