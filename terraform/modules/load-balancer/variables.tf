variable "name" {
  description = "Name of the load balancer and prefix of its parts."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,24}$", var.name))
    error_message = "name: 2 to 25 lower-case letters, digits or hyphens; AWS allows 32 and target groups add to it."
  }
}

variable "kind" {
  description = "application: layer 7, HTTPS, with WAF (ALB). network: layer 4, TLS or TCP (NLB)."
  type        = string

  validation {
    condition     = contains(["application", "network"], var.kind)
    error_message = "kind must be \"application\" (ALB) or \"network\" (NLB)."
  }
}

variable "internal" {
  description = "Whether it faces the private network only."
  type        = bool
}

variable "vpc_id" {
  description = "VPC of the targets."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets, one a zone: public ones when it faces the internet, private ones when internal."
  type        = list(string)

  validation {
    condition     = length(distinct(var.subnet_ids)) >= 3
    error_message = "A load balancer in fewer than three zones loses more than it must when a zone fails."
  }
}

variable "client_cidrs" {
  description = "Networks that may connect."
  type        = list(string)

  validation {
    condition     = length(var.client_cidrs) > 0 && alltrue([for cidr in var.client_cidrs : can(cidrhost(cidr, 0))])
    error_message = "Name at least one network; a balancer that nobody may reach is a mistake."
  }
}

variable "cluster_name" {
  description = "Cluster whose controller may register pods with the target groups."
  type        = string
}

variable "pods_security_group_id" {
  description = "The cluster's own security group; it gets a rule from this load balancer."
  type        = string
}

variable "certificate_arn" {
  description = "ACM certificate of this region."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/", var.certificate_arn))
    error_message = "certificate_arn is an ACM certificate's ARN, issued in the load balancer's own region."
  }
}

variable "log_bucket" {
  description = "Bucket for access logs, in the same region."
  type        = string
}

variable "targets" {
  description = <<-EOT
    Target groups: name => pods' port, health check path, and for an ALB the host names it serves. Exactly one target has no hosts: it
    gets what no other takes. An NLB has one target.
  EOT
  type = map(object({
    port              = number
    hosts             = optional(list(string), [])
    health_check_path = optional(string, "/healthz")
    drain_s           = optional(number, 30)
  }))

  validation {
    condition     = length([for target in var.targets : target if length(target.hosts) == 0]) == 1
    error_message = "Exactly one target must have no hosts: the default one."
  }

  validation {
    condition     = alltrue([for target in var.targets : length(target.hosts) <= 5])
    error_message = "A listener rule takes five host names; with the side's own names beside them (modules/region) that is two hosts a target."
  }

  validation {
    condition     = alltrue([for target in var.targets : target.port > 0 && target.port < 65536])
    error_message = "A port lies between 1 and 65535."
  }

  validation {
    condition     = var.kind == "application" || length(var.targets) == 1
    error_message = "A network load balancer does not read host names: give it one target."
  }

  validation {
    condition     = alltrue([for name in keys(var.targets) : length("${var.name}-${name}") <= 32])
    error_message = "<name>-<target> must fit in the 32 characters of a target group's name."
  }
}
