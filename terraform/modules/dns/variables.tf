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

variable "account_id" {
  description = "Account of the zone."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is twelve digits, leading zeros included: write it in quotes."
  }
}
