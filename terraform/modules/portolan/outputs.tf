output "config" {
  description = "portolan.toml as deployed, without secrets."
  value       = local.config
}
