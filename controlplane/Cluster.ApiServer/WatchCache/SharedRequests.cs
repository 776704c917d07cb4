using Cluster.Api.Quantities;

namespace Cluster.ApiServer.WatchCache;

/// <summary>Makes pods that ask for the same hold one copy of it: most have many like them. One thread.</summary>
/// <remarks>It remembers a bounded number and forgets one for another: what is missed costs memory, nothing else.</remarks>
internal sealed class SharedRequests
{
    private const int Places = 1024;

    private readonly Dictionary<string, QuantityValue>?[] _places = new Dictionary<string, QuantityValue>?[Places];

    public Dictionary<string, QuantityValue> Share(Dictionary<string, QuantityValue> requests)
    {
        ref var place = ref _places[(int)(Hash(requests) % Places)];
        if (place is null || !IsSame(place, requests))
            place = requests;
        return place;
    }

    private static bool IsSame(Dictionary<string, QuantityValue> one, Dictionary<string, QuantityValue> other) =>
        one.Count == other.Count && one.All(pair => other.TryGetValue(pair.Key, out var amount) && amount.Equals(pair.Value));

    // In whatever order the resources are named.
    private static uint Hash(Dictionary<string, QuantityValue> requests) =>
        (uint)requests.Aggregate(0, (sum, pair) => sum + HashCode.Combine(pair.Key, pair.Value));
}
