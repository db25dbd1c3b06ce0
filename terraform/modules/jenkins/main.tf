# Jenkins on EKS: configured as code, agents as pods, no right to deploy. What a deployment may do comes with the
# ticket of the one run it is for.

locals {
  namespace = "jenkins"
  # The chart makes a secret of its own called `jenkins`; ours has another name.
  secret = "jenkins-external"

  values = {
    controller = {
      jenkinsUrl       = "https://${var.host}/jenkins/"
      jenkinsUriPrefix = "/jenkins"
      numExecutors     = 0 # nothing runs on the controller
      executorMode     = "EXCLUSIVE"
      installPlugins = [
        "credentials:1419.v2337d1ceceef", "credentials-binding:687.v619cb_15e923f", "plain-credentials:195.vb_906e9073dee", "configuration-as-code:2036.v0b_258ed496fd", "git:5.7.0", "job-dsl:1.93",
        "kubernetes:4371.vb_33b_086d54a_1", "matrix-auth:3.2.8", "oic-auth:4.555.v4e3e1a_e7c0a_1", "pipeline-groovy-lib:787.ve2fef0efdca_6", "workflow-aggregator:608.v67378e9d3db_1",
      ]
      additionalExistingSecrets = [for key in ["oidc-client-secret", "portolan-api-token", "github-token"] : { name = local.secret, keyName = key }]
      JCasC = {
        # The chart's own part defines the cloud that agents come from. It leaves out what ours has: sign-in and rights.
        defaultConfig = true
        configScripts = { portolan = templatefile("${path.module}/jcasc.yaml.tftpl", {
          secret       = local.secret
          oidc         = var.oidc
          portal_url   = var.portal_url
          organization = var.organization
          services     = var.services
          system       = var.system
          registry     = "${var.registry_account_id}.dkr.ecr.${var.region}.amazonaws.com"
          tools        = var.tools
          library      = { repository = var.library_repository, version = var.library_version }
          groups       = var.groups
        }) }
      }
      containerSecurityContext = { runAsNonRoot = true, runAsUser = 1000, readOnlyRootFilesystem = true, allowPrivilegeEscalation = false }
      prometheus               = { enabled = true }
    }
    agent = {
      enabled      = true
      namespace    = local.namespace
      podRetention = "Never"
      containerCap = 20
      runAsUser    = 1000
      resources    = { requests = { cpu = "500m", memory = "512Mi" }, limits = { cpu = "1", memory = "2Gi" } }
    }
    persistence    = { enabled = true, size = "50Gi", storageClass = "gp3" } # made by modules/cluster-addons
    serviceAccount = { create = true, name = "jenkins" }
    # Agents have a service account without any Kubernetes right of their own.
    serviceAccountAgent = { create = true, name = "jenkins-agent" }
    networkPolicy       = { enabled = true }
  }
}

resource "kubernetes_namespace_v1" "this" {
  metadata {
    name   = local.namespace
    labels = { "pod-security.kubernetes.io/enforce" = "baseline", "pod-security.kubernetes.io/warn" = "restricted" }
  }
}

resource "helm_release" "secrets" {
  name      = "jenkins-secrets"
  namespace = kubernetes_namespace_v1.this.metadata[0].name
  chart     = "${path.module}/../../charts/secrets"
  values    = [yamlencode({ region = var.region, secrets = { (local.secret) = "portolan/jenkins" } })]
}

resource "helm_release" "jenkins" {
  name       = "jenkins"
  namespace  = kubernetes_namespace_v1.this.metadata[0].name
  repository = "https://charts.jenkins.io"
  chart      = "jenkins"
  version    = var.chart_version
  atomic     = true
  timeout    = 900
  values     = [yamlencode(local.values)]
  depends_on = [helm_release.secrets]
}

# --- The agents' own role: pushing images. No eks, no sts, nothing to deploy with. -------------------------

resource "aws_iam_role" "agent" {
  name = "${var.cluster_name}-jenkins-agent-${var.region}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Principal = { Service = "pods.eks.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id }
        ArnEquals    = { "aws:SourceArn" = "arn:aws:eks:${var.region}:${var.account_id}:cluster/${var.cluster_name}" }
      }
    }]
  })
}

resource "aws_iam_role_policy" "agent" {
  name = "push-images"
  role = aws_iam_role.agent.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "SignIn", Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = "*" },
      {
        Sid    = "PushImages"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages", "ecr:DescribeImageScanFindings",
          "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
        ]
        Resource = ["arn:aws:ecr:${var.region}:${var.registry_account_id}:repository/${var.system}/*"]
      },
      { Sid = "NeverDeploy", Effect = "Deny", Action = ["eks:*", "sts:AssumeRole", "iam:*"], Resource = "*" },
    ]
  })
}

resource "aws_eks_pod_identity_association" "agent" {
  cluster_name    = var.cluster_name
  namespace       = local.namespace
  service_account = "jenkins-agent"
  role_arn        = aws_iam_role.agent.arn
}

resource "helm_release" "binding" {
  name       = "jenkins-binding"
  namespace  = kubernetes_namespace_v1.this.metadata[0].name
  chart      = "${path.module}/../../charts/target-group-binding"
  values     = [yamlencode({ service = "jenkins", port = 8080, targetGroupArn = var.target_group_arn })]
  depends_on = [helm_release.jenkins]
}
