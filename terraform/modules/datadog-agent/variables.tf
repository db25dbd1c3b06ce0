variable "cluster_name" {
  description = "Cluster the agent reports as."
  type        = string
}

variable "region" {
  description = "Region of the cluster; a tag on everything the agent sends."
  type        = string
}

variable "site" {
  description = "Datadog site."
  type        = string
  default     = "datadoghq.eu"

  validation {
    condition     = contains(["datadoghq.com", "us3.datadoghq.com", "us5.datadoghq.com", "datadoghq.eu", "ap1.datadoghq.com", "ddog-gov.com"], var.site)
    error_message = "site is one of Datadog's: datadoghq.com, us3.datadoghq.com, us5.datadoghq.com, datadoghq.eu, ap1.datadoghq.com, ddog-gov.com."
  }
}

variable "secret" {
  description = "Secret in Secrets Manager with the JSON key api-key, such as shop-production/datadog; External Secrets brings it. The key itself never passes through Terraform."
  type        = string
}

variable "chart_version" {
  description = "Exact chart version."
  type        = string
  default     = "3.136.1"
}
