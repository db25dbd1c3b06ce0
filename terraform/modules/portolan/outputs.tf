output "config" {
  description = "portolan.toml as deployed, without secrets."
  value       = local.config
}

output "rules" {
  description = "rules.toml as deployed."
  value       = local.rules
}
