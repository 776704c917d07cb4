using System.Globalization;
using Cluster.Api.DiscoveryV1;
using Cluster.Client;

namespace Cluster.Controllers.ServiceEndpoints;

/// <summary>Slices written that the cache may not show yet: a plan made from the cache of before would make them twice.</summary>
/// <remarks>Safe for concurrent use. What a watch has not shown after a minute is taken for lost.</remarks>
internal sealed class SliceWrites(TimeProvider time)
{
    private const long Gone = -1;

    private static readonly TimeSpan Lost = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, Write> _pending = [];

    public void Wrote(EndpointSlice slice) => Set(slice, Version(slice));

    public void Deleted(EndpointSlice slice) => Set(slice, Gone);

    /// <summary>The slice is gone, whoever deleted it: nothing more to wait for.</summary>
    public void SawDeleted(EndpointSlice slice)
    {
        lock (_lock)
        {
            _pending.Remove(ObjectKey.Of(slice));
        }
    }

    /// <summary>A write for this service is not in the cache yet.</summary>
    public bool IsPending(ObjectKey service, Func<ObjectKey, EndpointSlice?> cached)
    {
        lock (_lock)
        {
            foreach (var (key, write) in _pending.Where(one => one.Value.Service == service).ToList())
            {
                if (time.GetElapsedTime(write.At) < Lost && !IsShown(write, cached(key)))
                {
                    return true;
                }

                _pending.Remove(key);
            }

            return false;
        }
    }

    private static bool IsShown(Write write, EndpointSlice? cached) =>
        write.Version == Gone ? cached is null : cached is not null && Version(cached) >= write.Version;

    private void Set(EndpointSlice slice, long version)
    {
        lock (_lock)
        {
            _pending[ObjectKey.Of(slice)] = new(SliceLabels.ServiceOf(slice), version, time.GetTimestamp());
        }
    }

    private static long Version(EndpointSlice slice) => long.Parse(slice.Metadata.ResourceVersion, CultureInfo.InvariantCulture);

    private sealed record Write(ObjectKey Service, long Version, long At);
}
