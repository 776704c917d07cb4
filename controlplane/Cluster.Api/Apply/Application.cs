using System.Text.Json.Nodes;
using Cluster.Api.Apply.Fields;
using Cluster.Api.Apply.Managers;
using Cluster.Api.Apply.Schema;
using Cluster.Api.Apply.Trees;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;

namespace Cluster.Api.Apply;

/// <summary>One configuration being applied to one object.</summary>
internal sealed class Application(KindVersions versions, FieldSet reset, JsonObject patch)
{
    private const string BeforeFirstApply = "before-first-apply";

    // kubectl applied on its own side before the server could; its applies go on from what it has noted in an annotation.
    private const string Kubectl = "kubectl";

    private readonly KindVersion version = versions.Spoken;
    private readonly ApplyType type = versions.Spoken.Type;
    private readonly JsonObject metadata = patch["metadata"] as JsonObject ?? [];

    /// <summary>Takes from the other managers what changed; returns what each has lost to it.</summary>
    public required Func<ManagerList, VersionedChanges, ManagerId?, List<(ManagerId Owner, FieldSet Fields)>> Update { get; init; }

    /// <summary>Fields that nobody owns.</summary>
    public required FieldSet Strip { get; init; }

    public IApiObject Run(IApiObject? live, ManagerId id, bool force, Time now)
    {
        CheckPatch();
        var before = Tree(live);
        var applied = Merge(live, before, id, force, now);
        var obj = applied.Tree is null ? Read(before) : Read(applied.Tree);
        if (applied.Tree is not null)
            applied.Managers.Find(id)?.Time = now;
        obj.Metadata ??= new ObjectMeta();
        applied.Managers.WriteTo(obj);
        if (id.Name == Kubectl && LastApplied.IsIn(obj))
            LastApplied.Write(obj, patch);
        return obj;
    }

    private (JsonObject? Tree, ManagerList Managers) Merge(IApiObject? live, JsonObject before, ManagerId id, bool force, Time now)
    {
        try
        {
            return MergeOnce(live, before, id, force, now);
        }
        catch (ConflictException conflict)
        {
            if (id.Name != Kubectl || LastApplied.Unchanged(type, version.ApiVersion, before) is not { } own)
                throw conflict.Refusal();
            if (!conflict.All.Difference(own).IsEmpty)
                throw conflict.Refusal(own);
            return MergeOnce(live, before, id, force: true, now);
        }
    }

    // The tree is null where applying changes nothing.
    private (JsonObject? Tree, ManagerList Managers) MergeOnce(IApiObject? live, JsonObject before, ManagerId id, bool force, Time now)
    {
        var managers = ReadManagers(live);
        if (managers.IsEmpty && live is not null)
            TrackAll(managers, before, id.Subresource, now);
        CheckTypes(before);
        var previous = managers.Find(id);
        var merged = TreeMerge.Merge(type, before, patch);
        var own = TreeFields.Of(type, patch).RecursiveDifference(reset);
        managers.Put(new Manager(id, version.ApiVersion, own) { Time = previous?.Time });
        if (previous is not null && versions.Find(previous.ApiVersion) is { } then && !previous.Fields.IsEmpty)
            merged = Prune(merged, managers, then, previous.Fields);

        var conflicts = Update(managers, Changes(before, merged), id);
        if (conflicts.Count > 0 && !force)
            throw new ConflictException(conflicts);
        if (managers.Find(id) is { } mine && (mine.Fields = mine.Fields.Difference(Strip)).IsEmpty)
            managers.Remove(mine);
        return (TreeComparison.AreEqual(before, merged) ? null : merged, managers);
    }

    private VersionedChanges Changes(JsonObject before, JsonObject merged) => new(
        version, TreeComparison.Compare(type, before, merged).Without(reset),
        other => TreeComparison.Compare(other.Type, Convert(before, version, other), Convert(merged, version, other)).Without(reset));

    // Takes out what this manager applied before and does not any more, unless somebody else owns it, or something in it. That is told by
    // the names of the version it applied then.
    private JsonObject Prune(JsonObject merged, ManagerList managers, KindVersion then, FieldSet applied)
    {
        var whole = Convert(merged, version, then);
        // The last set as the type has it now.
        var last = SchemaChange.Reconcile(then.Type, applied).WithNamedFields(then.Type);
        var pruned = PutBackOwned(whole, TreeRemoval.Remove(then.Type, whole, last), then, managers);
        // Only what was applied goes: what else went with it comes back.
        var gone = All(then, whole).Difference(All(then, pruned));
        return Convert(TreeRemoval.Remove(then.Type, whole, gone.Intersection(last)), then, version);
    }

