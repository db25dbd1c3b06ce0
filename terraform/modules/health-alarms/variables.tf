variable "name" {
  description = "Prefix of the alarms."
  type        = string
}

variable "health_checks" {
  description = "check => Route 53 health check id, as modules/failover puts them out. The control check is left out by name: it turning is a decision, not a fault."
  type        = map(string)
}
