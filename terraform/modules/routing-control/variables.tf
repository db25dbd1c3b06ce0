variable "name" {
  description = "Name of the ARC cluster and its panel."
  type        = string
}

variable "wait_ms" {
  description = "How long a changed control is observed before the rules are judged again, in milliseconds."
  type        = number
  default     = 5000

  validation {
    condition     = var.wait_ms >= 0 && var.wait_ms <= 60000
    error_message = "wait_ms lies between 0 and 60000."
  }
}
