using Cluster.Api.MetaV1;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cluster.Api.Apply.Managers;

/// <summary>The owners of an object's fields, out of managedFields and back.</summary>
internal sealed class ManagerList
{
    public const string FieldsType = "FieldsV1";

    // So many entries of updates an object keeps; of more, the oldest become one.
    private const int MostUpdaters = 10;
    private const string OldUpdaters = "ancient-changes";

    private readonly List<Manager> all = [];

    public IReadOnlyList<Manager> All => all;

    public bool IsEmpty => all.Count == 0;

    /// <summary>What an update goes by: the owners the client sends, or where it sends none that can be read, the stored ones.</summary>
    public static ManagerList OfUpdate(IApiObject? live, IApiObject obj, bool isSubresource)
    {
        var stored = live?.Metadata?.ManagedFields;
        var sent = obj.Metadata.ManagedFields;
        if (isSubresource || sent.Count == 0 || sent.Equals(stored))
            return OrNone(stored);
        if (IsReset(sent))
            return new ManagerList();
        try
        {
            var managers = Read(sent);
            // The client's text is kept as we would write it.
            foreach (var manager in managers.all)
                manager.Normalize();
            return managers;
        }
        catch (FormatException)
        {
            return OrNone(stored);
        }
    }

    /// <summary>The owners that are stored.</summary>
    /// <exception cref="FormatException">They can't be read.</exception>
    public static ManagerList Read(IReadOnlyList<ManagedFieldsEntry>? entries)
    {
        var managers = new ManagerList();
        for (var index = 0; index < (entries?.Count ?? 0); index++)
            managers.Put(Read(entries![index], index));
        return managers;
    }

    public Manager? Find(ManagerId id) => all.Find(manager => manager.Id == id);

    /// <summary>Adds an owner, or puts it in the place of the one with its identity.</summary>
    public void Put(Manager manager)
    {
        all.RemoveAll(other => other.Id == manager.Id);
        all.Add(manager);
    }

    public void Remove(Manager manager) => all.Remove(manager);

    public void RemoveWhere(Predicate<Manager> isGone) => all.RemoveAll(isGone);

    /// <summary>Writes the owners into an object: appliers first, each kind by time, then by name.</summary>
    public void WriteTo(IApiObject obj)
    {
        var entries = obj.Metadata.ManagedFields;
        entries.Clear();
        entries.Add(ToEntries());
    }

    /// <summary>The entries in their order.</summary>
    public IReadOnlyList<ManagedFieldsEntry> ToEntries()
    {
        all.Sort(Order);
        return all.ConvertAll(manager => manager.ToEntry());
    }

    /// <summary>Makes one of the oldest updates of each version, until no more than ten are left.</summary>
    public void MergeOldUpdates()
    {
        var updaters = all.FindAll(manager => !manager.Id.IsApply);
        var count = updaters.Count;
        if (count <= MostUpdaters)
            return;
        updaters.Sort((left, right) => left.Seconds != right.Seconds ? left.Seconds.CompareTo(right.Seconds) : left.Id.CompareTo(right.Id));
        var firsts = new Dictionary<string, Manager>();
        foreach (var updater in updaters)
        {
            if (count <= MostUpdaters)
                break;
            if (firsts.TryAdd(updater.ApiVersion, updater))
                continue;
            var id = ManagerId.Of(OldUpdaters, ManagerId.Update, updater.ApiVersion, "");
            var bucket = Find(id);
            if (bucket is null)
            {
                var first = firsts[updater.ApiVersion];
                all.Remove(first);
                bucket = new Manager(id, first.ApiVersion, first.Fields);
                all.Add(bucket);
            }

            bucket.Fields = updater.Fields.Union(bucket.Fields);
            bucket.Time = updater.Time;
            if (updater != bucket)
                all.Remove(updater);
            count--;
        }
    }

    private static ManagerList OrNone(RepeatedField<ManagedFieldsEntry>? entries)
    {
        try
        {
            return Read(entries);
        }
        catch (FormatException)
        {
            return new ManagerList();
        }
    }

    private static bool IsReset(RepeatedField<ManagedFieldsEntry> entries) => entries.Count == 1 && entries[0].CalculateSize() == 0;

    private static Manager Read(ManagedFieldsEntry entry, int index)
    {
        if (entry.Operation is not (ManagerId.Apply or ManagerId.Update))
            throw new FormatException("operation must be `Apply` or `Update`");
        if (entry.ApiVersion.Length == 0)
            throw new FormatException("apiVersion must not be empty");
        if (entry.FieldsType != FieldsType)
        {
            throw new FormatException(entry.FieldsType.Length == 0
                ? $"missing fieldsType in managed fields entry {index}"
                : $"invalid fieldsType {GoText.Quote(entry.FieldsType)} in managed fields entry {index}");
        }

        var id = new ManagerId(entry.Manager, entry.Operation, entry.Operation == ManagerId.Apply ? "" : entry.ApiVersion, entry.Subresource);
        return new Manager(id, entry.ApiVersion, entry.FieldsV1?.Raw ?? ByteString.Empty) { Time = entry.Time };
    }

    private static int Order(Manager left, Manager right)
    {
        var order = string.CompareOrdinal(left.Id.Operation, right.Id.Operation);
        if (order == 0)
            order = left.Seconds.CompareTo(right.Seconds);
        if (order == 0)
            order = string.CompareOrdinal(left.Id.Name, right.Id.Name);
        if (order == 0)
            order = string.CompareOrdinal(left.ApiVersion, right.ApiVersion);
        return order != 0 ? order : string.CompareOrdinal(left.Id.Subresource, right.Id.Subresource);
    }
}