    // Version by version of the owners; the one at hand first, before a conversion could miss what was taken out.
    private JsonObject PutBackOwned(JsonObject whole, JsonObject pruned, KindVersion at, ManagerList managers)
    {
        var now = at;
        foreach (var owners in managers.All.Where(manager => versions.Find(manager.ApiVersion) is not null)
            .GroupBy(manager => versions.Find(manager.ApiVersion)!).OrderByDescending(owners => owners.Key == at))
        {
            (whole, pruned, now) = (Convert(whole, now, owners.Key), Convert(pruned, now, owners.Key), owners.Key);
            var owned = owners.Aggregate(FieldSet.Empty, (sum, manager) => sum.Union(SchemaChange.Reconcile(now.Type, manager.Fields)));
            var kept = All(now, pruned).Union(owned.WithNamedFields(now.Type));
            pruned = TreeRemoval.Remove(now.Type, whole, All(now, whole).Difference(kept));
        }

        return Convert(pruned, now, at);
    }

    private static FieldSet All(KindVersion version, JsonObject tree) => TreeFields.Of(version.Type, tree).WithNamedFields(version.Type);

    // Nobody was tracked so far: all that is there belongs to whoever was before.
    private void TrackAll(ManagerList managers, JsonObject before, string subresource, Time now)
    {
        var fields = TreeComparison.Compare(type, Tree(null), before).Without(reset).Written.Difference(Strip);
        if (!fields.IsEmpty)
            managers.Put(new Manager(ManagerId.Of(BeforeFirstApply, ManagerId.Update, version.ApiVersion, subresource), version.ApiVersion, fields) { Time = now });
    }

    private void CheckPatch()
    {
        var found = (patch["apiVersion"] as JsonValue)?.ToString() ?? "";
        var foundKind = (patch["kind"] as JsonValue)?.ToString() ?? "";
        if ((found, foundKind) != (version.ApiVersion, version.Kind))
            throw StatusErrors.BadRequest($"invalid object type: {GroupVersionKind(found, foundKind)}");
        if (metadata["managedFields"] is not null)
            throw StatusErrors.BadRequest("metadata.managedFields must be nil");
    }

    private void CheckTypes(JsonObject before)
    {
        if (TreeValidation.Check(type, patch, allowsDuplicates: false) is { Count: > 0 } errors)
            throw Failure($"failed to create typed patch object ({Name(patch)}): {TypedError.Text(errors)}");
        if (TreeValidation.Check(type, before, allowsDuplicates: true) is { Count: > 0 } stored)
            throw Failure($"failed to create typed live object ({Name(before)}): {TypedError.Text(stored)}");
    }

    private static ManagerList ReadManagers(IApiObject? live)
    {
        try
        {
            var managers = ManagerList.Read(live?.Metadata?.ManagedFields);
            foreach (var manager in managers.All)
                _ = manager.Fields;
            return managers;
        }
        catch (FormatException error)
        {
            throw Failure($"failed to decode managed fields: {error.Message}");
        }
    }

    private JsonObject Tree(IApiObject? live) => version.Trees.ToTree(live);

    private JsonObject Convert(JsonObject tree, KindVersion from, KindVersion to)
    {
        try
        {
            return KindVersions.Convert(tree, from, to);
        }
        catch (JsonDecodeException error)
        {
            throw Failure($"failed to convert object ({Name(patch)}) to {to.ApiVersion}: {error.Message}");
        }
    }

    private IApiObject Read(JsonObject tree)
    {
        try
        {
            return version.Trees.FromTree(tree);
        }
        catch (JsonDecodeException error)
        {
            throw Failure($"failed to convert new object ({Name(patch)}) to proper version: {error.Message}");
        }
    }

    private string Name(JsonObject tree)
    {
        var meta = tree["metadata"] as JsonObject;
        return $"{meta?["namespace"]}/{meta?["name"]}; {GroupVersionKind(version.ApiVersion, version.Kind)}";
    }

    private static string GroupVersionKind(string apiVersion, string kind) =>
        $"{(apiVersion.Contains('/', StringComparison.Ordinal) ? apiVersion : "/" + apiVersion)}, Kind={kind}";

    // Kubernetes has no reason for these, and answers 500. They are mistakes of the patch, or of who wrote the object, all the same.
    private static StatusException Failure(string message) => StatusErrors.BadRequest(message);
}
