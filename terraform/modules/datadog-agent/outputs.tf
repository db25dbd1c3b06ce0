output "version" {
  description = "Chart version in use; the same in both regions."
  value       = helm_release.agent.version
}
