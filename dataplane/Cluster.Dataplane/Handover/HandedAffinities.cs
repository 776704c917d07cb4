using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Handover;

/// <summary>Tells which client has which backend by ClientIP affinity, and has a table go on with it.</summary>
internal static class HandedAffinities
{
    /// <summary>As many as are handed over: with more, which is a flood, some clients are placed anew.</summary>
    private const int Max = 200_000;

    public static IReadOnlyList<HandedAffinity> Of(ServiceTable table, TimeProvider time)
    {
        var result = new List<HandedAffinity>();
        long now = time.GetTimestamp();
        foreach (ServiceEntry entry in table.Entries)
        {
            foreach ((var client, Backend backend, long lastUse) in entry.State.AffinityOrNull?.Entries() ?? [])
            {
                if (result.Count == Max) return result;
                result.Add(new HandedAffinity(entry.Port.Id, client, HandedBackend.Of(backend), (long)time.GetElapsedTime(lastUse, now).TotalMilliseconds));
            }
        }

        return result;
    }

    public static void Restore(ServiceTable table, IReadOnlyList<HandedAffinity> affinities, TimeProvider time)
    {
        if (affinities.Count == 0) return;
        long now = time.GetTimestamp();
        Dictionary<ServicePortId, ServiceEntry> entries = table.Entries.ToDictionary(entry => entry.Port.Id);
        foreach (HandedAffinity affinity in affinities)
        {
            if (!entries.TryGetValue(affinity.Service, out ServiceEntry? entry) || affinity.Backend.In(entry) is not { } backend) continue;
            long lastUse = now - (affinity.IdleMs * time.TimestampFrequency / 1000);
            entry.State.Affinity.Set(affinity.Client, backend, lastUse, (long)(entry.Port.AffinityTimeout.TotalSeconds * time.TimestampFrequency));
        }
    }
}
