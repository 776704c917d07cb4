namespace Cluster.ApiServer.Tests.Kinds;

/// <summary>The kinds, by group. Causes are <c>field|reason|message</c>, in Kubernetes' words.</summary>
internal static class KindCases
{
    private const string Core = "/api/v1/namespaces/default/";
    private const string Template = """{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"c","image":"i"}]}}""";
    private const string JobTemplate = """{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}""";

    public static IReadOnlyList<KindCase> All { get; } =
    [
        new(Core + "podtemplates", "PodTemplate", $$$"""{"template":{{{Template}}}}""")
        {
            Defaults = """{"metadata":{"generation":1},"template":{"spec":{"restartPolicy":"Always","dnsPolicy":"ClusterFirst"}}}""",
            Mistakes =
            [
                ("""{"template":{"spec":{"containers":[]}}}""", ["template.spec.containers|FieldValueRequired|Required value"]),
                ("""{"template":{"metadata":{"labels":{"app":"-"}}}}""",
                [
                    "template.labels|FieldValueInvalid|Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
                ]),
            ],
        },
        new(Core + "limitranges", "LimitRange", """{"spec":{"limits":[{"type":"Container","max":{"cpu":"2"}}]}}""")
        {
            Defaults = """{"spec":{"limits":[{"type":"Container","max":{"cpu":"2"},"default":{"cpu":"2"},"defaultRequest":{"cpu":"2"}}]}}""",
            Mistakes =
            [
                ("""{"spec":{"limits":[{"type":"Container","min":{"cpu":"3"},"max":{"cpu":"2"},"default":{"cpu":"2"},"defaultRequest":{"cpu":"2"}}]}}""",
                [
                    "spec.limits[0].min[cpu]|FieldValueInvalid|Invalid value: \"3\": min value 3 is greater than max value 2",
                    "spec.limits[0].defaultRequest[cpu]|FieldValueInvalid|Invalid value: \"2\": min value 3 is greater than default request value 2",
                    "spec.limits[0].default[cpu]|FieldValueInvalid|Invalid value: \"3\": min value 3 is greater than default value 2",
                ]),
                ("""{"spec":{"limits":[{"type":"Pod","default":{"cpu":"2"}}]}}""",
                    ["spec.limits[0].default|FieldValueForbidden|Forbidden: may not be specified when `type` is 'Pod'"]),
                ("""{"spec":{"limits":[{"type":"Thing"}]}}""",
                    ["spec.limits[0].type|FieldValueInvalid|Invalid value: \"Thing\": must be a standard limit type or fully qualified"]),
                ("""{"spec":{"limits":[{"type":"PersistentVolumeClaim"}]}}""",
                [
                    "spec.limits[0].limits|FieldValueRequired|Required value: either minimum or maximum storage value is required, but neither was provided",
                ]),
            ],
        },
        new(Core + "resourcequotas", "ResourceQuota", """{"spec":{"hard":{"pods":"10","requests.cpu":"4"}}}""")
        {
            Status = """{"hard":{"pods":"10"},"used":{"pods":"1"}}""",
            Mistakes =
            [
                ("""{"spec":{"hard":{"apples":"1"}}}""",
                    ["spec.hard[apples]|FieldValueInvalid|Invalid value: \"apples\": must be a standard resource type or fully qualified"]),
                ("""{"spec":{"hard":{"pods":"-1"}}}""",
                    ["spec.hard[pods]|FieldValueInvalid|Invalid value: \"-1\": must be greater than or equal to 0"]),
                ("""{"spec":{"hard":{"pods":"1","requests.cpu":null},"scopes":["BestEffort","NotBestEffort"]}}""",
                    ["spec.scopes|FieldValueInvalid|Invalid value: []string{\"BestEffort\", \"NotBestEffort\"}: conflicting scopes"]),
            ],
            BadChanges =
            [
                ("""{"spec":{"scopes":["Terminating"]}}""",
                    ["spec.scopes|FieldValueInvalid|Invalid value: []string{\"Terminating\"}: field is immutable"]),
            ],
        },
        new("/api/v1/persistentvolumes", "PersistentVolume",
            """{"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"hostPath":{"path":"/data"}}}""")
        {
            Defaults = """{"spec":{"persistentVolumeReclaimPolicy":"Retain","volumeMode":"Filesystem","hostPath":{"type":""}},"status":{"phase":"Pending"}}""",
            Status = """{"phase":"Available"}""",
            Mistakes =
            [
                ("""{"spec":{"accessModes":[]}}""", ["spec.accessModes|FieldValueRequired|Required value"]),
                ("""{"spec":{"accessModes":["Sometimes"]}}""",
                [
                    "spec.accessModes|FieldValueNotSupported|Unsupported value: \"Sometimes\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"",
                ]),
                ("""{"spec":{"hostPath":null}}""", ["spec|FieldValueRequired|Required value: must specify a volume type"]),
                ("""{"spec":{"nfs":{"server":"s","path":"/p"}}}""",
                    ["spec.nfs|FieldValueForbidden|Forbidden: may not specify more than 1 volume type"]),
                ("""{"spec":{"hostPath":null,"local":{"path":"/x"}}}""",
                    ["spec.nodeAffinity|FieldValueRequired|Required value: Local volume requires node affinity"]),
            ],
        },
        new(Core + "persistentvolumeclaims", "PersistentVolumeClaim",
            """{"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}""")
        {
            Defaults = """{"spec":{"volumeMode":"Filesystem"},"status":{"phase":"Pending"}}""",
            Status = """{"phase":"Bound","capacity":{"storage":"1Gi"}}""",
            Mistakes =
            [
                ("""{"spec":{"accessModes":null}}""", ["spec.accessModes|FieldValueRequired|Required value: at least 1 access mode is required"]),
                ("""{"spec":{"resources":null}}""", ["spec.resources[storage]|FieldValueRequired|Required value"]),
                ("""{"spec":{"resources":{"requests":{"storage":"0"}}}}""",
                    ["spec.resources[storage]|FieldValueInvalid|Invalid value: \"0\": must be greater than zero"]),
            ],
            BadChanges =
            [
                ("""{"spec":{"accessModes":["ReadWriteMany"]}}""",
                [
                    "spec|FieldValueForbidden|Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
                ]),
            ],
        },
        new("/apis/apps/v1/namespaces/default/statefulsets", "StatefulSet.apps",
            $$$"""{"spec":{"serviceName":"s","selector":{"matchLabels":{"app":"x"}},"template":{{{Template}}}}}""")
        {
            Defaults = """
                {"metadata":{"generation":1},"spec":{"replicas":1,"podManagementPolicy":"OrderedReady","revisionHistoryLimit":10,
                 "updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":0}},
                 "persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Retain","whenScaled":"Retain"}}}
                """,
            Status = """{"replicas":1}""",
            Mistakes =
            [
                ("""{"spec":{"podManagementPolicy":"Some"}}""",
                    ["spec.podManagementPolicy|FieldValueInvalid|Invalid value: \"Some\": must be 'OrderedReady' or 'Parallel'"]),
                ("""{"spec":{"selector":{"matchLabels":{"app":"y"}}}}""",
                [
                    "spec.template.metadata.labels|FieldValueInvalid|Invalid value: map[string]string{\"app\":\"x\"}: `selector` does not match template `labels`",
                ]),
            ],
            BadChanges =
            [
                ("""{"spec":{"serviceName":"other"}}""",
                [
                    "spec|FieldValueForbidden|Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
                ]),
            ],
        },
        new("/apis/apps/v1/namespaces/default/daemonsets", "DaemonSet.apps",
            $$$"""{"spec":{"selector":{"matchLabels":{"app":"x"}},"template":{{{Template}}}}}""")
        {
            Defaults = """
                {"metadata":{"generation":1},"spec":{"revisionHistoryLimit":10,
                 "updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1,"maxSurge":0}}}}
                """,
            Status = """{"currentNumberScheduled":1,"numberMisscheduled":0,"desiredNumberScheduled":2,"numberReady":1}""",
            Mistakes =
            [
                ("""{"spec":{"updateStrategy":{"type":"Never"}}}""",
                    ["spec.updateStrategy|FieldValueNotSupported|Unsupported value: \"Never\": supported values: \"RollingUpdate\", \"OnDelete\""]),
                ("""{"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":0}}}}""",
                    ["spec.updateStrategy.rollingUpdate.maxUnavailable|FieldValueRequired|Required value: cannot be 0 when maxSurge is 0"]),
                ("""{"spec":{"template":{"spec":{"restartPolicy":"Never"}}}}""",
                    ["spec.template.spec.restartPolicy|FieldValueNotSupported|Unsupported value: \"Never\": supported values: \"Always\""]),
            ],
        },
        new("/apis/apps/v1/namespaces/default/controllerrevisions", "ControllerRevision.apps", """{"revision":3,"data":{"spec":{"a":1}}}""")
        {
            Mistakes =
            [
                ("""{"data":null}""", ["data|FieldValueRequired|Required value: data is mandatory"]),
                ("""{"revision":-1}""", ["revision|FieldValueInvalid|Invalid value: -1: must be greater than or equal to 0"]),
            ],
        },
        new("/apis/batch/v1/namespaces/default/jobs", "Job.batch", $$$"""{"spec":{"template":{{{JobTemplate}}}}}""")
        {
            Defaults = """
                {"metadata":{"generation":1},"spec":{"parallelism":1,"completions":1,"backoffLimit":6,"completionMode":"NonIndexed",
                 "suspend":false,"podReplacementPolicy":"TerminatingOrFailed"}}
                """,
            Status = """{"active":1}""",
            Mistakes =
            [
                ("""{"spec":{"template":{"spec":{"restartPolicy":null}}}}""",
                    ["spec.template.spec.restartPolicy|FieldValueRequired|Required value: valid values: \"OnFailure\", \"Never\""]),
                ("""{"spec":{"parallelism":-1}}""",
                    ["spec.parallelism|FieldValueInvalid|Invalid value: -1: must be greater than or equal to 0"]),
                ("""{"spec":{"backoffLimitPerIndex":1}}""",
                    ["spec.backoffLimitPerIndex|FieldValueInvalid|Invalid value: 1: requires indexed completion mode"]),
                ("""{"spec":{"completionMode":"Indexed","parallelism":1}}""",
                    ["spec.completions|FieldValueRequired|Required value: when completion mode is Indexed"]),
            ],
            BadChanges =
            [
                ("""{"spec":{"completions":2}}""", ["spec.completions|FieldValueInvalid|Invalid value: 2: field is immutable"]),
            ],
        },
        new("/apis/batch/v1/namespaces/default/cronjobs", "CronJob.batch",
            """{"spec":{"schedule":"*/5 * * * *","jobTemplate":{"spec":{"template":""" + JobTemplate + "}}}}")
        {
            Defaults = """
                {"metadata":{"generation":1},"spec":{"concurrencyPolicy":"Allow","suspend":false,"successfulJobsHistoryLimit":3,"failedJobsHistoryLimit":1}}
                """,
            Status = """{"lastScheduleTime":"2024-01-02T03:04:05Z"}""",
            Mistakes =
            [
                ("""{"spec":{"schedule":""}}""", ["spec.schedule|FieldValueRequired|Required value"]),
                ("""{"spec":{"schedule":"* *"}}""",
                    ["spec.schedule|FieldValueInvalid|Invalid value: \"* *\": expected exactly 5 fields, found 2: [* *]"]),
                ("""{"spec":{"schedule":"61 * * * *"}}""",
                    ["spec.schedule|FieldValueInvalid|Invalid value: \"61 * * * *\": end of range (61) above maximum (59): 61"]),
                ("""{"spec":{"concurrencyPolicy":"Maybe"}}""",
                [
                    "spec.concurrencyPolicy|FieldValueNotSupported|Unsupported value: \"Maybe\": supported values: \"Allow\", \"Forbid\", \"Replace\"",
                ]),
                ("""{"spec":{"timeZone":"Mars/Olympus"}}""",
                    ["spec.timeZone|FieldValueInvalid|Invalid value: \"Mars/Olympus\": unknown time zone Mars/Olympus"]),
            ],
        },
        new("/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", "HorizontalPodAutoscaler.autoscaling",
            """{"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},"maxReplicas":3}}""")
        {
            Defaults = """
                {"spec":{"minReplicas":1,"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}]}}
                """,
            Status = """{"currentReplicas":1,"desiredReplicas":1,"currentMetrics":null}""",
            Mistakes =
            [
                ("""{"spec":{"maxReplicas":0}}""",
                [
                    "spec.maxReplicas|FieldValueInvalid|Invalid value: 0: must be greater than 0",
                    "spec.maxReplicas|FieldValueInvalid|Invalid value: 0: must be greater than or equal to `minReplicas`",
                ]),
                ("""{"spec":{"scaleTargetRef":{"kind":"","name":"a/b"}}}""",
                [
                    "spec.scaleTargetRef.kind|FieldValueRequired|Required value",
                    "spec.scaleTargetRef.name|FieldValueInvalid|Invalid value: \"a/b\": may not contain '/'",
                ]),
                ("""{"spec":{"metrics":[{"type":"Pods"}]}}""",
                    ["spec.metrics[0].pods|FieldValueRequired|Required value: must populate information for the given metric source"]),
            ],
        },
        new("/apis/policy/v1/namespaces/default/poddisruptionbudgets", "PodDisruptionBudget.policy",
            """{"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"x"}}}}""")
        {
            Defaults = """{"metadata":{"generation":1}}""",
            Status = """{"disruptionsAllowed":1,"currentHealthy":2,"desiredHealthy":1,"expectedPods":2}""",
            Mistakes =
            [
                ("""{"spec":{"minAvailable":-1}}""",
                    ["spec.minAvailable|FieldValueInvalid|Invalid value: -1: must be greater than or equal to 0"]),
                ("""{"spec":{"minAvailable":"101%"}}""",
                    ["spec.minAvailable|FieldValueInvalid|Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:\"101%\"}: must not be greater than 100%"]),
            ],
        },
        new("/apis/networking.k8s.io/v1/namespaces/default/ingresses", "Ingress.networking.k8s.io",
            """
            {"spec":{"rules":[{"host":"a.example.com","http":{"paths":[{"path":"/","pathType":"Prefix",
             "backend":{"service":{"name":"web","port":{"number":80}}}}]}}]}}
            """)
        {
            Defaults = """{"metadata":{"generation":1}}""",
            Status = """{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}""",
            Mistakes =
            [
                ("""{"spec":{"rules":null}}""",
                [
                    "spec|FieldValueInvalid|Invalid value: []networking.IngressRule(nil): either `defaultBackend` or `rules` must be specified",
                ]),
                ("""{"spec":{"rules":[{"host":"192.0.2.7","http":{"paths":[]}}]}}""",
                [
                    "spec.rules[0].host|FieldValueInvalid|Invalid value: \"192.0.2.7\": must be a DNS name, not an IP address",
                    "spec.rules[0].http.paths|FieldValueRequired|Required value",
                ]),
                ("""{"spec":{"rules":[{"http":{"paths":[{"path":"/a//b","pathType":"Exact","backend":{"service":{"name":"web","port":{}}}}]}}]}}""",
                [
                    "spec.rules[0].http.paths[0].path|FieldValueInvalid|Invalid value: \"/a//b\": must not contain '//'",
                    "spec.rules[0].http.paths[0].backend|FieldValueRequired|Required value: port name or number is required",
                ]),
            ],
        },
        new("/apis/networking.k8s.io/v1/ingressclasses", "IngressClass.networking.k8s.io", """{"spec":{"controller":"example.com/c"}}""")
        {
            Mistakes =
            [
                ("""{"spec":{"controller":"c"}}""",
                    ["spec.controller|FieldValueInvalid|Invalid value: \"c\": must be a domain-prefixed path (such as \"acme.io/foo\")"]),
                ("""{"spec":{"parameters":{"kind":"K","name":"n","scope":"Namespace"}}}""",
                    ["spec.parameters.namespace|FieldValueRequired|Required value: `parameters.scope` is set to 'Namespace'"]),
            ],
            BadChanges =
            [
                ("""{"spec":{"controller":"example.com/d"}}""",
                    ["spec.controller|FieldValueInvalid|Invalid value: \"example.com/d\": field is immutable"]),
            ],
        },
        new("/apis/networking.k8s.io/v1/namespaces/default/networkpolicies", "NetworkPolicy.networking.k8s.io",
            """{"spec":{"podSelector":{},"ingress":[{"ports":[{"port":80}]}]}}""")
        {
            Defaults = """{"metadata":{"generation":1},"spec":{"policyTypes":["Ingress"],"ingress":[{"ports":[{"protocol":"TCP","port":80}]}]}}""",
            Mistakes =
            [
                ("""{"spec":{"policyTypes":["Sideways"]}}""",
                    ["spec.policyTypes[0]|FieldValueNotSupported|Unsupported value: \"Sideways\": supported values: \"Ingress\", \"Egress\""]),
                ("""{"spec":{"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["11.0.0.0/16"]}}]}]}}""",
                    ["spec.ingress[0].from[0].ipBlock.except[0]|FieldValueInvalid|Invalid value: \"11.0.0.0/16\": must be a strict subset of `cidr`"]),
                ("""{"spec":{"ingress":[{"from":[{}]}]}}""",
                    ["spec.ingress[0].from[0]|FieldValueRequired|Required value: must specify a peer"]),
            ],
        },
        new("/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", "Role.rbac.authorization.k8s.io",
            """{"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]}""")
        {
            Mistakes =
            [
                ("""{"rules":[{"verbs":[],"apiGroups":[""],"resources":["pods"]}]}""",
                    ["rules[0].verbs|FieldValueRequired|Required value: verbs must contain at least one value"]),
                ("""{"rules":[{"verbs":["get"],"nonResourceURLs":["/x"]}]}""",
                    ["rules[0].nonResourceURLs|FieldValueInvalid|Invalid value: []string{\"/x\"}: namespaced rules cannot apply to non-resource URLs"]),
            ],
        },
        new("/apis/rbac.authorization.k8s.io/v1/clusterroles", "ClusterRole.rbac.authorization.k8s.io",
            """{"rules":[{"verbs":["get"],"nonResourceURLs":["/metrics"]}]}""")
        {
            Mistakes =
            [
                ("""{"rules":[{"verbs":["get"],"apiGroups":[""]}]}""",
                    ["rules[0].resources|FieldValueRequired|Required value: resource rules must supply at least one resource"]),
                ("""{"aggregationRule":{}}""",
                [
                    "aggregationRule.clusterRoleSelectors|FieldValueRequired|Required value: at least one clusterRoleSelector required if aggregationRule is non-nil",
                ]),
            ],
        },
        new("/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", "RoleBinding.rbac.authorization.k8s.io",
            """{"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"u"}]}""")
        {
            Defaults = """
                {"roleRef":{"apiGroup":"rbac.authorization.k8s.io"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"u"}]}
                """,
            Mistakes =
            [
                ("""{"roleRef":{"kind":"Thing"}}""",
                    ["roleRef.kind|FieldValueNotSupported|Unsupported value: \"Thing\": supported values: \"Role\", \"ClusterRole\""]),
                ("""{"subjects":[{"kind":"User","name":""}]}""", ["subjects[0].name|FieldValueRequired|Required value"]),
            ],
        },
        new("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "ClusterRoleBinding.rbac.authorization.k8s.io",
            """{"roleRef":{"kind":"ClusterRole","name":"r"},"subjects":[{"kind":"Group","name":"g"}]}""")
        {
            Mistakes =
            [
                ("""{"roleRef":{"kind":"Role"}}""",
                    ["roleRef.kind|FieldValueNotSupported|Unsupported value: \"Role\": supported values: \"ClusterRole\""]),
                ("""{"subjects":[{"kind":"ServiceAccount","name":"s"}]}""", ["subjects[0].namespace|FieldValueRequired|Required value"]),
            ],
        },
        new("/apis/scheduling.k8s.io/v1/priorityclasses", "PriorityClass.scheduling.k8s.io", """{"value":100}""")
        {
            Defaults = """{"preemptionPolicy":"PreemptLowerPriority"}""",
            Mistakes =
            [
                ("""{"value":1000000001}""", ["value|FieldValueForbidden|Forbidden: maximum allowed value of a user defined priority is 1000000000"]),
                ("""{"preemptionPolicy":"Push"}""",
                [
                    "preemptionPolicy|FieldValueNotSupported|Unsupported value: \"Push\": supported values: \"PreemptLowerPriority\", \"Never\"",
                ]),
            ],
            BadChanges = [("""{"value":5}""", ["value|FieldValueForbidden|Forbidden: may not be changed in an update."])],
        },
        new("/apis/node.k8s.io/v1/runtimeclasses", "RuntimeClass.node.k8s.io", """{"handler":"runc"}""")
        {
            Mistakes =
            [
                ("""{"handler":"Run C"}""",
                [
                    "handler|FieldValueInvalid|Invalid value: \"Run C\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
                ]),
                ("""{"overhead":{"podFixed":{"cpu":"-1"}}}""",
                    ["overhead.podFixed.limits[cpu]|FieldValueInvalid|Invalid value: \"-1\": must be greater than or equal to 0"]),
            ],
            BadChanges = [("""{"handler":"other"}""", ["handler|FieldValueInvalid|Invalid value: \"other\": field is immutable"])],
        },
        new("/apis/storage.k8s.io/v1/storageclasses", "StorageClass.storage.k8s.io", """{"provisioner":"example.com/p"}""")
        {
            Defaults = """{"reclaimPolicy":"Delete","volumeBindingMode":"Immediate"}""",
            Mistakes =
            [
                ("""{"provisioner":""}""", ["provisioner|FieldValueRequired|Required value"]),
                ("""{"reclaimPolicy":"Recycle"}""",
                    ["reclaimPolicy|FieldValueNotSupported|Unsupported value: \"Recycle\": supported values: \"Delete\", \"Retain\""]),
            ],
            BadChanges =
            [
                ("""{"provisioner":"example.com/q"}""", ["provisioner|FieldValueForbidden|Forbidden: updates to provisioner are forbidden."]),
            ],
        },
        new("/apis/storage.k8s.io/v1/volumeattachments", "VolumeAttachment.storage.k8s.io",
            """{"spec":{"attacher":"example.com","nodeName":"n","source":{"persistentVolumeName":"v"}}}""")
        {
            Status = """{"attached":true}""",
            Mistakes =
            [
                ("""{"spec":{"attacher":""}}""", ["spec.attacher|FieldValueRequired|Required value"]),
                ("""{"spec":{"source":null}}""",
                    ["spec.source|FieldValueRequired|Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"]),
            ],
        },
        new("/apis/storage.k8s.io/v1/csidrivers", "CSIDriver.storage.k8s.io", """{"spec":{}}""")
        {
            Defaults = """
                {"spec":{"attachRequired":true,"podInfoOnMount":false,"storageCapacity":false,"fsGroupPolicy":"ReadWriteOnceWithFSType",
                 "volumeLifecycleModes":["Persistent"],"requiresRepublish":false,"seLinuxMount":false}}
                """,
            Mistakes =
            [
                ("""{"spec":{"fsGroupPolicy":"Some"}}""",
                [
                    "spec.fsGroupPolicy|FieldValueNotSupported|Unsupported value: \"Some\": supported values: \"ReadWriteOnceWithFSType\", \"File\", \"None\"",
                ]),
                ("""{"spec":{"volumeLifecycleModes":["Eternal"]}}""",
                [
                    "spec.volumeLifecycleModes|FieldValueNotSupported|Unsupported value: \"Eternal\": supported values: \"Ephemeral\", \"Persistent\"",
                ]),
            ],
        },
        new("/apis/storage.k8s.io/v1/csinodes", "CSINode.storage.k8s.io", """{"spec":{"drivers":[{"name":"d.example.com","nodeID":"1","topologyKeys":[]}]}}""")
        {
            Mistakes =
            [
                ("""{"spec":{"drivers":[{"name":"d","nodeID":"","topologyKeys":null}]}}""",
                    ["spec.drivers[0].nodeID|FieldValueRequired|Required value"]),
                ("""{"spec":{"drivers":[{"name":"d","nodeID":"1","topologyKeys":null},{"name":"d","nodeID":"1","topologyKeys":null}]}}""",
                    ["spec.drivers[1].name|FieldValueDuplicate|Duplicate value: \"d\""]),
            ],
        },
        new("/apis/storage.k8s.io/v1/namespaces/default/csistoragecapacities", "CSIStorageCapacity.storage.k8s.io",
            """{"storageClassName":"fast","capacity":"1Gi"}""")
        {
            Mistakes =
            [
                ("""{"storageClassName":""}""", ["storageClassName|FieldValueRequired|Required value"]),
                ("""{"capacity":"-1"}""", ["capacity|FieldValueInvalid|Invalid value: \"-1\": must be greater than or equal to 0"]),
            ],
            BadChanges =
            [
                ("""{"storageClassName":"slow"}""", ["storageClassName|FieldValueInvalid|Invalid value: \"slow\": field is immutable"]),
            ],
        },
    ];
}
