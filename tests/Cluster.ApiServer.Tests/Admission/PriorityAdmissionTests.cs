using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.SchedulingV1;
using Cluster.ApiServer.Admission;

namespace Cluster.ApiServer.Tests.Admission;

public sealed class PriorityAdmissionTests
{
    private readonly FakeObjects _objects = new();
    private readonly PriorityAdmission _admission;

    public PriorityAdmissionTests() => _admission = new PriorityAdmission(_objects);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AdmitAsync_NoClassAnywhere_IsZeroAndMayPreempt() =>
        Assert.Equal(("", 0, "PreemptLowerPriority"), await AdmitAsync(new PodSpec()));

    [Fact]
    public async Task AdmitAsync_OwnClass_GivesItsNumberAndPolicy()
    {
        _objects.Cached.Add(Class("calm", 7, policy: "Never"));

        Assert.Equal(("calm", 7, "Never"), await AdmitAsync(new PodSpec { PriorityClassName = "calm" }));
        Assert.Equal(("calm", 7, "Never"), await AdmitAsync(new PodSpec { PriorityClassName = "calm", Priority = 7, PreemptionPolicy = "Never" }));
    }

    [Fact]
    public async Task AdmitAsync_ClassJustMade_IsFoundInTheStore()
    {
        _objects.Fresh.Add(Class("new", 9));

        Assert.Equal(("new", 9, "PreemptLowerPriority"), await AdmitAsync(new PodSpec { PriorityClassName = "new" }));
    }

    [Fact]
    public async Task AdmitAsync_NoClassNamed_TakesTheLowestDefault()
    {
        _objects.Cached.AddRange([Class("a", 20, isDefault: true), Class("b", 10, isDefault: true), Class("c", 1)]);

        Assert.Equal(("b", 10, "PreemptLowerPriority"), await AdmitAsync(new PodSpec()));
    }

    [Theory]
    [InlineData("none", null, null, "no PriorityClass with name none was found")]
    [InlineData("calm", 8, null, "the integer value of priority (8) must not be provided in pod spec; priority admission controller computed 7 from the given PriorityClass name")]
    [InlineData("", 2000000000, null, "the integer value of priority (2000000000) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name")]
    [InlineData("calm", null, "PreemptLowerPriority", "the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec; priority admission controller computed Never from the given PriorityClass name")]
    public async Task AdmitAsync_WhatTheClassDoesNotGive_IsForbidden(string name, int? priority, string? policy, string why)
    {
        _objects.Cached.Add(Class("calm", 7, policy: "Never"));
        var spec = new PodSpec { PriorityClassName = name };
        if (priority is { } number)
            spec.Priority = number;
        if (policy is not null)
            spec.PreemptionPolicy = policy;

        var failure = await Assert.ThrowsAsync<StatusException>(() => AdmitAsync(spec));

        Assert.Equal((403, $"pods \"web\" is forbidden: {why}"), (failure.Code, failure.Message));
    }

    [Fact]
    public async Task AdmitAsync_UpdateThatLeavesThemOut_KeepsThem()
    {
        var before = Pod(new PodSpec { Priority = 7, PreemptionPolicy = "Never" });
        var now = Pod(new PodSpec());
        await _admission.AdmitAsync(FakeObjects.Create(now, AdmissionOperation.Update) with { OldObject = before }, Cancel);

        Assert.Equal((7, "Never"), (now.Spec.Priority, now.Spec.PreemptionPolicy));
    }

    [Fact]
    public async Task ValidateAsync_ASecondDefault_IsForbidden()
    {
        _objects.Cached.AddRange([Class("first", 1, isDefault: true), Class("second", 2)]);
        var second = Class("second", 2, isDefault: true);

        foreach (var operation in (AdmissionOperation[])[AdmissionOperation.Create, AdmissionOperation.Update])
        {
            var failure = await Assert.ThrowsAsync<StatusException>(() => _admission.ValidateAsync(FakeObjects.Create(second, operation), Cancel).AsTask());
            Assert.Equal(
                "priorityclasses.scheduling.k8s.io \"second\" is forbidden: PriorityClass first is already marked as default. Only one default can exist", failure.Message);
        }

        await _admission.ValidateAsync(FakeObjects.Create(Class("first", 1, isDefault: true), AdmissionOperation.Update), Cancel);
    }

    [Fact]
    public async Task ValidateAsync_DeleteOfASystemClass_IsForbidden()
    {
        var failure = await Assert.ThrowsAsync<StatusException>(() => DeleteAsync("system-node-critical"));
        Assert.Equal(
            (403, "priorityclasses.scheduling.k8s.io \"system-node-critical\" is forbidden: this is a system priority class and cannot be deleted"), (failure.Code, failure.Message));
        await DeleteAsync("calm");

        Task DeleteAsync(string name) => _admission.ValidateAsync(
            FakeObjects.Create(Class(name, 7), AdmissionOperation.Delete) with { Object = null, OldObject = Class(name, 7) }, Cancel).AsTask();
    }

    private async Task<(string Class, int Priority, string Policy)> AdmitAsync(PodSpec spec)
    {
        var pod = Pod(spec);
        await _admission.AdmitAsync(FakeObjects.Create(pod), Cancel);
        return (pod.Spec.PriorityClassName, pod.Spec.Priority, pod.Spec.PreemptionPolicy);
    }

    private static Pod Pod(PodSpec spec) => new() { Metadata = new() { Namespace = "shop", Name = "web" }, Spec = spec };

    private static PriorityClass Class(string name, int value, bool isDefault = false, string policy = "PreemptLowerPriority") =>
        new() { Metadata = new() { Name = name }, Value = value, GlobalDefault = isDefault, PreemptionPolicy = policy };
}
