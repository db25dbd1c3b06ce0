variable "domain" {
  description = "Domain of the public zone."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain is a plain DNS name in lower case, without a final dot, such as shop.example.com."
  }
}

variable "certificate_authorities" {
  description = "Who may issue certificates for the domain (CAA)."
  type        = list(string)
  default     = ["amazon.com"]

  validation {
    condition     = length(var.certificate_authorities) > 0
    error_message = "Name at least one authority; Amazon's is needed for ACM."
  }
}

variable "query_log_group_arn" {
  description = "Log group in us-east-1 for queries; Route 53 logs nowhere else."
  type        = string

  validation {
    condition     = can(regex("^arn:aws:logs:us-east-1:[0-9]{12}:log-group:/aws/route53/", var.query_log_group_arn))
    error_message = "Route 53 writes query logs only to a group in us-east-1 whose name starts with /aws/route53/."
  }
}
