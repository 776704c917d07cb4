using System.Text.Json.Nodes;
using Cluster.Api.Apply.Fields;
using Cluster.Api.Apply.Managers;
using Cluster.Api.Apply.Schema;
using Cluster.Api.MetaV1;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Apply;

/// <summary>
/// Keeps metadata.managedFields of one kind: notes what updates write, and merges what is applied into the object that is there.
/// </summary>
/// <remarks>
/// Immutable and safe for concurrent use; one for each kind and subresource. An update costs a comparison of the two objects, which steps
/// over what is equal, and the reading of the owners' fields; one that changes nothing reads none.
/// </remarks>
public sealed class FieldManager
{
    private readonly KindVersions versions;
    private readonly string subresource;
    private readonly FieldSet reset;

    // What the system sets, and every writer sends along.
    internal static readonly FieldSet Stripped = FieldSet.Of(
        ["apiVersion"], ["kind"], ["metadata"], ["metadata", "name"], ["metadata", "namespace"], ["metadata", "creationTimestamp"],
        ["metadata", "selfLink"], ["metadata", "uid"], ["metadata", "clusterName"], ["metadata", "generation"],
        ["metadata", "managedFields"], ["metadata", "resourceVersion"]);

    /// <param name="message">
    /// The message of the kind in the version that is written: its options say what is owned as one, and what tells list elements apart.
    /// </param>
    /// <param name="subresource">That is written; empty for the object itself.</param>
    /// <param name="resetFields">Paths, such as <c>metadata.labels</c>, that a write here does not change: nobody owns them by it.</param>
    /// <param name="others">
    /// The messages of the other versions the kind is served in: who owns fields in one of them keeps and loses them by its names. Owners in
    /// versions that are no more are forgotten. Null: there is no other.
    /// </param>
    public FieldManager(
        MessageDescriptor message, string subresource, IEnumerable<string> resetFields, IEnumerable<MessageDescriptor>? others = null)
    {
        versions = new KindVersions(new KindVersion(message), (others ?? []).Where(other => other != message).Select(other => new KindVersion(other)));
        this.subresource = subresource;
        reset = FieldSet.Of(resetFields.Select(path => path.Split('.')));
    }

    /// <summary>The manager of an added kind.</summary>
    /// <param name="stored">The version it is stored in: the one owners are kept under.</param>
    /// <param name="subresource">As of the other.</param>
    /// <param name="resetFields">As of the other.</param>
    /// <param name="kept">
    /// Other versions of a kind that a webhook converts: what is owned in one of them stays as it is noted, for nobody here can tell what it is
    /// called in this one.
    /// </param>
    public FieldManager(ResourceType stored, string subresource, IEnumerable<string> resetFields, IEnumerable<string>? kept = null)
    {
        versions = new KindVersions(new KindVersion(stored), []) { Kept = (kept ?? []).ToHashSet(StringComparer.Ordinal) };
        this.subresource = subresource;
        reset = FieldSet.Of(resetFields.Select(path => path.Split('.')));
    }

    /// <summary>Notes in a new object's managedFields what its writer has changed.</summary>
    /// <param name="live">The object as it is stored; null when it is being created.</param>
    /// <param name="obj">The object as it is to be, with managedFields as the client sent them.</param>
    /// <param name="manager">Who writes.</param>
    /// <param name="now">The time of the entry, if it changes.</param>
    public void Update(IApiObject? live, IApiObject obj, string manager, Time now)
    {
        if (live is null && obj.Metadata.ManagedFields.Count == 0 && versions.Spoken.Trees is MessageTrees trees)
        {
            WriteCreated(trees, obj, manager, now);
            return;
        }

        var managers = ManagerList.OfUpdate(live, obj, subresource.Length > 0);
        // An object that nobody has tracked so far is tracked from the first apply on.
        if (!managers.IsEmpty || live is null)
        {
            var changes = new VersionedChanges(
                versions.Spoken, Compare(versions.Spoken, live, obj),
                version => Compare(version, KindVersions.Convert(live, version), KindVersions.Convert(obj, version)!));
            Write(managers, changes, ManagerId.Of(manager, ManagerId.Update, versions.Spoken.ApiVersion, subresource), now);
        }

        managers.WriteTo(obj);
    }

