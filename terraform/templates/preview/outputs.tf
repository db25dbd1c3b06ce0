output "namespace" {
  description = "Namespace of the environment."
  value       = kubernetes_namespace_v1.this.metadata[0].name
}

output "expires_at" {
  description = "When it may be removed."
  value       = var.expires_at
}
