using Cluster.Api.CoreV1;
using Cluster.Api.Defaulting;
using Cluster.Api.MetaV1;
using Cluster.Api.Resource;
using Cluster.Api.Validation;

namespace Cluster.Api.Tests.Validation;

public class PodRulesTests
{
    public static TheoryData<Action<Pod>, string> Mistakes => new()
    {
        { pod => pod.Metadata.Name = "", "metadata.name: Required value: name or generateName is required" },
        { pod => pod.Metadata.Namespace = "", "metadata.namespace: Required value" },
        { pod => pod.Spec.Containers.Clear(), "spec.containers: Required value" },
        { pod => First(pod).Name = "", "spec.containers[0].name: Required value" },
        { pod => pod.Spec.Containers.Add(First(pod).Clone()), "spec.containers[1].name: Duplicate value: \"web\"" },
        { pod => pod.Spec.InitContainers.Add(First(pod).Clone()), "spec.initContainers[0].name: Duplicate value: \"web\"" },
        { pod => First(pod).Image = "", "spec.containers[0].image: Required value" },
        { pod => First(pod).Image = " web", "spec.containers[0].image: Invalid value: \" web\": must not have leading or trailing whitespace" },
        { pod => First(pod).ImagePullPolicy = "Sometimes", "spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"IfNotPresent\", \"Never\"" },
        { pod => pod.Spec.RestartPolicy = "Often", "spec.restartPolicy: Unsupported value: \"Often\": supported values: \"Always\", \"OnFailure\", \"Never\"" },
        { pod => pod.Spec.DnsPolicy = "None", "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None" },
        { pod => First(pod).Ports.Add(new ContainerPort { Protocol = "TCP" }), "spec.containers[0].ports[0].containerPort: Required value" },
        { pod => First(pod).Ports.Add(new ContainerPort { ContainerPort_ = 70000, Protocol = "TCP" }), "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive" },
        { pod => TwoPorts(pod), "spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//80\"" },
        { pod => First(pod).Env.Add(new EnvVar { Name = "a=b" }), "spec.containers[0].env[0].name: Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII characters other than '='" },
        { pod => First(pod).Env.Add(new EnvVar { Name = "A", ValueFrom = new EnvVarSource() }), "spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`" },
        { pod => First(pod).Env.Add(FieldVariable("spec.image")), "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.image\": error converting fieldPath: field label not supported: spec.image" },
        { pod => First(pod).Env.Add(FieldVariable("metadata.labels")), "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"metadata.labels\": supported values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\"" },
        { pod => First(pod).VolumeMounts.Add(new VolumeMount { Name = "gone", MountPath = "/x" }), "spec.containers[0].volumeMounts[0].name: Not found: \"gone\"" },
        { pod => First(pod).ReadinessProbe = new Probe { SuccessThreshold = 1 }, "spec.containers[0].readinessProbe: Required value: must specify a handler type" },
        { pod => First(pod).LivenessProbe = ExecProbe(2), "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1" },
        { pod => Request(pod, "cpu", "2", "1"), "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1" },
        { pod => Request(pod, "cpu", "-1", "1"), "spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be greater than or equal to 0" },
        { pod => Request(pod, "gpu", "1", "1"), "spec.containers[0].resources.requests[gpu]: Invalid value: \"gpu\": must be a standard resource for containers" },
        { pod => Request(pod, "example.com/gpu", "1", "2"), "spec.containers[0].resources.requests: Invalid value: \"1\": must be equal to example.com/gpu limit of 2" },
        { pod => AddVolume(pod, new VolumeSource { HostPath = new HostPathVolumeSource { Path = "/a/../b" } }), "spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'" },
        { pod => AddVolume(pod, new VolumeSource { Secret = new SecretVolumeSource() }), "spec.volumes[0].secret.secretName: Required value" },
        { pod => AddVolume(pod, new VolumeSource { EmptyDir = new EmptyDirVolumeSource(), HostPath = new HostPathVolumeSource { Path = "/a" } }), "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type" },
        { pod => AddVolume(pod, new VolumeSource { ConfigMap = new ConfigMapVolumeSource { LocalObjectReference = new LocalObjectReference { Name = "c" }, DefaultMode = 512 } }), "spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive" },
        { pod => AddVolume(pod, new VolumeSource { PersistentVolumeClaim = new PersistentVolumeClaimVolumeSource() }), "spec.volumes[0].persistentVolumeClaim.claimName: Required value" },
        { pod => pod.Spec.Tolerations.Add(new Toleration { Operator = "Exists", Value = "v" }), "spec.tolerations[0].operator: Invalid value: \"v\": value must be empty when `operator` is 'Exists'" },
        { pod => pod.Spec.Tolerations.Add(new Toleration { Key = "k", TolerationSeconds = 3 }), "spec.tolerations[0].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set" },
        { pod => pod.Spec.Affinity = new Affinity { NodeAffinity = new NodeAffinity { RequiredDuringSchedulingIgnoredDuringExecution = new NodeSelector() } }, "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term" },
        { pod => pod.Spec.NodeSelector["a b"] = "c", "spec.nodeSelector: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
        { pod => pod.Spec.ActiveDeadlineSeconds = 0, "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive" },
        { pod => pod.Spec.SecurityContext.RunAsUser = -1, "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive" },
        { pod => pod.Spec.TopologySpreadConstraints.Add(new TopologySpreadConstraint { TopologyKey = "zone", WhenUnsatisfiable = "DoNotSchedule" }), "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero" },
        { pod => pod.Metadata.Labels["app"] = "a b", "metadata.labels: Invalid value: \"a b\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')" },
        { pod => pod.Metadata.Annotations["a"] = new string('x', 262144), "metadata.annotations: Too long: may not be more than 262144 bytes" },
        { pod => pod.Metadata.OwnerReferences.Add(new OwnerReference { ApiVersion = "v1", Kind = "Node", Name = "n" }), "metadata.ownerReferences.uid: Invalid value: \"\": uid must not be empty" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void ValidateCreate_Mistake_IsToldInKubernetesWords(Action<Pod> mistake, string message)
    {
        var pod = Good();
        mistake(pod);

        Assert.Contains(message, Validator.ValidateCreate(pod).Select(error => error.Message));
    }

    [Fact]
    public void ValidateCreate_Good_HasNoErrors() => Assert.Empty(Validator.ValidateCreate(Good()));

    [Fact]
    public void ValidateCreate_RichPod_HasNoErrors()
    {
        var pod = Good();
        Request(pod, "memory", "64Mi", "128Mi");
        AddVolume(pod, new VolumeSource { EmptyDir = new EmptyDirVolumeSource() });
        First(pod).VolumeMounts.Add(new VolumeMount { Name = "v", MountPath = "/data", SubPath = "a/b" });
        First(pod).Env.Add(FieldVariable("metadata.labels['app']"));
        First(pod).LivenessProbe = ExecProbe(1);
        var init = First(pod).Clone();
        init.Name = "init";
        init.LivenessProbe = null;
        pod.Spec.InitContainers.Add(init);
        pod.Spec.Tolerations.Add(new Toleration { Operator = "Exists", Effect = "NoExecute", TolerationSeconds = 300 });
        Defaults.Apply(pod);

        Assert.Empty(Validator.ValidateCreate(pod));
    }

    [Fact]
    public void ValidateUpdate_ImageLabelsAndMoreTolerations_AreAllowed()
    {
        var before = Good();
        var after = before.Clone();
        First(after).Image = "web:2";
        after.Metadata.Labels["more"] = "yes";
        after.Spec.Tolerations.Add(new Toleration { Operator = "Exists" });
        after.Spec.ActiveDeadlineSeconds = 5;

        Assert.Empty(Validator.ValidateUpdate(after, before));
    }

    [Fact]
    public void ValidateUpdate_OtherFields_AreRefusedByName()
    {
        var before = Good();
        var after = before.Clone();
        after.Spec.NodeName = "elsewhere";

        Assert.Equal(
            "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
            + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
            + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\nchanged: spec.nodeName",
            Assert.Single(Validator.ValidateUpdate(after, before)).Message);
    }

    [Fact]
    public void ValidateUpdate_PlacementOfAGatedPod_MayBeNarrowed()
    {
        var before = Gated();
        var after = before.Clone();
        after.Spec.NodeSelector["zone"] = "a";
        after.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchExpressions.Add(Exists("gpu"));
        after.Spec.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution.Clear();
        var plain = Gated();
        plain.Spec.Affinity = null;

        Assert.Empty(Validator.ValidateUpdate(after, before));
        Assert.Empty(Validator.ValidateUpdate(before, plain));
        before.Spec.SchedulingGates.Clear();
        after.Spec.SchedulingGates.Clear();
        Assert.Contains("changed: spec.nodeSelector, spec.affinity", Assert.Single(Validator.ValidateUpdate(after, before)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<Action<PodSpec>, string> Widenings => new()
    {
        { spec => spec.NodeSelector.Clear(), "only additions to spec.nodeSelector are allowed (no mutations or deletions)" },
        { spec => spec.NodeSelector["disk"] = "hdd", "spec.nodeSelector: Invalid value: map[string]string{\"disk\":\"hdd\"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)" },
        { spec => spec.Affinity = null, "no additions/deletions to non-empty NodeSelectorTerms list are allowed" },
        { spec => spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchExpressions[0].Key = "other", "nodeSelectorTerms[0]: Invalid value" },
        { spec => spec.Affinity.PodAffinity = new PodAffinity(), "pod updates may not change fields other than" },
    };

    [Theory]
    [MemberData(nameof(Widenings))]
    public void ValidateUpdate_PlacementOfAGatedPod_IsNotWidened(Action<PodSpec> change, string message)
    {
        var before = Gated();
        var after = before.Clone();
        change(after.Spec);

        Assert.Contains(message, Assert.Single(Validator.ValidateUpdate(after, before)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ValidateUpdate_MoreContainers_AreRefused()
    {
        var before = Good();
        var after = before.Clone();
        after.Spec.Containers.Add(First(after).Clone());
        after.Spec.Containers[1].Name = "second";

        Assert.Equal(
            "spec.containers: Forbidden: pod updates may not add or remove containers",
            Assert.Single(Validator.ValidateUpdate(after, before)).Message);
    }

    [Fact]
    public void ValidateUpdate_NameChanged_IsImmutable()
    {
        var before = Good();
        var after = before.Clone();
        after.Metadata.Name = "other";

        Assert.Equal("metadata.name: Invalid value: \"other\": field is immutable", Assert.Single(Validator.ValidateUpdate(after, before)).Message);
    }

    [Fact]
    public void ValidateUpdate_NewFinalizerWhileDeleted_IsRefused()
    {
        var before = Good();
        before.Metadata.DeletionTimestamp = new Time { Seconds = 1 };
        var after = before.Clone();
        after.Metadata.Finalizers.Add("example.com/keep");

        Assert.Equal(
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"example.com/keep\"}",
            Assert.Single(Validator.ValidateUpdate(after, before)).Message);
    }

    [Fact]
    public void ValidateStatusUpdate_RestartOfANeverPod_IsRefused()
    {
        var before = Good();
        before.Spec.RestartPolicy = "Never";
        before.Status = new PodStatus
        {
            ContainerStatuses = { new ContainerStatus { Name = "web", State = new ContainerState { Terminated = new ContainerStateTerminated() } } },
        };
        var after = before.Clone();
        after.Status.ContainerStatuses[0].State = new ContainerState { Running = new ContainerStateRunning() };

        Assert.Equal(
            "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state",
            Assert.Single(Validator.ValidateStatusUpdate(after, before)).Message);
    }

    internal static Pod Good()
    {
        var pod = new Pod
        {
            Metadata = new ObjectMeta { Name = "web", Namespace = "default", Labels = { ["app"] = "web" } },
            Spec = new PodSpec { Containers = { new Container { Name = "web", Image = "web:1", Resources = new ResourceRequirements() } } },
        };
        Defaults.Apply(pod);
        return pod;
    }

    private static Pod Gated()
    {
        var pod = Good();
        pod.Spec.SchedulingGates.Add(new PodSchedulingGate { Name = "example.com/wait" });
        pod.Spec.NodeSelector["disk"] = "ssd";
        pod.Spec.Affinity = new Affinity
        {
            NodeAffinity = new NodeAffinity
            {
                RequiredDuringSchedulingIgnoredDuringExecution = new NodeSelector { NodeSelectorTerms = { new NodeSelectorTerm { MatchExpressions = { Exists("disk") } } } },
                PreferredDuringSchedulingIgnoredDuringExecution = { new PreferredSchedulingTerm { Weight = 1, Preference = new NodeSelectorTerm { MatchExpressions = { Exists("fast") } } } },
            },
        };
        return pod;
    }

    private static NodeSelectorRequirement Exists(string key) => new() { Key = key, Operator = "Exists" };

    private static Container First(Pod pod) => pod.Spec.Containers[0];

    private static void TwoPorts(Pod pod)
    {
        First(pod).Ports.Add(new ContainerPort { ContainerPort_ = 80, HostPort = 80, Protocol = "TCP" });
        First(pod).Ports.Add(new ContainerPort { ContainerPort_ = 81, HostPort = 80, Protocol = "TCP" });
    }

    private static void Request(Pod pod, string name, string request, string limit)
    {
        First(pod).Resources.Requests[name] = new Quantity { String = request };
        First(pod).Resources.Limits[name] = new Quantity { String = limit };
    }

    private static void AddVolume(Pod pod, VolumeSource source) => pod.Spec.Volumes.Add(new Volume { Name = "v", VolumeSource = source });

    private static EnvVar FieldVariable(string path) =>
        new() { Name = "A", ValueFrom = new EnvVarSource { FieldRef = new ObjectFieldSelector { ApiVersion = "v1", FieldPath = path } } };

    private static Probe ExecProbe(int successThreshold) => new()
    {
        Handler = new ProbeHandler { Exec = new ExecAction { Command = { "true" } } }, SuccessThreshold = successThreshold,
    };
}