    /// <summary>Merges an applied configuration into an object.</summary>
    /// <param name="live">The object as it is stored; null to create it.</param>
    /// <param name="patch">The configuration: an object of the kind with no more than what its manager wants to decide.</param>
    /// <param name="manager">Who applies.</param>
    /// <param name="force">Takes over fields that other managers own.</param>
    /// <param name="now">The time of the entry, if the object changes.</param>
    /// <returns>A new object with its managedFields; without defaults and checks.</returns>
    /// <exception cref="StatusException">400: not this kind, or it does not fit the kind; 409: other managers own what it would change.</exception>
    public IApiObject Apply(IApiObject? live, JsonObject patch, string manager, bool force, Time now) =>
        new Application(versions, reset, patch) { Update = OwnersAfter, Strip = Stripped }
            .Run(live, ManagerId.Of(manager, ManagerId.Apply, "", subresource), force, now);

    // What the other way would write of a new object that came without owners, with a tenth of its work.
    private void WriteCreated(MessageTrees trees, IApiObject obj, string manager, Time now)
    {
        var fields = trees.CreatedFields(versions.Spoken.Type, obj, reset, Stripped);
        if (fields.IsEmpty)
            return;
        var id = ManagerId.Of(manager, ManagerId.Update, versions.Spoken.ApiVersion, subresource);
        obj.Metadata.ManagedFields.Add(new Manager(id, versions.Spoken.ApiVersion, fields) { Time = now }.ToEntry());
    }

    private FieldChanges Compare(KindVersion version, IApiObject? before, IApiObject after) =>
        version.Trees.Compare(version.Type, before, after).Without(reset);

    private void Write(ManagerList managers, VersionedChanges all, ManagerId id, Time now)
    {
        var changes = all.In(versions.Spoken);
        var written = changes.Written.Difference(Stripped);
        if (written.IsEmpty && changes.Removed.IsEmpty)
        {
            managers.RemoveWhere(manager => versions.IsGone(manager.ApiVersion));
            return;
        }

        OwnersAfter(managers, all, null);
        if (!written.IsEmpty)
        {
            if (managers.Find(id) is { } known)
                known.Fields = known.Fields.Covers(written) ? known.Fields : written.Union(known.Fields);
            else
                managers.Put(new Manager(id, versions.Spoken.ApiVersion, written));
            managers.Find(id)!.Time = now;
        }

        managers.MergeOldUpdates();
    }

    // Takes from all managers but the writer what was written or removed. Returns what was written of each one's fields.
    private List<(ManagerId Owner, FieldSet Fields)> OwnersAfter(ManagerList managers, VersionedChanges all, ManagerId? writer)
    {
        var conflicts = new List<(ManagerId Owner, FieldSet Fields)>();
        managers.RemoveWhere(manager => versions.IsGone(manager.ApiVersion));
        foreach (var manager in managers.All)
        {
            if (versions.Find(manager.ApiVersion) is not { } version)
                continue;
            var fields = SchemaChange.Reconcile(version.Type, manager.Fields);
            if (manager.Id != writer)
                fields = Without(fields, all.In(version), lost => conflicts.Add((manager.Id, lost)));
            manager.Fields = fields;
        }

        managers.RemoveWhere(manager => manager.Fields.IsEmpty);
        return conflicts;
    }

    private static FieldSet Without(FieldSet fields, FieldChanges changes, Action<FieldSet> onLost)
    {
        var lost = fields.Intersection(changes.Written);
        if (!lost.IsEmpty)
        {
            onLost(lost);
            fields = fields.Difference(lost);
        }

        return changes.Removed.IsEmpty || fields.Intersection(changes.Removed).IsEmpty ? fields : fields.Difference(changes.Removed);
    }
}
