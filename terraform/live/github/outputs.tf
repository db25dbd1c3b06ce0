output "hook_urls" {
  description = "repository => where its hook goes."
  value       = module.github.hook_urls
}
