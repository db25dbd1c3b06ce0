output "hook_urls" {
  description = "repository => where its hook goes."
  value       = { for name, hook in github_repository_webhook.portal : name => "${var.portal_url}/api/v1/hooks/github" if hook.active }
}
