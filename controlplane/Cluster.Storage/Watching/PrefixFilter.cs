namespace Cluster.Storage.Watching;

/// <summary>Narrows a revision to the keys of a prefix.</summary>
internal static class PrefixFilter
{
    /// <summary>The revision with the changes under <paramref name="prefix"/> only; the same object if that is all, null if there are none.</summary>
    public static StoreChanges? Narrow(StoreChanges revision, string prefix)
    {
        var matching = 0;
        foreach (var change in revision.Changes)
        {
            if (Matches(change, prefix))
                matching++;
        }

        if (matching == 0)
            return null;
        if (matching == revision.Changes.Count)
            return revision;
        return revision with { Changes = [.. revision.Changes.Where(change => Matches(change, prefix))] };
    }

    private static bool Matches(StoreChange change, string prefix) => change.Key.StartsWith(prefix, StringComparison.Ordinal);
}
