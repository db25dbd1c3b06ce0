output "name" {
  description = "Name of the cluster."
  value       = aws_eks_cluster.this.name
}

output "arn" {
  description = "ARN of the cluster."
  value       = aws_eks_cluster.this.arn
}

output "endpoint" {
  description = "Address of the API server, once it lets Terraform in and has nodes to run something on."
  value       = aws_eks_cluster.this.endpoint
  # The helm and kubernetes providers take the address from here. A cluster whose creator has no rights refuses them until the access
  # entries are there, and a chart installed before the nodes is rolled back.
  depends_on = [aws_eks_access_policy_association.this, aws_eks_node_group.this, aws_eks_addon.after_nodes]
}

output "certificate_authority" {
  description = "CA of the API server, base64."
  value       = aws_eks_cluster.this.certificate_authority[0].data
}

output "security_group_id" {
  description = "The cluster's own security group: every node and pod is in it."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

output "node_role" {
  description = "Role of the nodes: name and ARN."
  value       = { name = aws_iam_role.node.name, arn = aws_iam_role.node.arn }
}

output "autoscaling_groups" {
  description = "node group => name of its Auto Scaling group."
  value       = { for name, group in aws_eks_node_group.this : name => group.resources[0].autoscaling_groups[0].name }
}

output "oidc_provider_arn" {
  description = "For IRSA, which only pods on Fargate need."
  value       = aws_iam_openid_connect_provider.this.arn
}

output "administrators" {
  description = "Principals with AWS's cluster-admin policy on the whole cluster, for the access review."
  value       = sort([for key, association in aws_eks_access_policy_association.this : association.principal_arn if endswith(association.policy_arn, "/AmazonEKSClusterAdminPolicy")])
}
