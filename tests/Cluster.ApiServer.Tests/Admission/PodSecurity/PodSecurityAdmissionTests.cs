using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Admission.PodSecurity;
using Cluster.ApiServer.Auditing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.Admission.PodSecurity;

public sealed class PodSecurityAdmissionTests
{
    private const string Open = """{"hostNetwork": true, "containers": [{"name": "a", "image": "web"}]}""";
    private const string BaselineText = "\"baseline:latest\": host namespaces (hostNetwork=true)";

    private readonly FakeObjects _objects = new();
    private readonly FakeTimeProvider _time = new();
    private readonly AuditAnnotations _audit = new();

    [Fact]
    public async Task ValidateAsync_PodOfANamespaceWithoutLabels_Passes()
    {
        Place("");
        Assert.Empty(await PassAsync(PodJson.Pod(Open)));
        Assert.Equal([new("pod-security.kubernetes.io/enforce-policy", "privileged:latest")], _audit.All);
    }

    [Fact]
    public async Task ValidateAsync_NamespaceJustMade_IsReadFresh()
    {
        _objects.Fresh.Add(Ns("enforce=baseline"));
        Assert.Equal(403, (await RefusedAsync(Request(PodJson.Pod(Open)))).Code);
    }

    [Fact]
    public async Task ValidateAsync_PodThatViolatesWhatIsEnforced_IsForbidden()
    {
        Place("enforce=baseline");

        var failure = await RefusedAsync(Request(PodJson.Pod(Open)));

        Assert.Equal((403, "Forbidden", $"pods \"web\" is forbidden: violates PodSecurity {BaselineText}"), (failure.Code, failure.Status.Reason, failure.Message));
        Assert.Equal([new("pod-security.kubernetes.io/enforce-policy", "baseline:latest")], _audit.All);
    }

    [Fact]
    public async Task ValidateAsync_PodThatViolatesNothing_Passes()
    {
        Place("enforce=restricted audit=restricted warn=restricted");
        Assert.Empty(await PassAsync(PodJson.Pod(PodJson.Restricted)));
    }

