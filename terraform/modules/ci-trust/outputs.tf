output "role_arns" {
  description = "For the workflows: plan, apply, and push by repository."
  value = {
    plan  = aws_iam_role.terraform_plan.arn
    apply = aws_iam_role.terraform_apply.arn
    push  = { for repository, role in aws_iam_role.push : repository => role.arn }
  }
}
