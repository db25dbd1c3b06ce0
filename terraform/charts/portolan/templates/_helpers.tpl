{{- define "portolan.labels" -}}
app.kubernetes.io/name: portolan
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "portolan.selector" -}}
app.kubernetes.io/name: portolan
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* What every container of Portolan has in common. Takes root, command and resources. */}}
{{- define "portolan.container" -}}
image: {{ .root.Values.image.reference }}
args: [{{ .command | quote }}]
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
resources: {{- toYaml .resources | nindent 2 }}
volumeMounts:
  - { name: config, mountPath: /etc/portolan, readOnly: true }
  - { name: tmp, mountPath: /tmp }
{{- end }}

{{- define "portolan.environment" -}}
- { name: PORTOLAN_CONFIG, value: /etc/portolan/portolan.toml }
- { name: PORTOLAN_LISTEN, value: "0.0.0.0:3000" }
- { name: PORTOLAN_METRICS_LISTEN, value: "0.0.0.0:9464" }
- { name: PORTOLAN_LOG, value: json }
- { name: PORTOLAN_PROXIES, value: "1" }
- { name: PORTOLAN_WORKER__EMBEDDED, value: "false" }
- { name: AWS_REGION, value: {{ .Values.region }} }
- { name: AWS_STS_REGIONAL_ENDPOINTS, value: regional }
{{- end }}

{{/* Where the Datadog agent finds a container's metrics. Takes the container's name. */}}
{{- define "portolan.scraped" -}}
ad.datadoghq.com/{{ . }}.checks: '{"openmetrics":{"init_config":{},"instances":[{"openmetrics_endpoint":"http://%%host%%:9464/metrics","namespace":"portolan","metrics":["portolan_.*"]}]}}'
{{- end }}

{{- define "portolan.pod" -}}
serviceAccountName: portolan
# The portal asks AWS with the credentials of Pod Identity and Kubernetes not at all.
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  seccompProfile: { type: RuntimeDefault }
volumes:
  - name: config
    configMap: { name: {{ .Release.Name }} }
  - name: tmp
    emptyDir: { sizeLimit: 256Mi }
{{- end }}

{{- define "portolan.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "portolan.selector" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
{{- end }}
