variable "cluster_name" {
  description = "Cluster to install into; the helm and kubernetes providers must point at the same one."
  type        = string
}

variable "account_id" {
  description = "Account of the cluster."
  type        = string
}

variable "region" {
  description = "Region of the cluster."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the cluster."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of this region for the volumes of pods; modules/eks lets the CSI driver use the same one."
  type        = string
}

variable "node_role_arn" {
  description = "Role Karpenter gives to the nodes it starts."
  type        = string
}

variable "autoscaler" {
  description = "cluster-autoscaler: grows the managed node groups. karpenter: starts instances that fit the pods that wait."
  type        = string
  default     = "cluster-autoscaler"

  validation {
    condition     = contains(["cluster-autoscaler", "karpenter"], var.autoscaler)
    error_message = "autoscaler must be \"cluster-autoscaler\" or \"karpenter\". Both at once would fight over the same pods."
  }
}

variable "application_namespaces" {
  description = "Namespaces for applications; the groups of job roles get their rights in these only."
  type        = list(string)

  validation {
    condition     = alltrue([for name in var.application_namespaces : !startswith(name, "kube-") && name != "default" && name != "portolan"])
    error_message = "kube-*, default and portolan are not for applications: developers would get rights over the platform itself."
  }
}

variable "chart_versions" {
  description = "Exact chart versions."
  type = object({
    load_balancer_controller = optional(string, "1.13.4")
    cluster_autoscaler       = optional(string, "9.50.1")
    karpenter                = optional(string, "1.6.2")
  })
  default = {}
}
