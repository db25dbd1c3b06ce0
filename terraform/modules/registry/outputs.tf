output "urls" {
  description = "repository => address in this region."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}
