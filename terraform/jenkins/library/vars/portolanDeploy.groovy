/**
 * Deploys one service to one cluster, or brings up a canary of it there, as Portolan asks. Started by Portolan alone, with the parameters it sends.
 *
 * The pipeline holds no AWS right. It redeems the one-time ticket for the session of the person whose change was approved, narrowed
 * to this service, cluster and digest. A second redemption is refused and recorded, so a stolen ticket is found out.
 */
def call(Map settings) {
    if (params.SERVICE != settings.service) {
        error "This job deploys ${settings.service}, and was asked for ${params.SERVICE}."
    }
    currentBuild.displayName = "#${env.BUILD_NUMBER} ${params.VERSION} ${params.REGION}${params.CANARY_SHARE ? ' canary' : ''}"
    // Portolan finds its build again by this, should it lose sight of it.
    currentBuild.description = "run ${params.PORTOLAN_RUN_ID}"

    podTemplate(yaml: libraryResource('deploy-pod.yaml').replace('@DEPLOY_IMAGE@', env.PORTOLAN_DEPLOY_IMAGE)) {
        node(POD_LABEL) {
            container('deploy') {
                timeout(time: 20, unit: 'MINUTES') {
                    writeFile file: 'deploy.sh', text: libraryResource('deploy.sh')
                    // Parameters reach the script as its environment, so no value is ever pasted into a shell line.
                    withEnv([
                        "PORTOLAN_RUN_ID=${params.PORTOLAN_RUN_ID}", "PORTOLAN_URL=${params.PORTOLAN_URL}", "SERVICE=${params.SERVICE}",
                        "VERSION=${params.VERSION}", "DIGEST=${params.DIGEST}", "ENVIRONMENT=${params.ENVIRONMENT}", "REGION=${params.REGION}",
                        "CLUSTER=${params.CLUSTER}", "NAMESPACE=${params.NAMESPACE}", "PORTOLAN_TICKET=${params.PORTOLAN_TICKET}",
                        // Empty: all of the replicas. A job that does not declare it would give the shell the word "null", which the script refuses.
                        "CANARY_SHARE=${params.CANARY_SHARE ?: ''}",
                    ]) {
                        sh 'set +x; bash deploy.sh'
                    }
                }
            }
        }
    }
}
