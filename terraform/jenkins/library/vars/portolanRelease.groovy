/**
 * Builds, tests, scans and pushes a service's image by digest, and reports the release to Portolan. It does not deploy: a person
 * asks Portolan for that.
 *
 *   portolanRelease(service: 'cart', test: 'make test')
 *
 * Where it pushes and reports to is Jenkins' configuration (modules/jenkins), the same for every service.
 */
import groovy.json.JsonOutput

def call(Map settings) {
    def required = ['service', 'test']
    def missing = required.findAll { !settings[it] }
    if (missing) {
        error "portolanRelease needs ${missing.join(', ')}"
    }

    def pod = libraryResource('release-pod.yaml').replace('@BUILD_IMAGE@', env.PORTOLAN_BUILD_IMAGE).replace('@SCAN_IMAGE@', env.PORTOLAN_SCAN_IMAGE)
    podTemplate(yaml: pod) {
        node(POD_LABEL) {
            checkout scm
            def commit = sh(script: 'git rev-parse HEAD', returnStdout: true).trim()
            def version = sh(script: 'git describe --tags --exact-match 2>/dev/null || true', returnStdout: true).trim()
            def image = "${env.PORTOLAN_REGISTRY}/${env.PORTOLAN_SYSTEM}/${settings.service}"

            stage('Test') {
                container('build') { sh settings.test }
            }
            stage('Build') {
                container('build') {
                    withEnv(["IMAGE=${image}", "COMMIT=${commit}"]) {
                        sh 'buildctl-daemonless.sh build --frontend dockerfile.v0 --local context=. --local dockerfile=. --opt "label:org.opencontainers.image.revision=$COMMIT" --output type=docker,dest=image.tar --metadata-file build.json'
                    }
                }
            }
            stage('Scan') {
                // Before it is pushed: what fails here never gets a digest anybody could ask to deploy.
                container('scan') { sh 'trivy image --input image.tar --exit-code 1 --severity HIGH,CRITICAL --ignore-unfixed' }
            }
            if (!version) {
                echo "No tag at ${commit}: built and scanned, not released."
                return
            }
            def digest = ''
            stage('Push') {
                container('build') {
                    withEnv(["IMAGE=${image}", "VERSION=${version}"]) {
                        sh 'crane push image.tar "$IMAGE:$VERSION" --image-refs ref.txt'
                        digest = sh(script: 'sed "s/.*@//" ref.txt', returnStdout: true).trim()
                    }
                }
                if (!(digest ==~ /sha256:[0-9a-f]{64}/)) {
                    error "The registry gave no digest: ${digest}"
                }
            }
            stage('Report') {
                withCredentials([string(credentialsId: 'portolan-release-token', variable: 'PORTOLAN_TOKEN')]) {
                    writeFile file: 'release.json', text: JsonOutput.toJson([version: version, commit: commit, digest: digest, build: env.BUILD_URL])
                    withEnv(["URL=${env.PORTOLAN_PORTAL}/api/v1/services/${settings.service}/releases", "KEY=${settings.service}-${version}-${digest}"]) {
                        // The token goes in by a file descriptor: an argument could be read by every process of the pod.
                        sh '''#!/bin/bash
                            set +x -euo pipefail
                            curl --fail-with-body --silent --show-error --max-time 30 --retry 5 --retry-connrefused \
                              --header @<(printf 'Authorization: Bearer %s' "$PORTOLAN_TOKEN") \
                              --header "Idempotency-Key: $KEY" --header 'Content-Type: application/json' --data @release.json "$URL"'''
                    }
                }
            }
        }
    }
}
