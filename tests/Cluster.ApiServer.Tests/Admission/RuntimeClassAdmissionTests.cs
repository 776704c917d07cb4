using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.NodeV1;
using Cluster.Api.Resource;
using Cluster.ApiServer.Admission;

namespace Cluster.ApiServer.Tests.Admission;

public sealed class RuntimeClassAdmissionTests
{
    private readonly FakeObjects _objects = new();
    private readonly RuntimeClassAdmission _admission;

    public RuntimeClassAdmissionTests() => _admission = new RuntimeClassAdmission(_objects);

    [Fact]
    public async Task AdmitAsync_ClassJustMade_GivesItsCostAndPlace()
    {
        _objects.Fresh.Add(Class("sandboxed"));
        var pod = await PassAsync(new PodSpec
        {
            RuntimeClassName = "sandboxed",
            NodeSelector = { ["disk"] = "ssd" },
            Tolerations = { new Toleration { Key = "other", Operator = "Exists" }, new Toleration { Key = "kind", Operator = "Equal", Value = "vm", Effect = "NoSchedule" } },
        });

        Assert.Equal("100m", pod.Spec.Overhead["cpu"].String);
        Assert.Equal(["disk=ssd", "vm=yes"], pod.Spec.NodeSelector.Select(label => $"{label.Key}={label.Value}").Order());
        // What the class tolerates covers the pod's second one.
        Assert.Equal(["other", "kind"], pod.Spec.Tolerations.Select(one => one.Key));
        Assert.Equal("Exists", pod.Spec.Tolerations[1].Operator);
    }

    [Fact]
    public async Task AdmitAsync_NoClass_LeavesThePodAlone() => Assert.Equal(Pod(new PodSpec()), await PassAsync(new PodSpec()));

    [Fact]
    public async Task AdmitAsync_TheClassesOwnCostInAnotherSpelling_Passes()
    {
        _objects.Cached.Add(Class("sandboxed"));
        await PassAsync(new PodSpec { RuntimeClassName = "sandboxed", Overhead = { ["cpu"] = new Quantity { String = "0.1" } } });
    }

    [Theory]
    [InlineData("none", "", "", "pod rejected: RuntimeClass \"none\" not found")]
    [InlineData("sandboxed", "200m", "", "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")]
    [InlineData("", "200m", "", "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")]
    [InlineData("sandboxed", "", "no", "conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no")]
    public async Task AdmitAsync_WhatTheClassDoesNotGive_IsForbidden(string name, string cost, string vm, string why)
    {
        _objects.Cached.Add(Class("sandboxed"));
        var spec = new PodSpec();
        if (name.Length > 0)
            spec.RuntimeClassName = name;
        if (cost.Length > 0)
            spec.Overhead["cpu"] = new Quantity { String = cost };
        if (vm.Length > 0)
            spec.NodeSelector["vm"] = vm;

        var failure = await Assert.ThrowsAsync<StatusException>(() => PassAsync(spec));

        Assert.Equal((403, $"pods \"web\" is forbidden: {why}"), (failure.Code, failure.Message));
    }

    /// <summary>They are looked at before anything bounds them; compared each with each, so many would take hours.</summary>
    [Fact]
    public async Task AdmitAsync_TolerationsWithoutNumber_AreTakenAsTheyAre()
    {
        _objects.Cached.Add(Class("sandboxed"));
        var spec = new PodSpec { RuntimeClassName = "sandboxed" };
        spec.Tolerations.AddRange(Enumerable.Range(0, 400_000).Select(i => new Toleration { Key = $"k{i}", Operator = "Exists" }));

        Assert.Equal(400_001, (await PassAsync(spec)).Spec.Tolerations.Count);
    }

    [Fact]
    public async Task ValidateAsync_CostTakenAwayAfterwards_IsForbidden()
    {
        _objects.Cached.Add(Class("sandboxed"));
        var request = FakeObjects.Create(Pod(new PodSpec { RuntimeClassName = "sandboxed" }));

        var failure = await Assert.ThrowsAsync<StatusException>(() => _admission.ValidateAsync(request, TestContext.Current.CancellationToken).AsTask());

        Assert.Contains("doesn't match RuntimeClass's defined Overhead", failure.Message, StringComparison.Ordinal);
    }

    private async Task<Pod> PassAsync(PodSpec spec)
    {
        var request = FakeObjects.Create(Pod(spec));
        await _admission.AdmitAsync(request, TestContext.Current.CancellationToken);
        await _admission.ValidateAsync(request, TestContext.Current.CancellationToken);
        return (Pod)request.Object!;
    }

    private static Pod Pod(PodSpec spec) => new() { Metadata = new() { Namespace = "shop", Name = "web" }, Spec = spec };

    private static RuntimeClass Class(string name) => new()
    {
        Metadata = new() { Name = name },
        Handler = "runsc",
        Overhead = new() { PodFixed = { ["cpu"] = new Quantity { String = "100m" } } },
        Scheduling = new() { NodeSelector = { ["vm"] = "yes" }, Tolerations = { new Toleration { Key = "kind", Operator = "Exists", Effect = "NoSchedule" } } },
    };
}
