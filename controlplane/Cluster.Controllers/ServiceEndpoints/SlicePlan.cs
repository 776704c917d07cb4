using Cluster.Api.DiscoveryV1;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.ServiceEndpoints;

/// <summary>The fewest writes that turn the slices there are into the ones wanted.</summary>
/// <param name="Creates">Contents of slices to make.</param>
/// <param name="Updates">Slices with new content; copies.</param>
/// <param name="Deletes">Slices nothing is left in.</param>
internal sealed record SlicePlan(List<SliceContent> Creates, List<EndpointSlice> Updates, List<EndpointSlice> Deletes)
{
    /// <summary>At most so many endpoints a slice: one change is then a small message to every node.</summary>
    public const int MaxEndpoints = 100;

    public static SlicePlan Make(IReadOnlyList<SliceContent> wanted, IReadOnlyCollection<EndpointSlice> existing)
    {
        var plan = new SlicePlan([], [], []);
        var byKey = existing.ToLookup(SliceContent.KeyOf);
        foreach (var group in wanted)
        {
            plan.AddGroup(group, [.. byKey[group.Key].OrderBy(slice => slice.Metadata.Name, StringComparer.Ordinal)]);
        }

        var keys = wanted.Select(group => group.Key).ToHashSet();
        plan.Deletes.AddRange(existing.Where(slice => !keys.Contains(SliceContent.KeyOf(slice))));
        return plan;
    }

    private void AddGroup(SliceContent group, List<EndpointSlice> slices)
    {
        var missing = group.Endpoints.ToDictionary(SliceContent.Identity);
        var changed = new List<EndpointSlice>();
        var untouched = new List<EndpointSlice>();
        foreach (var slice in slices)
        {
            var updated = Retain(slice, missing);
            (ReferenceEquals(updated, slice) ? untouched : changed).Add(updated);
        }

        // In the order of the fewest writes: slices written anyway, then others with room, then new ones.
        var rest = new Queue<Endpoint>(group.Endpoints.Where(endpoint => missing.ContainsKey(SliceContent.Identity(endpoint))));
        changed.ForEach(slice => Fill(slice, rest));
        foreach (var slice in untouched.Where(slice => slice.Endpoints.Count < MaxEndpoints))
        {
            if (rest.Count > 0)
            {
                var filled = slice.Clone();
                Fill(filled, rest);
                changed.Add(filled);
            }
        }

        var isEmpty = (EndpointSlice slice) => slice.Endpoints.Count == 0 && group.Endpoints.Count > 0;
        Deletes.AddRange(changed.Where(isEmpty));
        Updates.AddRange(changed.Where(slice => !isEmpty(slice)));
        while (rest.Count > 0 || (group.Endpoints.Count == 0 && slices.Count == 0))
        {
            Creates.Add(group with { Endpoints = [.. Take(rest)] });
            if (rest.Count == 0)
            {
                break;
            }
        }
    }

    /// <summary>The slice with the endpoints that are still wanted, as they are now; the same object if nothing changed.</summary>
    private static EndpointSlice Retain(EndpointSlice slice, Dictionary<string, Endpoint> missing)
    {
        var kept = new List<Endpoint>();
        var same = true;
        foreach (var endpoint in slice.Endpoints)
        {
            if (!missing.Remove(SliceContent.Identity(endpoint), out var wanted))
            {
                same = false;
                continue;
            }

            same &= Same.Meaning(endpoint, wanted);
            kept.Add(wanted);
        }

        if (same)
        {
            return slice;
        }

        var updated = slice.Clone();
        updated.Endpoints.Clear();
        updated.Endpoints.Add(kept);
        return updated;
    }

    private static void Fill(EndpointSlice slice, Queue<Endpoint> rest)
    {
        while (slice.Endpoints.Count < MaxEndpoints && rest.TryDequeue(out var endpoint))
        {
            slice.Endpoints.Add(endpoint);
        }
    }

    private static List<Endpoint> Take(Queue<Endpoint> rest)
    {
        var taken = new List<Endpoint>();
        while (taken.Count < MaxEndpoints && rest.TryDequeue(out var endpoint))
        {
            taken.Add(endpoint);
        }

        return taken;
    }
}