    [Fact]
    public async Task ValidateAsync_VersionOfALabel_IsWhatCounts()
    {
        Place("enforce=restricted enforce-version=v1.7");
        var pod = PodJson.With(security: """{"allowPrivilegeEscalation": null}""");
        Assert.Empty(await PassAsync(PodJson.Pod(pod)));

        _objects.Cached.Clear();
        Place("enforce=restricted enforce-version=v1.8");
        Assert.StartsWith(
            "pods \"web\" is forbidden: violates PodSecurity \"restricted:v1.8\": allowPrivilegeEscalation != false (", (await RefusedAsync(Request(PodJson.Pod(pod)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ValidateAsync_PodThatViolatesWhatIsWarnedOrNoted_PassesAndIsTold()
    {
        Place("warn=baseline audit=baseline");

        Assert.Equal([$"would violate PodSecurity {BaselineText}"], await PassAsync(PodJson.Pod(Open)));
        Assert.Contains(new("pod-security.kubernetes.io/audit-violations", $"would violate PodSecurity {BaselineText}"), _audit.All);
    }

    [Fact]
    public async Task ValidateAsync_LabelThatSaysNothing_IsTheStrictest()
    {
        Place("enforce=strict");

        Assert.StartsWith("pods \"web\" is forbidden: violates PodSecurity \"restricted:latest\": ", (await RefusedAsync(Request(PodJson.Pod(Open)))).Message, StringComparison.Ordinal);
        Assert.StartsWith("Failed to parse policy: metadata.labels[", _audit.All.Single(one => one.Key == "pod-security.kubernetes.io/error").Value, StringComparison.Ordinal);
    }

    public static TheoryData<IApiObject> Workloads()
    {
        var template = new PodTemplateSpec { Spec = PodJson.Spec(Open) };
        Cluster.Api.MetaV1.ObjectMeta Meta() => new() { Namespace = "shop", Name = "web" };
        return
        [
            new Deployment { Metadata = Meta(), Spec = new() { Template = template } },
            new ReplicaSet { Metadata = Meta(), Spec = new() { Template = template } },
            new StatefulSet { Metadata = Meta(), Spec = new() { Template = template } },
            new DaemonSet { Metadata = Meta(), Spec = new() { Template = template } },
            new Job { Metadata = Meta(), Spec = new() { Template = template } },
            new CronJob { Metadata = Meta(), Spec = new() { JobTemplate = new() { Spec = new() { Template = template } } } },
            new ReplicationController { Metadata = Meta(), Spec = new() { Template = template } },
            new PodTemplate { Metadata = Meta(), Template = template },
        ];
    }

    [Theory]
    [MemberData(nameof(Workloads), DisableDiscoveryEnumeration = true)]
    public async Task ValidateAsync_WorkloadOfWhatIsEnforced_PassesWithAWarning(IApiObject workload)
    {
        Place("enforce=baseline audit=baseline");

        Assert.Equal([$"would violate PodSecurity {BaselineText}"], await PassAsync(workload));
        Assert.Equal([new("pod-security.kubernetes.io/audit-violations", $"would violate PodSecurity {BaselineText}")], _audit.All);
    }

    [Fact]
    public async Task ValidateAsync_ScaleOfAWorkload_IsNotLookedAt()
    {
        Place("enforce=baseline");
        Assert.Empty(await PassAsync(Part(Request((IApiObject)Workloads().First().Data), "scale")));
    }

    [Theory]
    [InlineData("status", false)]
    [InlineData("binding", false)]
    [InlineData("ephemeralcontainers", true)]
    [InlineData("resize", false)]
    [InlineData(null, false)]
    public async Task ValidateAsync_UpdateOfAPodThatWasThereBefore_IsLookedAtWhereItCouldMatter(string? part, bool matters)
    {
        Place("enforce=baseline");
        var pod = PodJson.Pod(Open);
        var before = pod.Clone();
        pod.Metadata.Labels["a"] = "b";
        if (matters)
            pod.Spec.EphemeralContainers.Add(new EphemeralContainer { EphemeralContainerCommon = new() { Name = "debug", Image = "tools" } });
        var request = Part(Request(pod) with { Operation = AdmissionOperation.Update, OldObject = before }, part);

        if (matters)
            Assert.Equal(403, (await RefusedAsync(request)).Code);
        else
            Assert.Empty(await PassAsync(request));
    }

    [Fact]
    public async Task ValidateAsync_NewImage_IsLookedAt()
    {
        Place("enforce=baseline");
        var pod = PodJson.Pod(Open);
        var before = pod.Clone();
        pod.Spec.Containers[0].Image = "other";

        Assert.Equal(403, (await RefusedAsync(Request(pod) with { Operation = AdmissionOperation.Update, OldObject = before })).Code);
    }

    [Fact]
    public async Task ValidateAsync_NamespaceWithAWrongLabel_IsInvalid()
    {
        var failure = await RefusedAsync(Request(Ns("enforce=strict")));

        Assert.Equal(
            (422, "Namespace \"shop\" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted"),
            (failure.Code, failure.Message));
    }

    [Fact]
    public async Task ValidateAsync_NamespaceWhoseLabelWasWrongBefore_MayBeChanged()
    {
        Assert.Empty(await PassAsync(Request(Ns("enforce-version=x")) with { Operation = AdmissionOperation.Update, OldObject = Ns("enforce-version=x") }));
        Assert.Equal(422, (await RefusedAsync(Request(Ns("enforce-version=y")) with { Operation = AdmissionOperation.Update, OldObject = Ns("enforce-version=x") })).Code);
        Assert.Empty(await PassAsync(Part(Request(Ns("enforce-version=y")) with { Operation = AdmissionOperation.Update, OldObject = Ns("") }, "finalize")));
    }

    [Theory]
    [InlineData("enforce=baseline", "", true)]
    [InlineData("enforce=restricted", "enforce=baseline", true)]
    [InlineData("enforce=baseline", "enforce=restricted", false)]
    [InlineData("enforce=baseline", "enforce=baseline", false)]
    [InlineData("enforce=baseline enforce-version=v1.20", "enforce=baseline", true)]
    [InlineData("enforce=privileged", "enforce=privileged enforce-version=v1.20", false)]
    [InlineData("warn=restricted", "", false)]
    public async Task ValidateAsync_TightenedNamespace_WarnsOfItsPods(string labels, string before, bool warns)
    {
        _objects.Cached.Add(PodJson.Pod(Open));

        var warnings = await PassAsync(Request(Ns(labels)) with { Operation = AdmissionOperation.Update, OldObject = Ns(before) });

        Assert.Equal(warns, warnings.Count > 0);
    }

    [Fact]
    public async Task ValidateAsync_TightenedNamespace_NamesPodsThatAreAlikeOnce()
    {
        foreach (var name in new[] { "b", "a", "c" })
            _objects.Cached.Add(PodJson.Pod(Open, name: name));
        _objects.Cached.Add(PodJson.Pod(PodJson.With(security: """{"privileged": true}"""), name: "d"));
        _objects.Cached.Add(PodJson.Pod(PodJson.Restricted, name: "e"));
        _objects.Cached.Add(PodJson.Pod(Open, ns: "shopping", name: "f"));

        Assert.Equal(
            ["existing pods in namespace \"shop\" violate the new PodSecurity enforce level \"baseline:latest\"", "a (and 2 other pods): host namespaces", "d: privileged"],
            await PassAsync(Request(Ns("enforce=baseline")) with { Operation = AdmissionOperation.Update, OldObject = Ns("") }));
    }

    [Fact]
    public void Warnings_OfThousandsOfPods_SayHowManyWereLookedAt()
    {
        for (var i = 0; i < 3001; i++)
            _objects.Cached.Add(PodJson.Pod(i == 3000 ? Open : PodJson.Restricted, name: $"p{i:D4}"));
        foreach (var pod in _objects.Cached.Take(3000))
            pod.Metadata.OwnerReferences.Add(new Cluster.Api.MetaV1.OwnerReference { Uid = "set", Controller = true });

        // The one that is like no other comes before the many that are alike.
        Assert.Equal(
            [
                "new PodSecurity enforce level only checked against the first 3000 of 3001 existing pods",
                "existing pods in namespace \"shop\" violate the new PodSecurity enforce level \"baseline:v1.20\"",
                "p3000: host namespaces",
            ],
            new ExistingPods(_objects, _time).Warnings("shop", new PodSecurityPolicy(PodSecurityLevel.Baseline, 20)));
    }

    [Fact]
    public void Warnings_AfterASecond_AreOfWhatWasLookedAt()
    {
        for (var i = 0; i < 9; i++)
            _objects.Cached.Add(PodJson.Pod(Open, name: $"p{i}"));
        _time.AutoAdvanceAmount = TimeSpan.FromMilliseconds(400);

        Assert.StartsWith(
            "new PodSecurity enforce level only checked against the first 3 of 9",
            new ExistingPods(_objects, _time).Warnings("shop", new PodSecurityPolicy(PodSecurityLevel.Baseline, null))[0], StringComparison.Ordinal);
    }

    private void Place(string labels) => _objects.Cached.Add(Ns(labels));

    private static Namespace Ns(string labels) => new() { Metadata = new() { Name = "shop", Labels = { PodSecurityLabelsTests.Labels(labels) } } };

    private AdmissionRequest Request(IApiObject obj)
    {
        var request = FakeObjects.Create(obj);
        return request with { Scope = request.Scope with { Audit = _audit } };
    }

    private static AdmissionRequest Part(AdmissionRequest request, string? part) => request with { Scope = request.Scope with { Subresource = part } };

    private Task<List<string>> PassAsync(IApiObject obj) => PassAsync(Request(obj));

    private async Task<List<string>> PassAsync(AdmissionRequest request)
    {
        await new PodSecurityAdmission(_objects, _time).ValidateAsync(request, TestContext.Current.CancellationToken);
        return request.Scope.Warnings;
    }

    private Task<StatusException> RefusedAsync(AdmissionRequest request) => Assert.ThrowsAsync<StatusException>(() => PassAsync(request));
}
