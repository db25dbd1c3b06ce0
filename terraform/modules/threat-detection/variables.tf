variable "security_hub_standards" {
  description = "Security Hub standards to subscribe to, as they stand in their ARNs."
  type        = list(string)
  default     = ["aws-foundational-security-best-practices/v/1.0.0"]
}

variable "region" {
  description = "Region of the provider."
  type        = string
}
