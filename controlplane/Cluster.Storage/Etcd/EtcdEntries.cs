using Google.Protobuf;
using Mvccpb;

namespace Cluster.Storage.Etcd;

/// <summary>etcd's messages as ours.</summary>
internal static class EtcdEntries
{
    public static StoreEntry Entry(KeyValue pair) => new(pair.Key.ToStringUtf8(), pair.Value.Memory, pair.ModRevision, pair.CreateRevision);

    public static StoreChange Change(Event change) => new(
        change.Kv.Key.ToStringUtf8(),
        change.Type == Event.Types.EventType.Put ? Entry(change.Kv) : null,
        change.PrevKv is { } previous ? Entry(previous) : null);

    /// <summary>The events of one response, which holds whole revisions, revision by revision.</summary>
    public static List<StoreChanges> ByRevision(IReadOnlyList<Event> events)
    {
        var revisions = new List<StoreChanges>();
        for (var i = 0; i < events.Count;)
        {
            var revision = events[i].Kv.ModRevision;
            var changes = new List<StoreChange>();
            for (; i < events.Count && events[i].Kv.ModRevision == revision; i++)
                changes.Add(Change(events[i]));
            revisions.Add(new StoreChanges(revision, changes));
        }

        return revisions;
    }

    /// <summary>Bytes that nobody changes any more, without a copy.</summary>
    public static ByteString Bytes(ReadOnlyMemory<byte> value) => UnsafeByteOperations.UnsafeWrap(value);
}
