namespace Cluster.Scheduler.Snapshot;

/// <summary>Makes pods hold one copy of what they have in common. One thread.</summary>
/// <remarks>It remembers a bounded number of parts and forgets one for another: what is missed costs memory, nothing else.</remarks>
internal sealed class SharedParts
{
    // Nodes and controllers of a large cluster; 32 kB each.
    private const int Places = 4096;

    private readonly PodShape?[] _shapes = new PodShape?[Places];
    private readonly string?[] _texts = new string?[Places];

    public PodShape Share(PodShape shape)
    {
        ref var place = ref _shapes[PlaceOf(shape.Hash())];
        if (place is null || !place.Is(shape))
            place = shape;
        return place;
    }

    public string Share(string text)
    {
        ref var place = ref _texts[PlaceOf(text.GetHashCode(StringComparison.Ordinal))];
        if (place != text)
            place = text;
        return place;
    }

    private static int PlaceOf(int hash) => (int)((uint)hash % Places);
}
