variable "cluster_name" {
  description = "Cluster to install into; the helm provider must point at the same one."
  type        = string
}

variable "account_id" {
  description = "Account of the cluster and of the secrets."
  type        = string
}

variable "region" {
  description = "Region of the cluster; secrets are read here and never in the other region."
  type        = string
}

variable "secrets" {
  description = "Names of the secrets that may be read, such as portolan/application."
  type        = list(string)

  validation {
    condition     = length(var.secrets) > 0 && alltrue([for name in var.secrets : can(regex("^[a-z0-9/-]{3,100}$", name))])
    error_message = "Name the secrets one by one; a pattern would let every namespace's secrets be read with one role."
  }
}

variable "kms_key_arns" {
  description = "Keys of this region under which the secrets lie."
  type        = list(string)

  validation {
    condition     = length(var.kms_key_arns) > 0 && alltrue([for arn in var.kms_key_arns : can(regex("^arn:aws:kms:${var.region}:[0-9]{12}:key/", arn))])
    error_message = "kms_key_arns are keys of ${var.region}: a secret's copy in this region lies under this region's key."
  }
}

variable "chart_version" {
  description = "Exact chart version."
  type        = string
  default     = "0.19.2"
}
