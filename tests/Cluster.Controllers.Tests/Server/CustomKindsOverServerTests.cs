using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Custom;
using Cluster.Api.Json;
using Cluster.Client;
using Cluster.Testing;

namespace Cluster.Controllers.Tests.Server;

/// <summary>Kinds that definitions add, as the garbage collector and the namespace controller see them on the real server.</summary>
public sealed class CustomKindsOverServerTests(ServerRig rig) : IClassFixture<ServerRig>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Owner_OfAnAddedKind_TakesItsDependentsAlong()
    {
        var (_, boxes) = await DefineAsync("owners.example.com");
        var owner = await boxes.CreateAsync(Box("owner"), Cancel);
        await rig.Admin.CreateAsync(new ConfigMap { Metadata = Owned("built-in", owner, "owners.example.com/v1") }, Cancel);
        await boxes.CreateAsync(new CustomObject { Metadata = Owned("added", owner, "owners.example.com/v1") }, Cancel);

        await boxes.DeleteAsync<CustomObject>("default", "owner", null, Cancel);

        await Eventually.True(async () => !(await rig.Admin.ListAsync<ConfigMap>("default", ListQuery.All, Cancel)).Items.Any(map => map.Metadata.Name == "built-in"));
        await Eventually.True(async () => (await boxes.ListAsync<CustomObject>("default", ListQuery.All, Cancel)).Items.Count == 0);
    }

    [Fact]
    public async Task Dependent_OfAnAddedKind_IsOrphanedWhenAsked()
    {
        var (_, boxes) = await DefineAsync("orphans.example.com");
        var owner = await rig.Admin.CreateAsync(new ConfigMap { Metadata = new() { Namespace = "default", Name = "owner" } }, Cancel);
        await boxes.CreateAsync(new CustomObject { Metadata = Owned("kept", owner, "v1", "ConfigMap") }, Cancel);

        // The collector may not know the object yet, as with any kind: then it keeps a reference that leads nowhere, and would be collected.
        await Eventually.True(async () =>
        {
            await Task.Delay(300, Cancel);
            return (await boxes.ListAsync<CustomObject>("default", ListQuery.All, Cancel)).Items.Count == 1;
        });
        await rig.Admin.DeleteAsync<ConfigMap>("default", "owner", new() { PropagationPolicy = "Orphan" }, Cancel);

        await Eventually.True(async () => (await boxes.GetAsync<CustomObject>("default", "kept", Cancel)).Metadata.OwnerReferences.Count == 0);
    }

    [Fact]
    public async Task Namespace_WithObjectsOfAnAddedKind_IsEmptiedAndGoes()
    {
        var (_, boxes) = await DefineAsync("spaces.example.com");
        await rig.Admin.CreateAsync(new Namespace { Metadata = new() { Name = "leaving" } }, Cancel);
        await boxes.CreateAsync(new CustomObject { Metadata = new() { Namespace = "leaving", Name = "one" } }, Cancel);

        await rig.Admin.DeleteAsync<Namespace>(null, "leaving", null, Cancel);

        await Eventually.True(async () => !(await rig.Admin.ListAsync<Namespace>(null, ListQuery.All, Cancel)).Items.Any(ns => ns.Metadata.Name == "leaving"));
        Assert.Empty((await boxes.ListAsync<CustomObject>(null, ListQuery.All, Cancel)).Items);
    }

    [Fact]
    public async Task Owner_OfAKindWhoseFirstVersionIsNoLongerServed_KeepsItsDependents()
    {
        const string group = "moves.example.com";
        var (_, old) = await DefineAsync(group);
        await old.CreateAsync(Box("before"), Cancel);
        var definition = await rig.Admin.GetAsync<CustomResourceDefinition>(null, $"boxes.{group}", Cancel);
        var next = definition.Spec.Versions[0].Clone();
        next.Name = "v2";
        (definition.Spec.Versions[0].Storage, definition.Spec.Versions[0].Served) = (false, false);
        definition.Spec.Versions.Add(next);
        definition = await rig.Admin.UpdateAsync(definition, Cancel);
        var boxes = ((ICustomKinds)rig.Admin).ForKind(CustomKinds.Of(definition).Single(type => type.Version == "v2"));
        await Eventually.True(async () => await IsServedAsync(boxes));

        var owner = await boxes.CreateAsync(Box("after"), Cancel);
        await rig.Admin.CreateAsync(new ConfigMap { Metadata = Owned("kept", owner, $"{group}/v2") }, Cancel);
        await rig.Admin.CreateAsync(new ConfigMap { Metadata = Owned("lost", new ConfigMap { Metadata = new() { Name = "none", Uid = "none" } }, $"{group}/v2") }, Cancel);

        // The collector has come to what was made last; and it knows the kind, for it lets go of what the owner's end leaves.
        await Eventually.True(async () => !(await rig.Admin.ListAsync<ConfigMap>("default", ListQuery.All, Cancel)).Items.Any(map => map.Metadata.Name == "lost"));
        Assert.Null((await rig.Admin.GetAsync<ConfigMap>("default", "kept", Cancel)).Metadata.DeletionTimestamp);
        await boxes.DeleteAsync<CustomObject>("default", "after", null, Cancel);
        await Eventually.True(async () => !(await rig.Admin.ListAsync<ConfigMap>("default", ListQuery.All, Cancel)).Items.Any(map => map.Metadata.Name == "kept"));
    }

    private static async Task<bool> IsServedAsync(IApiClient client)
    {
        try
        {
            await client.ListAsync<CustomObject>("default", ListQuery.All, Cancel);
            return true;
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            return false;
        }
    }

    [Fact]
    public async Task Quota_OnAnAddedKind_BoundsItAndCountsWhatGoes()
    {
        await rig.Admin.CreateAsync(new Namespace { Metadata = new() { Name = "bounded" } }, Cancel);
        const string name = "count/boxes.bounds.example.com";
        var quota = new ResourceQuota { Metadata = new() { Namespace = "bounded", Name = "boxes" }, Spec = new() { Hard = { [name] = new() { String = "2" } } } };
        await rig.Admin.CreateAsync(quota, Cancel);
        // The definition comes after the quota, as it may.
        var (_, boxes) = await DefineAsync("bounds.example.com");
        await Eventually.True(async () => await UsedAsync() == "0");
        await boxes.CreateAsync(Bounded("one"), Cancel);
        await boxes.CreateAsync(Bounded("two"), Cancel);
        var refused = await Assert.ThrowsAsync<StatusException>(() => boxes.CreateAsync(Bounded("three"), Cancel));
        Assert.Equal($"boxes.bounds.example.com \"three\" is forbidden: exceeded quota: boxes, requested: {name}=1, used: {name}=2, limited: {name}=2", refused.Message);

        await boxes.DeleteAsync<CustomObject>("bounded", "one", null, Cancel);
        await Eventually.True(async () => await UsedAsync() == "1");
        await boxes.CreateAsync(Bounded("three"), Cancel);

        async Task<string?> UsedAsync() => (await rig.Admin.GetAsync<ResourceQuota>("bounded", "boxes", Cancel)).Status?.Used.GetValueOrDefault(name)?.String;
        static CustomObject Bounded(string box) => new() { Metadata = new() { Namespace = "bounded", Name = box } };
    }

    private async Task<(ResourceType Type, IApiClient Boxes)> DefineAsync(string group)
    {
        await rig.Admin.CreateAsync(Definition(group), Cancel);
        CustomResourceDefinition? definition = null;
        await Eventually.True(async () => CustomKinds.IsEstablished(
            definition = await rig.Admin.GetAsync<CustomResourceDefinition>(null, $"boxes.{group}", Cancel)));
        var type = CustomKinds.Of(definition!)[0];
        return (type, ((ICustomKinds)rig.Admin).ForKind(type));
    }

    private static CustomResourceDefinition Definition(string group) => JsonCodec.Decode<CustomResourceDefinition>(Encoding.UTF8.GetBytes(
        $$$"""
        {"metadata":{"name":"boxes.{{{group}}}"},"spec":{"group":"{{{group}}}","scope":"Namespaced","names":{"plural":"boxes","kind":"Box"},
         "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true} } }]} }
        """));

    private static CustomObject Box(string name)
    {
        var box = new CustomObject { Metadata = new() { Namespace = "default", Name = name } };
        CustomJson.SetContent(box, new JsonObject { ["spec"] = new JsonObject { ["size"] = 1 } });
        return box;
    }

    private static Api.MetaV1.ObjectMeta Owned(string name, IApiObject owner, string apiVersion, string kind = "Box") => new()
    {
        Namespace = "default",
        Name = name,
        OwnerReferences = { new Api.MetaV1.OwnerReference { ApiVersion = apiVersion, Kind = kind, Name = owner.Metadata.Name, Uid = owner.Metadata.Uid } },
    };
}
